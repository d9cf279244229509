/** Sliding windows: what convolutions and pools share. */
import { InputError } from "../errors.ts";

/** One number for both axes, or [vertical, horizontal]. */
export type Pair = number | readonly [number, number];

/** The same number on all sides, [top, left, bottom, right], or "same": output size = ⌈input / stride⌉, odd rest at the end. */
export type Padding = number | readonly [number, number, number, number] | "same";

/** Where a sliding window stands: all that convolutions and pools share, padding resolved to numbers. */
export interface Window {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** [top, left, bottom, right]. */
  readonly pads: readonly [number, number, number, number];
}

/** How a convolution slides: everything but its operands. */
export interface Geometry {
  readonly window: Window;
  readonly groups: number;
}

export interface WindowOptions {
  readonly strides?: Pair;
  readonly padding?: Padding;
  readonly dilations?: Pair;
  /** Round the output size up instead of down; a window must still start inside the input or the padding before it. */
  readonly ceilMode?: boolean;
}

/** Both numbers of a pair, checked to be integers of at least 1. */
export function pair(where: string, name: string, value: Pair): readonly [number, number] {
  const both = typeof value === "number" ? ([value, value] as const) : value;
  if (both.length !== 2 || !both.every((number) => Number.isInteger(number) && number >= 1)) {
    throw new InputError(
      `${where}: ${name} must be one or two integers of at least 1, got ${JSON.stringify(value)}. Give a number or [vertical, horizontal].`,
    );
  }
  return both;
}

/** Pixels along an axis, padding included, from the first to the last that `count` windows in a row meet. */
export function windowSpan(
  count: number,
  axis: number,
  { kernel, strides, dilations }: Pick<Window, "kernel" | "strides" | "dilations">,
): number {
  return (count - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1;
}

/** Resolves padding for an input of `size` [H, W]; `ceilMode` becomes more padding at the bottom and the right. */
export function windowOf(
  where: string,
  size: readonly [number, number],
  kernelSize: Pair,
  { strides: strideSize = 1, padding = 0, dilations: dilationSize = 1, ceilMode = false }: WindowOptions = {},
): Window {
  const kernel = pair(where, "kernel", kernelSize);
  const strides = pair(where, "strides", strideSize);
  const dilations = pair(where, "dilations", dilationSize);
  const pads = [0, 0, 0, 0] as [number, number, number, number];
  for (const axis of [0, 1] as const) {
    const span = (count: number) => windowSpan(count, axis, { kernel, strides, dilations });
    if (padding === "same") {
      const output = Math.ceil(size[axis] / strides[axis]);
      const total = Math.max(0, span(output) - size[axis]);
      pads[axis] = Math.floor(total / 2);
      pads[axis + 2] = total - pads[axis];
    } else {
      pads[axis] = typeof padding === "number" ? padding : padding[axis];
      pads[axis + 2] = typeof padding === "number" ? padding : padding[axis + 2];
    }
    if (ceilMode) {
      const padded = size[axis] + pads[axis] + pads[axis + 2];
      let steps = Math.ceil((padded - span(1)) / strides[axis]);
      if (steps * strides[axis] >= size[axis] + pads[axis]) steps--;
      pads[axis + 2] += Math.max(0, span(steps + 1) - padded);
    }
  }
  if (!pads.every((number) => Number.isInteger(number) && number >= 0)) {
    throw new InputError(
      `${where}: padding must be integers of at least 0, got ${JSON.stringify(padding)}. Give a number, [top, left, bottom, right] or "same".`,
    );
  }
  return { kernel, strides, dilations, pads };
}

/** Output size [H, W] of a window over an input of `size`. Throws when not even one window fits. */
export function windowOutput(where: string, size: readonly [number, number], window: Window): [number, number] {
  const output = [0, 1].map((axis) => {
    const padded = size[axis] + window.pads[axis] + window.pads[axis + 2];
    return Math.floor((padded - windowSpan(1, axis, window)) / window.strides[axis]) + 1;
  });
  if (output[0] < 1 || output[1] < 1) {
    throw new InputError(
      `${where}: the window must fit into the padded input, got kernel ${window.kernel.join(" × ")} on ${size.join(" × ")} pixels. Use a larger input or more padding.`,
    );
  }
  return output as [number, number];
}

/** ONNX attributes of a window; `kernel_shape` included. */
export function windowAttributes({ kernel, strides, dilations, pads }: Window): Record<string, readonly number[]> {
  return { kernel_shape: kernel, strides, dilations, pads };
}

/** True where each pixel belongs to exactly one window: kernel = stride, no padding, nothing left over. */
export function tilesExactly({ kernel, strides, dilations, pads }: Window, size: readonly [number, number]): boolean {
  return [0, 1].every(
    (axis) =>
      kernel[axis] === strides[axis] &&
      (dilations[axis] === 1 || kernel[axis] === 1) &&
      pads[axis] === 0 &&
      pads[axis + 2] === 0 &&
      size[axis] % kernel[axis] === 0,
  );
}
