import { node, type Tensor } from "../graph/tensor.ts";
import { feature, type PoolOptions, poolWindow } from "./composite/pool.ts";
import { type AxisWeights, axisWeights, separable } from "./composite/separable.ts";
import { type Window, windowAttributes, windowOutput } from "./composite/window.ts";

export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts in the divisor. Pixels that only `ceilMode` adds never do. */
  readonly countIncludePad?: boolean;
}

/**
 * The mean of each window.
 *
 * x: [B, C, H, W] float → y: [B, C, H′, W′]. `strides` default to the kernel. ONNX `AveragePool`, opset 19, where each
 * window counts the same; a product with fixed matrices otherwise and in the gradient.
 */
export function averagePool(x: Tensor, { countIncludePad = true, ...options }: AveragePoolOptions): Tensor {
  const window = poolWindow("averagePool", x, options);
  const size = [x.shape[2], x.shape[3]] as const;
  const output = windowOutput("averagePool", size, window);
  // Rounding up may add padding that must not count, so the window before rounding says how far counting goes.
  const { pads } = poolWindow("averagePool", x, { ...options, ceilMode: false });
  const axes = ([0, 1] as const).map((axis) =>
    axisMeans(size[axis], output[axis], window, axis, countIncludePad ? [pads[axis], pads[axis + 2]] : [0, 0]),
  );
  if (window.pads.some((number) => number > 0)) return separable(x, axes[0], axes[1]);
  return node("AveragePool", [x], {
    attributes: windowAttributes(window),
    output: { dtype: x.dtype, shape: feature(x, output) },
    gradient: (dy) => [separable(dy, transposed(axes[0]), transposed(axes[1]))],
  });
}

/** Means along one axis; positions from −before to size + after count in the divisor. */
function axisMeans(
  size: number,
  outputs: number,
  window: Window,
  axis: 0 | 1,
  [before, after]: readonly [number, number],
): AxisWeights {
  return axisWeights(outputs, size, (put) => {
    for (let i = 0; i < outputs; i++) {
      const first = i * window.strides[axis] - window.pads[axis];
      const end = first + window.kernel[axis];
      const counted = Math.min(end, size + after) - Math.max(first, -before);
      for (let j = Math.max(first, 0); j < Math.min(end, size); j++) put(i, j, 1 / counted);
    }
  });
}

function transposed({ outputs, inputs, weights }: AxisWeights): AxisWeights {
  return axisWeights(inputs, outputs, (put) => {
    for (let i = 0; i < outputs; i++) for (let j = 0; j < inputs; j++) put(j, i, weights[i * inputs + j]);
  });
}
