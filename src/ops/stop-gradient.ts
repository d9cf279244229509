import { node, type Tensor } from "../graph/tensor.ts";

/**
 * x, treated as fixed numbers by gradients: nothing flows back through it. No gradient: that is what it is for.
 *
 * x: any type and shape → y: the same.
 * ONNX `Identity`, opset 19, until the graph is lowered: then nothing is left of it.
 */
export function stopGradient(x: Tensor): Tensor {
  return node("Identity", [x], { output: x, gradient: null, lower: ([x]) => [x!] });
}
