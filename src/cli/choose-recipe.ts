import { median } from "../array/median.ts";
import { encode, findEncoder } from "../backbones/encoders.ts";
import type { Dataset } from "../data/dataset.ts";
import { kindsText, sourceOf } from "../data/labels.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { findRecipe } from "../methods/index.ts";

export interface Choice {
  readonly recipe: string;
  /** Values of the recipe that suit the photographs. */
  readonly settings: readonly string[];
  /** Whether it begins with the pretrained encoder that there is. */
  readonly usesEncoder: boolean;
  /** For the user: why this one. */
  readonly why: string;
}

/** A pretrained encoder that there is. */
export interface EncoderAtHand {
  /** By the list of encoders. */
  readonly name: string;
  /** How it comes to be there, as in `… and a pretrained encoder is given`. */
  readonly how: string;
}

/** The recipe that suits each kind of label on an ordinary machine, the most telling kind first. */
const suited: readonly { readonly kind: Dataset["kinds"][number]; readonly recipe: string; readonly why: string }[] = [
  {
    kind: "mask",
    recipe: "transunet-small",
    why:
      "a class for every pixel is the most a model can learn from, and this one trains on a CPU, from nothing; " +
      "with a pretrained encoder, such as --encoder timm/mobilenetv2_100.ra_in1k, far fewer masks would do",
  },
  {
    kind: "tags",
    recipe: "l2g-small",
    why: "no masks, but tags teach this one to make masks of its own",
  },
  {
    kind: "captions",
    recipe: "groupvit-small",
    why: "no masks, but photographs with captions teach this one to segment any words",
  },
];

/**
 * A recipe for the labels that a data set has, for the size of its photographs, and for the pretrained encoder that there is.
 * Throws InputError where nothing can be learned from the labels.
 */
export async function chooseRecipe(dataset: Dataset, encoder: EncoderAtHand | null): Promise<Choice> {
  const { name, split, kinds } = dataset;
  const found = suited.find(({ kind }) => sourceOf(kind, kinds) !== undefined);
  if (found === undefined) {
    const known = kindsText([...new Set(suited.map(({ kind }) => kind))]);
    throw new InputError(
      `${name}: expected labels to learn from (${known}) in the split ${split}, got ${kindsText(kinds)}. Add masks, or see tessera inspect.`,
    );
  }
  const labels = `${name} has ${kindsText([found.kind])}`;
  if (found.kind !== "mask") {
    const usesEncoder = found.kind === "tags" && encoder !== null;
    return { recipe: found.recipe, settings: [], usesEncoder, why: `${labels}: ${found.why}` };
  }
  const { recipe, why } =
    encoder === null
      ? { recipe: found.recipe, why: found.why }
      : {
          recipe: recipeFor(encoder.name),
          why: `${encoder.how}, which needs fewer of them than a network that begins with nothing`,
        };
  const { settings, note } = await windowFor(dataset, recipe, encoder?.name);
  return {
    recipe,
    settings,
    usesEncoder: encoder !== null,
    why: `${labels}${encoder === null ? ": " : ", and "}${why}${note}`,
  };
}

/** Encoders with maps of several sizes get the decoder that joins them; of one size, a layer on the map. */
function recipeFor(name: string): string {
  if (/^resnet(50|101)/.test(name)) return "unet-resnet50";
  const encoder = findEncoder(name);
  const { multiple, batch = 1 } = encoder;
  const [height, width] = encoder.size ?? [2 * multiple, 2 * multiple];
  const maps = encode(encoder, new Model().scope, input("image", [batch, 3, height, width]), {});
  const isPyramid = new Set(maps.map(({ stride }) => stride)).size > 1;
  return isPyramid ? "unet-mobilenet" : "dinov2-linear";
}

/** Photographs whose shorter side has fewer pixels are small ones for an encoder of larger ones. */
const smallSide = 200;
const magnifiedWindow = 128;

/** Windows no larger than photographs usually are: what lies beyond them teaches nothing. */
async function windowFor(
  dataset: Dataset,
  recipe: string,
  encoder: string | undefined,
): Promise<{ settings: readonly string[]; note: string }> {
  const { multiple = 32, size = undefined } = encoder === undefined ? {} : findEncoder(encoder);
  if (size !== undefined) {
    const only = [`cropHeight=${size[0]}`, `cropWidth=${size[1]}`];
    return { settings: only, note: `; ${only.join(" and ")}, for which alone it was made` };
  }
  const sizes = await someSizes(dataset);
  const { cropHeight, cropWidth } = findRecipe(recipe).recipe;
  if (sizes.length === 0) return { settings: [], note: "" };
  const [height, width] = [0, 1].map((axis) => median(sizes.map((size) => size[axis])));
  // What things are like at a few hundred pixels is what encoders know; at twice the size a window of half the sides is as much work.
  const magnifies = encoder !== undefined && recipe.startsWith("unet-") && Math.min(height, width) < smallSide;
  const side = (photograph: number) => multiple * Math.max(1, Math.ceil(photograph / multiple));
  const [rows, columns] = [
    [height, cropHeight],
    [width, cropWidth],
  ].map(([photograph, crop]) => Math.min(side(photograph), crop, magnifies ? magnifiedWindow : crop));
  const settings = [
    ...(magnifies ? ["magnification=2"] : []),
    ...(rows < cropHeight ? [`cropHeight=${rows}`] : []),
    ...(columns < cropWidth ? [`cropWidth=${columns}`] : []),
  ];
  const note = settings.length === 0 ? "" : `; ${settings.join(" and ")}, as its photographs are ${width} × ${height}`;
  return { settings, note };
}

/** Height and width of a few photographs, spread over the data set; such that cannot be read are passed over. */
async function someSizes(dataset: Dataset): Promise<(readonly [number, number])[]> {
  const count = Math.min(5, dataset.ids.length);
  const sizes: (readonly [number, number])[] = [];
  for (let i = 0; i < count; i++) {
    try {
      const { image } = await dataset.read(Math.floor((i * dataset.ids.length) / count), []);
      sizes.push([image.height, image.width]);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
  return sizes;
}
