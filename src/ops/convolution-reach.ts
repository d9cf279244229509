/**
 * What of a padded image the elements of a kernel really meet. Where a map is small beside padding and dilation (an atrous
 * pyramid on a coarse map), most products are with zeros: elements that meet nothing are cut off the kernel.
 */
import { zeros } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import { constant, type Target, type Tensor } from "../graph/tensor.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";
import { slice } from "./slicing.ts";
import type { Geometry, Window } from "./window.ts";

/** Outputs start … end − 1 of an axis, whose element `tap` of the kernel meets pixels `first`, `first + stride`, … of x. */
export interface Met {
  readonly start: number;
  readonly end: number;
  readonly first: number;
}

/** Null where the element meets nothing but padding. `size`, `outputs`: of x and y along this axis. */
export function metBy(tap: number, axis: 0 | 1, size: number, outputs: number, window: Window): Met | null {
  const stride = window.strides[axis];
  const offset = tap * window.dilations[axis] - window.pads[axis];
  const start = Math.max(0, Math.ceil(-offset / stride));
  const end = Math.min(outputs, Math.floor((size - 1 - offset) / stride) + 1);
  return end > start ? { start, end, first: start * stride + offset } : null;
}

/** `count` rows or columns from `start` on, `step` apart. */
export interface Run {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

/** Some rows of x, [B, C, H, W], and some columns; x itself where these are all. */
export function pixelsAt(x: Tensor, runs: readonly Run[]): Tensor {
  const ranges = runs.map(({ start, count, step }, i) => {
    return { axis: i + 2, start, end: start + (count - 1) * step + 1, step };
  });
  const needed = ranges.filter(({ axis, start, end, step }) => start !== 0 || end !== x.shape[axis] || step !== 1);
  return needed.length === 0 ? x : slice(x, needed);
}

/** The part of a kernel that meets pixels: elements `start` … `end` − 1 of each axis, and how that part slides. */
export interface Reached {
  readonly ranges: readonly { readonly axis: number; readonly start: number; readonly end: number }[];
  readonly geometry: Geometry;
}

/** Null where all of it does, or nothing, or the target takes kernels whole. x: [B, C, H, W], y: [B, O, H′, W′]. */
export function reachedKernel(x: Shape, y: Shape, { window, groups }: Geometry, { operators }: Target): Reached | null {
  if (operators !== "native") return null;
  const pads = [...window.pads] as [number, number, number, number];
  const dilations = [...window.dilations] as [number, number];
  const ranges = ([0, 1] as const).map((axis) => {
    const [count, dilation] = [window.kernel[axis], window.dilations[axis]];
    const taps = Array.from({ length: count }, (_, tap) => tap);
    const meeting = taps.filter((tap) => metBy(tap, axis, x[axis + 2], y[axis + 2], window) !== null);
    // Not further than the padding is long: windows still begin where they did.
    const start = Math.min(meeting[0] ?? 0, Math.floor(window.pads[axis] / dilation));
    const behind = Math.min(count - 1 - (meeting.at(-1) ?? count - 1), Math.floor(window.pads[axis + 2] / dilation));
    pads[axis] -= start * dilation;
    pads[axis + 2] -= behind * dilation;
    if (count - behind - start === 1) dilations[axis] = 1;
    return { axis: axis + 2, start, end: count - behind };
  });
  const kernel = ranges.map(({ start, end }) => end - start) as [number, number];
  if (kernel.every((count, axis) => count === window.kernel[axis])) return null;
  return { ranges, geometry: { window: { ...window, kernel, dilations, pads }, groups } };
}

/**
 * The inverse of `slice(w, ranges)`, zeros around: a product with ones at the part's places, since ONNX Runtime pads rows of few numbers
 * one by one.
 */
export function wholeKernel(part: Tensor, { ranges }: Reached, { window }: Geometry): Tensor {
  const [outputs, channels, height, width] = part.shape;
  const [rows, columns] = window.kernel;
  const places = zeros("float32", [height * width, rows * columns]);
  for (let i = 0; i < height * width; i++) {
    const [row, column] = [ranges[0].start + Math.floor(i / width), ranges[1].start + (i % width)];
    places.data[i * rows * columns + row * columns + column] = 1;
  }
  const flat = reshape(part, [outputs * channels, height * width]);
  return reshape(matmul(flat, constant(places)), [outputs, channels, rows, columns]);
}
