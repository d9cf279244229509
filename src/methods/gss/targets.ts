/** What the image encoder learns: the tokens of the labels' maskige, at the tokenizer's size (the authors' code, stage 2). */
import { fromNumbers } from "../../array/ndarray.ts";
import { constant, expectRange, type Tensor } from "../../graph/tensor.ts";
import { IGNORE } from "../../image/image.ts";
import {
  add,
  and,
  argMax,
  axisSize,
  cast,
  equal,
  gather,
  greater,
  less,
  maxPool,
  mul,
  notEqual,
  or,
  squeeze,
  stopGradient,
  unsqueeze,
  where,
} from "../../ops/index.ts";
import type { MapSize } from "./head.ts";

export interface PriorTargets {
  /** Labels at the maskige's size, unlabelled ones 255: [B, s·h, s·w] int32, s the tokenizer's stride. */
  readonly labels: Tensor;
  /** The same with classes for the unlabelled: what is painted. int32, `classes` where there is none. */
  readonly completed: Tensor;
  /** [B, h, w] int32; `codes` where a cell has no labelled pixel. */
  readonly tokens: Tensor;
  /** [B, h, w] bool: whether a cell has a labelled pixel. */
  readonly counts: Tensor;
}

export interface PriorTargetsOptions {
  readonly classes: number;
  readonly codes: number;
  /** Pixels of a maskige per token, down and across. */
  readonly stride: number;
  readonly grid: MapSize;
  /** Classes of pixels at the maskige's size, [B, classes, s·h, s·w], or null: then unlabelled pixels have the colour of their own. */
  readonly pixelLogits: Tensor | null;
  /** completed labels: [B, s·h, s·w] int32, 0 … classes → tokens [B, h, w]: painted and encoded. */
  readonly encode: (completed: Tensor) => Tensor;
}

/**
 * labels: [B, H, W] integers, 0 … classes − 1 or 255. No gradient flows through any of it.
 *
 * Pixels without a label are painted as the class that the pixel logits say, however sure they are; a cell counts where any
 * of its pixels has a label of its own.
 */
export function priorTargets(labels: Tensor, options: PriorTargetsOptions): PriorTargets {
  const { classes, codes, stride, grid, pixelLogits, encode } = options;
  expectRange(labels, { what: "labels", least: 0, most: classes - 1, except: IGNORE });
  const enlarged = resizeLabels(cast(labels, "int32"), [stride * grid[0], stride * grid[1]]);
  const labelled = notEqual(enlarged, IGNORE);
  const guess = pixelLogits === null ? classes : cast(argMax(stopGradient(pixelLogits), { axis: 1 }), "int32");
  const completed = where(labelled, enlarged, guess);
  const cells = maxPool(unsqueeze(cast(labelled, "float32"), 1), { kernel: stride, strides: stride });
  const counts = greater(squeeze(cells, 1), 0);
  return { labels: enlarged, completed, counts, tokens: where(counts, cast(encode(completed), "int32"), codes) };
}

/**
 * Labels at another size as the largest class of their bilinear resize, half-pixel centres, the lowest of equal ones (255 behind all
 * classes): only four pixels have a share in one, so no map of classes is needed. Twice the size repeats each label.
 *
 * labels: [B, H, W] int32 → [B, rows, columns] int32.
 */
export function resizeLabels(labels: Tensor, [rows, columns]: MapSize): Tensor {
  const [height, width] = [axisSize(labels, 1), axisSize(labels, 2)];
  if (rows === height && columns === width) return labels;
  if (rows === 2 * height && columns === 2 * width) {
    const lines = gather(labels, indices(halved(rows)), { axis: 1 });
    return gather(lines, indices(halved(columns)), { axis: 2 });
  }
  const [down, across] = [readings(rows, height), readings(columns, width)];
  const corners = [down.first, down.second].flatMap((line) =>
    [across.first, across.second].map((column) =>
      gather(gather(labels, indices(line), { axis: 1 }), indices(column), { axis: 2 }),
    ),
  ); // four of [B, rows, columns]
  const [top, bottom] = [complement(down.share), down.share].map((shares) => column(shares));
  const [left, right] = [complement(across.share), across.share].map((shares) => row(shares));
  const shareOf = (label: Tensor) => {
    const [a, b, c, d] = corners.map((corner) => cast(equal(corner, label), "float32"));
    // In the order of a bilinear resize in single precision, so that ties are those of the authors' code.
    return add(mul(top, add(mul(left, a), mul(right, b))), mul(bottom, add(mul(left, c), mul(right, d))));
  };
  let [best, most] = [corners[0], shareOf(corners[0])];
  for (const corner of corners.slice(1)) {
    const share = shareOf(corner);
    const wins = or(greater(share, most), and(equal(share, most), less(corner, best)));
    [best, most] = [where(wins, corner, best), where(wins, share, most)];
  }
  return best;
}

/** 0, 0, 1, 1, … */
const halved = (size: number) => Array.from({ length: size }, (_, i) => i >> 1);

interface Readings {
  readonly first: readonly number[];
  readonly second: readonly number[];
  /** Of the second. */
  readonly share: readonly number[];
}

/** Which two inputs each output lies between, half-pixel centres. */
function readings(outputs: number, inputs: number): Readings {
  const scale = Math.fround(inputs / outputs);
  const centres = Array.from({ length: outputs }, (_, i) => Math.max(0, Math.fround(scale * (i + 0.5) - 0.5)));
  const first = centres.map((centre) => Math.min(Math.floor(centre), inputs - 1));
  return {
    first,
    second: first.map((index) => Math.min(index + 1, inputs - 1)),
    share: centres.map((centre, i) => Math.fround(centre - first[i])),
  };
}

const complement = (shares: readonly number[]) => shares.map((share) => Math.fround(1 - share));

function indices(values: readonly number[]): Tensor {
  return constant(fromNumbers("int64", [values.length], values));
}

function column(values: readonly number[]): Tensor {
  return constant(fromNumbers("float32", [1, values.length, 1], values));
}

function row(values: readonly number[]): Tensor {
  return constant(fromNumbers("float32", [1, 1, values.length], values));
}
