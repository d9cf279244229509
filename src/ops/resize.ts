import { cubicKernel } from "../array/cubic.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { type AxisWeights, axisWeights, separable } from "./matmul.ts";

export interface ResizeOptions {
  readonly mode?: "bilinear" | "nearest" | "bicubic";
  /** True: corner pixels' centres stay where they are. False: corner pixels' outer corners do ("half pixel"). */
  readonly alignCorners?: boolean;
  /** Widen the filter when shrinking, so that every input pixel counts (as Pillow does). Not with `nearest` or `alignCorners`. */
  readonly antialias?: boolean;
  /**
   * How many output pixels one input pixel becomes, [down, across], where that is not the ratio of the sizes: outputs
   * then read 1 / scale apart, as with PyTorch's `scale_factor`. Only with `bilinear` and `bicubic`, half-pixel, no antialias.
   */
  readonly scale?: readonly [number, number];
}

/**
 * Resampling of the last two axes to `size` [H′, W′].
 *
 * x: [..., H, W] float32 → y: [..., H′, W′]. Written as products with fixed matrices, so that gradients are exact.
 * Same numbers as PyTorch's `interpolate`: bicubic with a = −0.75 and edge pixels repeated; nearest takes
 * ⌊i · H / H′⌋; with `antialias` bicubic has a = −0.5 (as PyTorch and Pillow), windows cut at the border and renormalized.
 */
export function resize(
  x: Tensor,
  size: readonly [number, number],
  { mode = "bilinear", alignCorners = false, antialias = false, scale }: ResizeOptions = {},
): Tensor {
  if (x.shape.length < 2 || !size.every((pixels) => Number.isInteger(pixels) && pixels >= 1)) {
    throw new InputError(
      `resize: expected x [..., H, W] and a size of two positive integers, got ${show(x.shape)} and ${show(size)}. Correct them.`,
    );
  }
  if ((mode === "nearest" || alignCorners) && antialias) {
    throw new InputError(
      `resize: antialias must go with bilinear or bicubic and half-pixel corners, got ${mode}, alignCorners ${alignCorners}. Leave one out.`,
    );
  }
  if (mode === "nearest" && alignCorners) {
    throw new InputError("resize: alignCorners must go with bilinear or bicubic, got nearest. Leave it out.");
  }
  if (scale !== undefined && (mode === "nearest" || alignCorners || antialias || !scale.every((each) => each > 0))) {
    throw new InputError(
      `resize: expected a positive scale with bilinear or bicubic, half-pixel corners and no antialias, got ${show(scale)}, ${mode}, alignCorners ${alignCorners}, antialias ${antialias}. Leave it out.`,
    );
  }
  const weights = (axis: number, outputs: number, given?: number) => {
    const inputs = x.shape.at(axis)!;
    if (mode === "nearest") return nearestWeights(outputs, inputs);
    if (antialias) return smoothWeights(outputs, inputs, mode);
    const step = given === undefined ? inputs / outputs : 1 / given;
    return pointWeights(outputs, inputs, mode, alignCorners ? "aligned" : step);
  };
  return separable(x, weights(-2, size[0], scale?.[0]), weights(-1, size[1], scale?.[1]));
}

function nearestWeights(outputs: number, inputs: number): AxisWeights {
  return axisWeights(outputs, inputs, (put) => {
    for (let i = 0; i < outputs; i++) put(i, Math.min(Math.floor((i * inputs) / outputs), inputs - 1), 1);
  });
}

/** Each output pixel from the 2 or 4 input pixels around its centre. Centres are `step` apart, or corner ones coincide. */
function pointWeights(
  outputs: number,
  inputs: number,
  mode: "bilinear" | "bicubic",
  step: number | "aligned",
): AxisWeights {
  const reach = mode === "bilinear" ? 1 : 2;
  const kernel = mode === "bilinear" ? triangle : cubicKernel(-0.75);
  return axisWeights(outputs, inputs, (put) => {
    for (let i = 0; i < outputs; i++) {
      let centre: number;
      if (step === "aligned") centre = outputs === 1 ? 0 : (i * (inputs - 1)) / (outputs - 1);
      else centre = (i + 0.5) * step - 0.5;
      if (mode === "bilinear") centre = Math.max(centre, 0);
      const first = Math.floor(centre) - reach + 1;
      for (let j = first; j < first + 2 * reach; j++) {
        const weight = kernel(centre - j);
        if (weight !== 0) put(i, Math.min(Math.max(j, 0), inputs - 1), weight);
      }
    }
  });
}

/** The filter stretched by the reduction factor, cut at the border, normalized to sum 1. */
function smoothWeights(outputs: number, inputs: number, mode: "bilinear" | "bicubic"): AxisWeights {
  const scale = Math.max(inputs / outputs, 1);
  const kernel = mode === "bilinear" ? triangle : cubicKernel(-0.5);
  const reach = (mode === "bilinear" ? 1 : 2) * scale;
  return axisWeights(outputs, inputs, (put) => {
    for (let i = 0; i < outputs; i++) {
      const centre = ((i + 0.5) * inputs) / outputs;
      const first = Math.max(Math.trunc(centre - reach + 0.5), 0);
      const end = Math.min(Math.trunc(centre + reach + 0.5), inputs);
      const values: number[] = [];
      for (let j = first; j < end; j++) values.push(kernel((j + 0.5 - centre) / scale));
      const total = values.reduce((sum, value) => sum + value, 0);
      for (let j = first; j < end; j++) put(i, j, values[j - first] / total);
    }
  });
}

function triangle(distance: number): number {
  return Math.max(0, 1 - Math.abs(distance));
}
