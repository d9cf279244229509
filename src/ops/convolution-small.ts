/**
 * Convolutions of small maps, whose weights are the larger tensor: forms that leave these as they lie, and products of all
 * samples' pixels at once.
 */
import { zeros } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import { constant, type Target, type Tensor } from "../graph/tensor.ts";
import { metBy, pixelsAt } from "./convolution-reach.ts";
import { concat } from "./joining.ts";
import { matmul } from "./matmul.ts";
import { reshape, transpose } from "./shape.ts";
import { type Geometry, tilesExactly, type Window } from "./window.ts";

/** Where choices pay, by shape. The measurements are in bench/README.md, "Small maps". */

/** Whether the products of a weight gradient are best made of all samples at once: few pixels, or many that meet padding. */
export function stacksTaps([batch, , height, width]: Shape, { kernel, dilations }: Window): boolean {
  if (kernel[0] * kernel[1] === 1) return height * width < 128;
  return batch * height * width < 1500 || dilations.some((dilation) => dilation > 1);
}

/** Whether an input gradient had better not turn its weights first: they are the larger tensor by far. */
export function leavesWeight(
  [batch, , height, width]: Shape,
  [, , kh, kw]: Shape,
  { groups }: Geometry,
  { operators, device }: Target,
): boolean {
  return operators === "native" && device === "cpu" && groups === 1 && kh * kw > 1 && batch * height * width < 256;
}

/** A kernel of one pixel, without stride and padding, whose transposition is more than that of all pixels. */
export function isHeavyProduct(
  [batch, , height, width]: Shape,
  [features, channels]: Shape,
  { window, groups }: Geometry,
  { operators, device }: Target,
): boolean {
  if (operators !== "native" || device !== "cpu" || groups !== 1) return false;
  const isProduct = window.kernel[0] * window.kernel[1] === 1 && tilesExactly(window, [height, width]);
  return isProduct && 2 * features * channels > (features + channels) * batch * height * width;
}

/** [B, C, H, W] → [B·H·W, C], the channels of each pixel as a row. */
export function toPixelRows(x: Tensor): Tensor {
  const [batch, channels, height, width] = x.shape;
  const pixels = height * width;
  return reshape(transpose(reshape(x, [batch, channels, pixels]), [0, 2, 1]), [batch * pixels, channels]);
}

/** The inverse of `toPixelRows`. shape: [B, C, H, W]. */
export function fromPixelRows(rows: Tensor, shape: Shape): Tensor {
  const [batch, channels, height, width] = shape;
  return reshape(transpose(reshape(rows, [batch, height * width, channels]), [0, 2, 1]), shape);
}

/** y: [B, O, H, W], w: [O, C, 1, 1] → [B, C, H, W], pixels as rows: w stays as it lies. */
export function pixelsBack(y: Tensor, w: Tensor): Tensor {
  const [batch, , height, width] = y.shape;
  const [features, channels] = w.shape;
  return fromPixelRows(matmul(toPixelRows(y), reshape(w, [features, channels])), [batch, channels, height, width]);
}

/**
 * Weight gradient, a product per kernel element over all samples' pixels that it meets: dw[:, :, i, j] = Σ y · xᵀ. One group.
 * x: [B, C, H, W], y: [B, O, H′, W′] → [O, C, kh, kw].
 */
export function weightByStackedTaps(x: Tensor, y: Tensor, window: Window): Tensor {
  const [batch, features, ...outputs] = y.shape;
  const [, channels, ...size] = x.shape;
  const [kh, kw] = window.kernel;
  const [ofX, ofY] = [x, y].map((tensor) => transpose(tensor, [1, 0, 2, 3])); // channels first
  const taps = Array.from({ length: kh * kw }, (_, tap) => {
    const met = [Math.floor(tap / kw), tap % kw].map((element, axis) =>
      metBy(element, axis as 0 | 1, size[axis], outputs[axis], window),
    );
    if (met.includes(null)) return constant(zeros("float32", [features, channels, 1]));
    const [pixels, results] = [
      met.map((m, axis) => ({ start: m!.first, count: m!.end - m!.start, step: window.strides[axis] })),
      met.map((m) => ({ start: m!.start, count: m!.end - m!.start, step: 1 })),
    ];
    const columns = batch * results.reduce((product, { count }) => product * count, 1);
    const slopes = reshape(pixelsAt(ofY, results), [features, columns]);
    const values = reshape(pixelsAt(ofX, pixels), [channels, columns]);
    return reshape(matmul(slopes, values, { transposeB: true }), [features, channels, 1]);
  });
  return reshape(taps.length === 1 ? taps[0] : concat(taps, { axis: 2 }), [features, channels, kh, kw]);
}
