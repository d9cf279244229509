/** Looks inside: the labels' maskige and what the tokenizer gives back of it, the tokens that are predicted, their maskige and classes. */
import { type Named, type NdArray, ndarray } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { findEncoder } from "../../backbones/encoders.ts";
import type { Sample } from "../../data/sample.ts";
import { halvedTo } from "../../data/views.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { IGNORE, type Image } from "../../image/image.ts";
import { padImage, padLabels } from "../../image/pad.ts";
import { resizeImage, resizeLabels } from "../../image/resize.ts";
import { argMax, cast, mul, resize, round } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Trial, TrialPicture } from "../stage.ts";
import { paintedImage } from "./maskige.ts";
import { predictedMaskige } from "./network.ts";
import type { GssRecipe } from "./recipe.ts";
import { croppedLabels, imageOf } from "./reconstruction.ts";
import { resizeLabels as labelsAt } from "./targets.ts";
import { tokensOf } from "./tokenizer.ts";
import { tokenizerOf } from "./tokenizer-settings.ts";
import { transformOf } from "./transform.ts";

/** Of photographs at their own size, larger ones made smaller: see `viewOf`. */
export function maskigeViews(recipe: GssRecipe, task: Task): readonly Trial[] {
  return [
    {
      ...{ name: "maskige", images: 4, learnsFrom: [] },
      prepare({ image, labels: { mask } }) {
        const { width, height, columns, rows } = viewOf(image, recipe);
        const seen = padImage(resizeImage(halvedTo(image, width, height), width, height), columns, rows);
        const none = { width, height, data: new Uint8Array(width * height).fill(IGNORE) };
        const truth = mask === undefined ? none : resizeLabels(mask, width, height);
        return {
          image: ndarray("uint8", [rows, columns, 3], seen.data),
          labels: ndarray("uint8", [rows, columns], padLabels(truth, columns, rows).data),
        };
      },
      outputs: (scope, { image, labels }) => outputs(scope, image, labels, recipe, task),
      pictures: (result, sample) => pictures(result, sample, recipe, task),
    },
  ];
}

function outputs(scope: Scope, image: Tensor, labels: Tensor, recipe: GssRecipe, task: Task): Named<Tensor> {
  const [, rows, columns] = image.shape;
  const tokenizer = tokenizerOf(recipe, task.classes.length);
  const transform = transformOf(recipe, task);
  const all = scope.shared();
  const { tokens, maskige } = predictedMaskige(all, image, recipe, task);
  const found = argMax(resize(transform.shares(all, maskige), [rows, columns]), { axis: 1 });
  const known = { tokens: cast(tokens, "int32"), found: cast(found, "uint8") };
  if (transform.palette === null) return known;
  const [, , height, width] = maskige.shape;
  const truth = transform.paint(all, labelsAt(cast(labels, "int32"), [height, width]));
  const again = tokenizer.decode(all.at("tokenizer"), tokensOf(tokenizer, all.at("tokenizer"), truth));
  const bytes = (x: Tensor) => cast(round(mul(x, 255)), "uint8");
  return { ...known, maskige: bytes(maskige), truth: bytes(truth), again: bytes(again) };
}

function pictures(result: Named<NdArray>, sample: Sample, recipe: GssRecipe, { classes }: Task): TrialPicture[] {
  const { width, height, rows } = viewOf(sample.image, recipe);
  const magnified = (array: NdArray) => {
    const times = array.shape[2] / rows;
    return imageOf(array, Math.round(width * times), Math.round(height * times));
  };
  const colors = [...classes.map(({ color }) => color), [0, 0, 0] as const];
  const truth = (): TrialPicture[] => [
    { name: "maskige of the mask", image: magnified(result.truth), changes: false, caption: "" },
    { name: "maskige as the tokenizer has it", image: magnified(result.again), changes: false, caption: "" },
  ];
  const seen = resizeImage(halvedTo(sample.image, width, height), width, height);
  return [
    { name: "image", image: seen, changes: false, caption: "" },
    ...(result.truth !== undefined && sample.labels.mask !== undefined ? truth() : []),
    { name: "tokens", image: tokenPicture(result.tokens, width, height, recipe), changes: true, caption: "" },
    ...(result.maskige === undefined
      ? []
      : [{ name: "maskige", image: magnified(result.maskige), changes: true, caption: "predicted" }]),
    {
      ...{ name: "labels", changes: true, caption: "" },
      image: paintedImage(croppedLabels(result.found, width, height), colors),
    },
  ];
}

/** Every token as a square of a colour of its own. tokens: [1, h, w]. */
function tokenPicture(tokens: NdArray, width: number, height: number, { tokenGrid, codes }: GssRecipe): Image {
  const [, rows, columns] = tokens.shape;
  const colors = Array.from({ length: codes }, (_, code) => {
    const random = new Random(0, "token", code);
    return [random.integer(256), random.integer(256), random.integer(256)] as const;
  });
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.min(rows - 1, Math.floor(y / tokenGrid)) * columns;
    for (let x = 0; x < width; x++, to += 3) {
      data.set(colors[Number(tokens.data[row + Math.min(columns - 1, Math.floor(x / tokenGrid))])], to);
    }
  }
  return { width, height, data };
}

/** Longest side of what is shown, where crops are not larger. */
const longest = 512;

interface ShownView {
  /** Of the photograph. */
  readonly width: number;
  readonly height: number;
  /** Of what the network is given, with what is padded at the right and below. */
  readonly columns: number;
  readonly rows: number;
}

/** At its own size, or smaller, so that the sides fit; in a crop, where an encoder is made for one size alone. */
function viewOf({ width, height }: Pick<Image, "width" | "height">, recipe: GssRecipe): ShownView {
  const { cropHeight, cropWidth, tokenGrid } = recipe;
  const { multiple, size } = findEncoder(recipe.encoder);
  const scaled = (scale: number) => {
    return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  };
  if (size !== undefined) {
    return { ...scaled(Math.min(cropWidth / width, cropHeight / height)), columns: cropWidth, rows: cropHeight };
  }
  const fitted = scaled(Math.min(1, Math.max(longest, cropHeight, cropWidth) / Math.max(width, height)));
  // Two tokens at least, as a crop has them.
  const padded = (side: number) => Math.max(2 * tokenGrid, multiple * Math.ceil(side / multiple));
  return { ...fitted, columns: padded(fitted.width), rows: padded(fitted.height) };
}
