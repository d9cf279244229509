/** What a tokenizer makes of masks, judged without photographs (the specification, sec. 8.4): scores and pictures. */
import { fromNumbers, type Named, type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import type { Sample } from "../../data/sample.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import type { Image, LabelMap } from "../../image/image.ts";
import { padLabels } from "../../image/pad.ts";
import { type ConfusionMatrix, confusionMatrix, type Scores, scoresOf } from "../../metrics/confusion.ts";
import type { Measure } from "../../metrics/measure.ts";
import { add, argMax, cast, less, mul, reshape, resize, round, scatterAdd, where } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Trial, TrialPicture } from "../stage.ts";
import { paintedImage } from "./maskige.ts";
import { weakClasses } from "./palette.ts";
import type { MaskTokenizer } from "./tokenizer.ts";
import { tokensOf } from "./tokenizer.ts";
import type { MaskTransform } from "./transform.ts";

export interface Reconstruction {
  readonly tokenizer: MaskTokenizer;
  readonly transform: MaskTransform;
  /** A mask is made so many times as large before it is painted: 2 for tokens of 4 pixels by a tokenizer of stride 8. */
  readonly magnification: number;
}

/** Masks through X, the tokenizer and X⁻¹. name: of its measures, as `reconstruction`. */
export function reconstructionTrial(
  name: string,
  { tokenizer, transform, magnification }: Reconstruction,
  { classes }: Task,
  { images, pictured = true }: { readonly images: number; readonly pictured?: boolean },
): Trial {
  const count = classes.length;
  return {
    // A word that files may be called by.
    ...{ name: name.replace(" ×", "-x"), images, learnsFrom: ["mask"] },
    prepare({ labels: { mask } }: Sample) {
      if (mask === undefined) return null;
      const side = (length: number) => Math.ceil(length / tokenizer.stride) * tokenizer.stride;
      const [width, height] = [side(mask.width), side(mask.height)];
      const shown = repeated(extended(mask, width, height), magnification);
      return { labels: arrayOf(shown), truth: arrayOf(padLabels(mask, width, height)) };
    },
    outputs(scope, { labels, truth }) {
      const [, height, width] = truth.shape;
      const maskige = transform.paint(scope, labels);
      const place = scope.at("tokenizer").shared();
      const tokens = tokensOf(tokenizer, place, maskige);
      const again = tokenizer.decode(place, tokens);
      const shares = transform.shares(scope, again);
      const whole = magnification === 1 ? shares : resize(shares, [height, width]);
      const found = cast(argMax(whole, { axis: 1 }), "int32"); // [1, H, W]
      return {
        counts: pairCounts(cast(truth, "int32"), found, count),
        tokens: cast(tokens, "int32"),
        found: cast(found, "uint8"),
        ...(tokenizer.channels === 3 && { maskige: cast(round(mul(again, 255)), "uint8") }),
      };
    },
    scores(results) {
      const { meanIou, pixelAccuracy, iou } = scoresIn(results, count);
      const used = new Set(results.flatMap(({ tokens }) => toNumbers(tokens))).size;
      const measures: Measure[] = [
        { name: `${name} mean IoU`, value: meanIou, unit: "share" },
        { name: `${name} pixel accuracy`, value: pixelAccuracy, unit: "share" },
        { name: `${name} codes used`, value: used / tokenizer.codes, unit: "share" },
      ];
      const names = classes.map((each) => each.name);
      const weak = transform.palette === null ? [] : weakClasses(iou, names, transform.palette).slice(0, 3);
      return [
        ...measures,
        ...weak.map((each): Measure => ({ name: `${name} IoU of ${each.name}`, value: each.iou, unit: "share" })),
      ];
    },
    ...(pictured && {
      pictures: (result: Named<NdArray>, sample: Sample) =>
        picturesOf(result, sample, transform, classes, magnification),
    }),
  };
}

/** Pixels by truth and what was found: [K · K] of one image. Truth from K on counts nowhere. */
function pairCounts(truth: Tensor, found: Tensor, classes: number): Tensor {
  const number = (value: number) => constant(fromNumbers("int32", [], [value]));
  const outside = classes * classes;
  const pair = where(less(truth, number(classes)), add(mul(truth, number(classes)), found), number(outside));
  const flat = reshape(pair, [-1]);
  const none = constant(fromNumbers("float32", [outside + 1], new Array<number>(outside + 1).fill(0)));
  return scatterAdd(none, flat, cast(add(mul(flat, number(0)), number(1)), "float32"), { axis: 0 });
}

function scoresIn(results: readonly Named<NdArray>[], classes: number): Scores {
  const matrix: ConfusionMatrix = confusionMatrix(classes);
  for (const { counts } of results) {
    for (let i = 0; i < matrix.counts.length; i++) matrix.counts[i] += Number(counts.data[i]);
  }
  return scoresOf(matrix);
}

function picturesOf(
  result: Named<NdArray>,
  { labels: { mask } }: Sample,
  { palette }: MaskTransform,
  classes: Task["classes"],
  magnification: number,
): TrialPicture[] {
  if (mask === undefined) return [];
  const { width, height } = mask;
  const iou = scoresIn([result], classes.length).meanIou;
  const caption = iou === null ? "" : `mean IoU ${(100 * iou).toFixed(1)} %`;
  const colors = [...classes.map(({ color }) => color), [0, 0, 0] as const];
  const found = croppedLabels(result.found, width, height);
  const inColors: TrialPicture[] = [
    { name: "mask", image: paintedImage(mask, colors), changes: false, caption: "" },
    { name: "labels again", image: paintedImage(found, colors), changes: true, caption },
  ];
  if (palette === null) return inColors;
  const [w, h] = [width * magnification, height * magnification];
  return [
    { name: "maskige", image: paintedImage(repeated(mask, magnification), palette), changes: false, caption: "" },
    { name: "maskige again", image: imageOf(result.maskige, w, h), changes: true, caption: "" },
    ...inColors,
  ];
}

/** The top left of [1, 3, H, W] bytes. */
export function imageOf({ shape: [, , rows, columns], data }: NdArray, width: number, height: number): Image {
  const plane = rows * columns;
  const bytes = new Uint8Array(3 * width * height);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) bytes[to++] = Number(data[c * plane + y * columns + x]);
    }
  }
  return { width, height, data: bytes };
}

/** The top left of [1, H, W] labels. */
export function croppedLabels({ shape: [, , columns], data }: NdArray, width: number, height: number): LabelMap {
  const bytes = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) bytes[y * width + x] = Number(data[y * columns + x]);
  }
  return { width, height, data: bytes };
}

function arrayOf({ width, height, data }: LabelMap): NdArray {
  return ndarray("uint8", [height, width], data);
}

/** Larger, the labels of the last row and column repeated: what lies beyond a border changes codes as little as can be. */
export function extended(labels: LabelMap, width: number, height: number): LabelMap {
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.min(y, labels.height - 1) * labels.width;
    for (let x = 0; x < width; x++) data[y * width + x] = labels.data[row + Math.min(x, labels.width - 1)];
  }
  return { width, height, data };
}

/** Every label as a square of so many pixels. */
export function repeated(labels: LabelMap, times: number): LabelMap {
  if (times === 1) return labels;
  const [width, height] = [labels.width * times, labels.height * times];
  const data = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / times) * labels.width;
    for (let x = 0; x < width; x++) data[y * width + x] = labels.data[row + Math.floor(x / times)];
  }
  return { width, height, data };
}
