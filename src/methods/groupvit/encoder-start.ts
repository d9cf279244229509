/** A pretrained vision transformer as the start of the image encoder: its blocks, in order, stand in the stages. */
import { type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import type { OnnxEncoderFile } from "../../backbones/onnx-file.ts";
import { publishedEncoder } from "../../backbones/published.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { inEncoder } from "../../networks/transfer.ts";
import { bicubicPositionTable } from "../../nn/embedding.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import type { Recipe } from "../recipe.ts";
import type { Beginning, Trained } from "../stage.ts";
import { imageEncoder, stageWidth } from "./image-encoder.ts";
import type { ImageEncoderSettings } from "./settings.ts";

type ImageRecipe = Recipe & ImageEncoderSettings;

/** Channels of a head in all published ones (Dosovitskiy et al. 2021, table 1). */
const headWidth = 64;

/** Parts of a block; where one has LayerScale, what it multiplies. */
const scaledParts = { scale1: "attention.out", scale2: "mlp.out" } as const;

/** A file of a ViT, DeiT or DINOv2, see `Method.encoder`. Throws InputError for other networks, and where widths disagree. */
export function encoderFile(
  file: WeightFile | OnnxEncoderFile,
  recipe: ImageRecipe,
): Pick<Trained, "weights" | "stage" | "recipe"> {
  if (file.kind === "onnx") {
    throw new InputError(
      `recipe ${recipe.name}: expected the weights of a vision transformer to begin with, got an ONNX model. Give its weights, such as model.safetensors.`,
    );
  }
  const { weights } = publishedEncoder(file);
  const prefixed = Object.fromEntries(Object.entries(weights).map(([name, array]) => [`encoder.${name}`, array]));
  encoderStart({ weights: prefixed, source: file.where }, recipe); // what does not fit is said now
  return { stage: "encoder", weights: prefixed, recipe };
}

/**
 * What the image encoder takes of a vision transformer: blocks as far as stages have its width, the patch embedding where
 * patches are as large, positions (resized) where they are learned, and the last norm. Everything else of it starts anew.
 *
 * weights: names begin with `encoder.`. Differs from a ViT: patches are normed before positions are added, so that the scale of
 * its patch embedding, and of the colours that it was trained on, does not matter.
 * Throws InputError where it is no vision transformer, or of another width, MLP or number of heads.
 */
export function encoderStart({ weights, source }: Pick<Trained, "weights" | "source">, recipe: ImageRecipe): Beginning {
  const { imageSize, patchSize, stemChannels, position, name } = recipe;
  const own = Object.fromEntries(
    Object.entries(weights).flatMap(([key, array]) => (inEncoder(key) ? [[key.slice("encoder.".length), array]] : [])),
  );
  const { "layer1.attention.query.weight": query, positions: table, "patches.weight": kernel } = own;
  if (query === undefined || table === undefined || kernel === undefined) {
    throw new InputError(
      `${source}: expected a vision transformer (ViT, DeiT or DINOv2) to begin recipe ${name} with, got another network. Give one of these.`,
    );
  }
  const width = query.shape[0];
  requireFit(own, width, recipe, source);

  const taken: Record<string, NdArray> = {};
  const used = new Set<string>();
  const take = (theirs: string, ours: string) => {
    for (const kind of ["weight", "bias"]) {
      taken[`image.${ours}.${kind}`] = scaled(own, `${theirs}.${kind}`);
      used.add(`${theirs}.${kind}`);
    }
  };
  const known = Object.keys(own);
  const { places, note, isOneWidth } = placesOfBlocks(recipe, blocksAmong(known, /^layer(\d+)\./));
  for (const [block, place] of places.entries()) {
    for (const part of blockParts) take(`layer${block + 1}.${part}`, `${place}.${part}`);
    for (const scale of Object.keys(scaledParts)) used.add(`layer${block + 1}.${scale}`);
  }
  const samePatch = kernel.shape[2] === patchSize;
  const hasStem = stemChannels.length > 0;
  if (samePatch && !hasStem) take("patches", "patches");
  if (isOneWidth) take("norm", "norm");
  if (position === "learned") {
    const side = Math.floor(imageSize / patchSize);
    const grid = Math.round(Math.sqrt(table.shape[1] - 1));
    taken["image.positions"] = bicubicPositionTable(withoutClass(table), [grid, grid], [side, side]);
    used.add("positions");
  }
  const left = known.filter((key) => !used.has(key) && !/^layer/.test(key)); // how many blocks is said
  const sides = samePatch ? "" : ` Its patches have ${kernel.shape[2]} pixels a side, these ${patchSize}.`;
  const patches = hasStem ? " The stem starts anew." : sides;
  return {
    weights: taken,
    anew: startingAnew(taken, recipe),
    notes: [`${source}: ${note}${left.length === 0 ? "" : `; not taken: ${partsOf(left).join(", ")}`}.${patches}`],
  };
}

/**
 * What a network with groups takes of a GroupViT without: its blocks in order, as far as stages have their width, and all that is no
 * block. weights: names as a run has them. The groups start anew.
 */
export function ungroupedStart(
  { weights, source }: Pick<Trained, "weights" | "source">,
  recipe: ImageRecipe,
): Beginning {
  const inBlock = /^image\.stage1\.layer(\d+)\./;
  const { places, note, isOneWidth } = placesOfBlocks(recipe, blocksAmong(Object.keys(weights), inBlock));
  const taken = Object.fromEntries(
    Object.entries(weights).flatMap(([name, array]) => {
      const [whole, number] = inBlock.exec(name) ?? [];
      if (whole === undefined) return isOneWidth || !name.startsWith("image.norm.") ? [[name, array]] : [];
      const place = places[Number(number) - 1];
      return place === undefined ? [] : [[`image.${place}.${name.slice(whole.length)}`, array]];
    }),
  );
  return {
    weights: taken,
    anew: startingAnew(taken, recipe),
    notes: [`${source}: ${note}; groups start anew.`],
  };
}

/** How many blocks weights are of. number: finds a block's in a name, from 1. */
function blocksAmong(names: readonly string[], number: RegExp): number {
  return Math.max(0, ...names.map((name) => Number(number.exec(name)?.[1] ?? 0)));
}

/** Where blocks of the first stage's width stand, in order: in all stages up to the first of another width. */
function placesOfBlocks(
  recipe: ImageRecipe,
  count: number,
): {
  /** Names of places, such as `stage2.layer1`; not more than `count`. */
  readonly places: readonly string[];
  /** `4 of 12 blocks taken (3 in stage 1, 1 in stage 2)` */
  readonly note: string;
  /** Whether all stages are as wide, and so the norm behind the last. */
  readonly isOneWidth: boolean;
} {
  const { depths } = recipe;
  const widths = depths.map((_, stage) => stageWidth(recipe, stage));
  const other = widths.findIndex((width) => width !== widths[0]);
  const places: string[] = [];
  const counts = depths.slice(0, other < 0 ? depths.length : other).map((depth, stage) => {
    const blocks = Math.min(depth, count - places.length);
    for (let block = 1; block <= blocks; block++) places.push(`stage${stage + 1}.layer${block}`);
    return `${blocks} in stage ${stage + 1}`;
  });
  return {
    places,
    note: `${places.length} of ${count} blocks taken (${counts.join(", ")})`,
    isOneWidth: other < 0,
  };
}

/** Names of the image encoder's parameters that are not among `taken`. */
function startingAnew(taken: Named<NdArray>, recipe: ImageRecipe): string[] {
  const model = new Model();
  const { imageSize } = recipe;
  imageEncoder(model.scope.at("image"), input("images", [1, 3, imageSize, imageSize]), recipe);
  return [...model.parameters.keys()].filter((name) => taken[name] === undefined);
}

const blockParts = [
  ...["norm1", "attention.query", "attention.key", "attention.value", "attention.out"],
  ...["norm2", "mlp.hidden", "mlp.out"],
];

function requireFit(own: Named<NdArray>, width: number, recipe: ImageRecipe, source: string): void {
  const { name, heads, mlpRatio } = recipe;
  const first = stageWidth(recipe, 0);
  if (width !== first) {
    throw new InputError(
      `${source}: expected an encoder of width ${first} as in recipe ${name}, got one of width ${width}. Choose a recipe of that width, or another encoder.`,
    );
  }
  const few = heads.find((each, stage) => stageWidth(recipe, stage) === width && each * headWidth !== width);
  if (few !== undefined) {
    const right = width / headWidth;
    throw new InputError(
      `${source}: expected an encoder of ${few} heads as in recipe ${name}, got one of ${right}. Add --set heads=${heads.map(() => right).join(",")}.`,
    );
  }
  const hidden = own["layer1.mlp.hidden.weight"].shape[0];
  if (hidden !== Math.trunc(mlpRatio * width)) {
    throw new InputError(
      `${source}: expected an encoder with MLPs of ${Math.trunc(mlpRatio * width)} as in recipe ${name}, got ${hidden}. Add --set mlpRatio=${hidden / width}.`,
    );
  }
}

/** A weight of theirs; where LayerScale multiplies what it makes, multiplied beforehand: rows of [O, I], or [O]. */
function scaled(own: Named<NdArray>, name: string): NdArray {
  const array = own[name];
  const [, layer, part] = /^(layer\d+)\.(.*)\.(?:weight|bias)$/.exec(name) ?? [];
  const [scale] = Object.entries(scaledParts).find(([, each]) => each === part) ?? [];
  const factors = scale === undefined ? undefined : own[`${layer}.${scale}`];
  if (factors === undefined) return array;
  const row = array.data.length / array.shape[0];
  const values = array.data as Float32Array;
  return ndarray(
    "float32",
    array.shape,
    values.map((value, i) => value * (factors.data as Float32Array)[Math.floor(i / row)]),
  );
}

/** Positions of patches alone, of a table with that of the class token in front. [1, 1 + N, D] → [1, N, D]. */
function withoutClass({ shape: [, count, width], data }: NdArray): NdArray {
  return ndarray("float32", [1, count - 1, width], (data as Float32Array).slice(width));
}

/** Names of parts, such as `classToken`. */
function partsOf(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => name.split(".")[0]))];
}
