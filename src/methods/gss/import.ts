/** The authors' checkpoints and DALL-E's discrete VAE as runs of ours. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { sameShape, show } from "../../array/shape.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import { publishedEncoder } from "../../backbones/published.ts";
import { InputError, listed } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { floats } from "../../weights/floats.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import type { Imported } from "../method.ts";
import { below, dvaeFields, fieldsIn, fieldsInText, paletteIn } from "./checkpoint.ts";
import { dvaeEncoder, dvaeNames, dvaeStride } from "./dvae.ts";
import { dvaeDecoder, dvaeEntry } from "./dvae-decoder.ts";
import { windowInverse } from "./inverse-window.ts";
import { merged } from "./merge.ts";
import { auxiliaryLogits, encodedImage } from "./network.ts";
import { givenPalette } from "./palette.ts";
import { type GssRecipe, published } from "./recipe.ts";
import { dvaeSettings } from "./tokenizer-settings.ts";
import { besideWeights, officialNames } from "./weights.ts";

/** Of a list of weights in a message. */
const mostNamed = 3;

/**
 * A checkpoint of GSS; two of them, of the fixed palette and of the window transformer that was trained behind it, which are merged; or
 * both halves of DALL-E's dVAE. Null for other files. Throws InputError for weights that are missing or of other shapes.
 */
export function importGss(files: readonly WeightFile[]): Imported<GssRecipe> | null {
  if (files.every(({ tensors }) => isCheckpoint(tensors))) return importCheckpoint(files);
  const halves = files.map(({ tensors }) => halfOf(tensors));
  return halves.includes(null) ? null : importDvae(files);
}

const isCheckpoint = (tensors: Named<unknown>) =>
  "decode_head.conv_seg.weight" in tensors && "decode_head.conv_before_seg.conv.weight" in tensors;

/** Whether a file is of one half of a dVAE, or of both, by the first layers: of pictures, and of codes. */
function halfOf(tensors: Named<NdArray>): Named<NdArray> | null {
  if ("encoder.blocks.input.w" in tensors || "decoder.blocks.input.w" in tensors) return tensors;
  const shape = tensors["blocks.input.w"]?.shape;
  if (shape === undefined || shape.length !== 4) return null;
  const half = shape[2] === 1 ? "decoder" : "encoder";
  return Object.fromEntries(Object.entries(tensors).map(([name, array]) => [`${half}.${name}`, array]));
}

const shapesOf = (tensors: Named<NdArray>) =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));

function importDvae(files: readonly WeightFile[]): Imported<GssRecipe> {
  const theirs: Named<NdArray> = Object.assign({}, ...files.map(({ tensors }) => halfOf(tensors)));
  const where = files.map((file) => file.where).join(", ");
  const recipe: GssRecipe = {
    ...{ ...published, name: "gss-dvae", encoder: "swin-tiny", encoderStride: 32, palette: "farthest" },
    ...dvaeFields(shapesOf(theirs)),
  };
  const named = Object.entries(theirs).map(([name, array]) => {
    const [half, inner] = [name.slice(0, name.indexOf(".")), name.slice(name.indexOf(".") + 1)];
    return [dvaeNames.ours(inner), `tokenizer.${half}`, name, array] as const;
  });
  const weights: Record<string, NdArray> = {};
  const unused: string[] = [];
  for (const [own, place, name, array] of named) {
    if (own === undefined) unused.push(name);
    else weights[`${place}.${own}`] = floats(array, name, where);
  }
  const halves = (["encoder", "decoder"] as const).filter((half) =>
    Object.keys(theirs).some((name) => name.startsWith(`${half}.`)),
  );
  if (halves.length < 2) {
    throw new InputError(
      `${where}: expected both halves of a dVAE, such as encoder.pkl and decoder.pkl, got the ${halves[0]} alone. Name both files.`,
    );
  }
  const model = new Model();
  declareDvae(model, recipe);
  fitted(weights, model, where, (own) => `${own}`);
  return { recipe, weights, outputs: null, partial: true, untold: [], notes: unusedNote(unused, where) };
}

function declareDvae({ scope }: Pick<Model, "scope">, recipe: GssRecipe): void {
  const settings = dvaeSettings(recipe, 0);
  const side = dvaeStride(settings);
  const place = scope.at("tokenizer");
  dvaeEncoder(place.at("encoder"), input("maskige", [1, settings.channels, side, side]), settings);
  const decoder = place.at("decoder");
  dvaeDecoder(decoder, dvaeEntry(decoder, input("tokens", [1, 1, 1], "int64"), settings), settings);
}

function importCheckpoint(files: readonly WeightFile[]): Imported<GssRecipe> {
  const where = files.map((file) => file.where).join(", ");
  const theirs = merged(files);
  const { meta } = files.find((file) => typeof file.meta?.config === "string") ?? files[0];
  const text = typeof meta?.config === "string" ? meta.config : "";
  const backbone = publishedEncoder({ ...files[0], tensors: below(theirs, "backbone.") });
  const [encoder] = backbone.encoders;
  const palette = paletteIn(text);
  const classes = classesIn(theirs, palette, where);
  const recipe: GssRecipe = {
    ...{ ...published, encoder, encoderStride: findEncoder(encoder).dilates ? 8 : 32 },
    ...fieldsIn(shapesOf(theirs)),
    ...fieldsInText(text),
    name: "gss-published",
    ...(palette === null ? { palette: releasedFor(classes) } : givenPalette(palette)),
  };

  const { ours } = officialNames(findEncoder(encoder));
  const weights: Record<string, NdArray> = {};
  const kept: Record<string, NdArray> = {};
  const unused: string[] = [];
  for (const [name, array] of Object.entries(theirs)) {
    const own = ours(name);
    const isBeside = besideWeights.test(name);
    if (own === undefined) {
      if (!isBeside) unused.push(name);
    } else if (!isBeside) weights[own] = floats(array, name, where);
    else if (/\.num_batches_tracked$/.test(name)) kept[own] = array;
  }
  const model = new Model({ training: true });
  declareNetwork(model, recipe, classes);
  const { theirs: official } = officialNames(findEncoder(encoder));
  fitted(weights, model, where, (own) => official(own) ?? own);
  const known = namesIn(meta, classes);
  return {
    ...{ recipe, weights, kept, outputs: classes, untold: [] },
    ...(known !== null && { classes: known }),
    notes: [
      ...unusedNote(unused, where),
      ...(palette === null
        ? [`${where}: its settings tell no palette; colours are those released for ${classes} classes.`]
        : []),
    ],
  };
}

function classesIn(theirs: Named<NdArray>, palette: readonly unknown[] | null, where: string): number {
  const heads = ["conv_seg_pixel.weight", "cls_segmap.conv.weight"];
  const sizes = heads.flatMap((name) => theirs[`decode_head.${name}`]?.shape[0] ?? []);
  const [count = palette === null ? undefined : palette.length - 1] = sizes;
  if (count !== undefined) return count;
  throw new InputError(
    `${where}: expected a palette in its settings, or a head that tells the number of classes, got neither. Give the checkpoint that was trained.`,
  );
}

const released = { 19: "released-cityscapes", 150: "released-ade20k", 194: "released-mseg" } as const;

const releasedFor = (classes: number): string =>
  Object.hasOwn(released, classes) ? released[classes as keyof typeof released] : "farthest";

/** Names and drawing colours of classes in a checkpoint's meta; null where they are not of so many. */
function namesIn(meta: WeightFile["meta"], classes: number): Imported["classes"] | null {
  const { CLASSES: names, PALETTE: colors } = meta ?? {};
  if (!Array.isArray(names) || names.length !== classes || !names.every((name) => typeof name === "string"))
    return null;
  const isColor = (value: unknown): value is [number, number, number] =>
    Array.isArray(value) &&
    value.length === 3 &&
    value.every((each) => Number.isInteger(each) && each >= 0 && each <= 255);
  if (!Array.isArray(colors) || colors.length !== classes || !colors.every(isColor)) return null;
  return names.map((name: string, i) => ({ name, color: colors[i] }));
}

/** All parameters of a recipe's network, its auxiliary head among them. */
export function declareNetwork({ scope }: Model, recipe: GssRecipe, classes: number): void {
  const side = 2 * findEncoder(recipe.encoder).multiple;
  const encoded = encodedImage(scope, input("image", [2, side, side, 3], "uint8"), recipe);
  auxiliaryLogits(scope, encoded, recipe, classes, encoded.grid);
  declareDvae({ scope }, recipe);
  if (recipe.variant === "FT-W") {
    const { inverseWidth: width, inverseHeads: heads, inverseWindow: window, inverseDepth: depth } = recipe;
    windowInverse(scope.at("inverse"), input("maskige", [1, 3, 16, 16]), classes, { width, heads, window, depth });
  }
}

/** Throws unless there is a weight of the right shape for each parameter of the model; others go away. */
function fitted(
  weights: Record<string, NdArray>,
  model: Model,
  where: string,
  official: (own: string) => string,
): void {
  const missing: string[] = [];
  for (const [name, { tensor }] of model.parameters) {
    const found = weights[name];
    if (found === undefined) missing.push(official(name));
    else if (!sameShape(found.shape, tensor.shape)) {
      throw new InputError(
        `${where}: expected ${official(name)} of ${show(tensor.shape)}, got ${show(found.shape)}. The file is of another network, or damaged.`,
      );
    }
  }
  if (missing.length > 0) {
    throw new InputError(
      `${where}: expected all ${model.parameters.size} weights of the network, got none for ${listed(missing, mostNamed)}. Fetch the whole checkpoint.`,
    );
  }
  for (const name of Object.keys(weights)) if (!model.parameters.has(name)) delete weights[name];
}

const unusedNote = (unused: readonly string[], where: string): string[] =>
  unused.length === 0 ? [] : [`${where}: the network has no use for ${listed(unused, mostNamed)}.`];
