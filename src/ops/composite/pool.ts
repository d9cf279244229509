import { show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { type Padding, type Pair, type Window, windowOf } from "./window.ts";

export interface PoolOptions {
  readonly kernel: Pair;
  /** Default: the kernel, so that windows do not overlap. */
  readonly strides?: Pair;
  readonly padding?: Padding;
  /** Round the output size up; a window must still start inside the input or the padding before it. */
  readonly ceilMode?: boolean;
}

/** The window of a pool over x, [B, C, H, W]. */
export function poolWindow(
  where: string,
  x: Tensor,
  { kernel, strides = kernel, padding, ceilMode }: PoolOptions,
): Window {
  if (x.shape.length !== 4) {
    throw new InputError(`${where}: expected x [B, C, H, W], got ${show(x.shape)}. Reshape it.`);
  }
  const window = windowOf(where, [x.shape[2], x.shape[3]], kernel, { strides, padding, ceilMode });
  if (window.pads.some((number, side) => number >= window.kernel[side % 2])) {
    throw new InputError(
      `${where}: padding must be less than the kernel, got ${window.pads.join(", ")} and ${window.kernel.join(" × ")}. Pad less.`,
    );
  }
  return window;
}

/** The shape of a feature map like x of another size. */
export function feature(x: Tensor, size: readonly [number, number]): number[] {
  return [x.shape[0], x.shape[1], ...size];
}
