/**
 * The three convolutions that are each other's gradients. With y = conv(x, w), all three are linear in both operands:
 * `convolve` gives y from (x, w), `convolveBack` x from (y, w), `convolveWeight` w from (x, y). So gradients of any
 * order stay among them.
 */
import type { Shape } from "../../array/shape.ts";
import { node, type Tensor } from "../../graph/tensor.ts";
import { sum } from "../index.ts";
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
    gradient: (dx) => [
      convolve(dx, w, null, geometry),
      convolveWeight(dx, y, geometry),
      bias === null ? null : channelSum(dx),
    ],
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

function channelSum(x: Tensor): Tensor {
  return sum(x, { axes: [0, 2, 3] });
}
