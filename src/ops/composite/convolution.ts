/**
 * The three convolutions that are each other's gradients. With y = conv(x, w), all three are linear in both operands:
 * `convolve` gives y from (x, w), `convolveBack` x from (y, w), `convolveWeight` w from (x, y). So gradients of any
 * order stay among them.
 */
import type { Shape } from "../../array/shape.ts";
import { node, type Tensor } from "../../graph/tensor.ts";
import { pad, slice, sum } from "../index.ts";
import { lowerConvolve, lowerConvolveBack, lowerConvolveWeight } from "./convolution-lowering.ts";
import { type Window, windowAttributes, windowOutput } from "./window.ts";

/** How a convolution slides: everything but its operands. */
export interface Geometry {
  readonly window: Window;
  readonly groups: number;
}

/** x: [B, C, H, W], w: [O, C / groups, kh, kw], bias: [O] → y: [B, O, H′, W′]. Operands are taken as checked. */
export function convolve(x: Tensor, w: Tensor, bias: Tensor | null, geometry: Geometry): Tensor {
  const size = windowOutput("conv", [x.shape[2], x.shape[3]], geometry.window);
  return node("Conv", bias === null ? [x, w] : [x, w, bias], {
    attributes: { ...windowAttributes(geometry.window), group: geometry.groups },
    output: { dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...size] },
    gradient: (dy) => [
      convolveBack(dy, w, null, geometry, x.shape),
      convolveWeight(x, dy, geometry),
      bias === null ? null : channelSum(dy),
    ],
    lower: ([x, w, bias = null], target) => lowerConvolve(x!, w!, bias, geometry, target),
  });
}

/** y: [B, O, H′, W′], w: [O, C / groups, kh, kw], bias: [C] → x: `shape` [B, C, H, W]. */
export function convolveBack(y: Tensor, w: Tensor, bias: Tensor | null, geometry: Geometry, shape: Shape): Tensor {
  return node("ConvInputGrad", bias === null ? [y, w] : [y, w, bias], {
    output: { dtype: y.dtype, shape },
    gradient: (dx) => {
      const met = metBy(dx, [y.shape[2], y.shape[3]], geometry);
      return [
        convolve(met.x, w, null, met.geometry),
        convolveWeight(met.x, y, met.geometry),
        bias === null ? null : channelSum(dx),
      ];
    },
    lower: ([y, w, bias = null], target) => lowerConvolveBack(y!, w!, bias, geometry, shape, target),
  });
}

/** x: [B, C, H, W], y: [B, O, H′, W′] → w: [O, C / groups, kh, kw]. */
export function convolveWeight(x: Tensor, y: Tensor, geometry: Geometry): Tensor {
  const shape = [y.shape[1], x.shape[1] / geometry.groups, ...geometry.window.kernel];
  return node("ConvWeightGrad", [x, y], {
    output: { dtype: x.dtype, shape },
    gradient: (dw) => [convolveBack(y, dw, null, geometry, x.shape), convolve(x, dw, null, geometry)],
    lower: ([x, y], target) => lowerConvolveWeight(x!, y!, geometry, target),
  });
}

/**
 * Of x, what the first `size` [H′, W′] windows meet, and a geometry in which they are all there are. More would fit where
 * a transposed convolution adds as many rows as its stride, or more: allowed below the dilation.
 */
function metBy(x: Tensor, size: readonly [number, number], geometry: Geometry): { x: Tensor; geometry: Geometry } {
  const { window } = geometry;
  const fitting = windowOutput("conv", [x.shape[2], x.shape[3]], window);
  if (fitting[0] === size[0] && fitting[1] === size[1]) return { x, geometry };
  const ranges = [0, 1].map((axis) => {
    const reach = window.dilations[axis] * (window.kernel[axis] - 1) + 1;
    return { axis: axis + 2, end: (size[axis] - 1) * window.strides[axis] + reach };
  });
  const [top, left, bottom, right] = window.pads;
  const around = pad(x, { before: [0, 0, top, left], after: [0, 0, bottom, right] });
  return { x: slice(around, ranges), geometry: { ...geometry, window: { ...window, pads: [0, 0, 0, 0] } } };
}

function channelSum(x: Tensor): Tensor {
  return sum(x, { axes: [0, 2, 3] });
}
