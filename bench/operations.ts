/**
 * Floating-point operations of a graph: those that the model asks for, two for each multiplication with its addition.
 *
 * Counted are matrix products, convolutions and the gradients of both, before lowering, as their definitions have them:
 * the number is that of the mathematics, the same for whatever operators a target makes of it. So taps on padding count
 * (as is usual: 8.2 GFLOP for ResNet-50 and an image of 224 pixels), what is computed again in the backward pass does
 * not, nor does element-wise work, nor do products with a matrix of constants, which are a way of resizing images.
 */
import { sizeOf } from "../src/array/shape.ts";
import { gradients } from "../src/autodiff/gradients.ts";
import { reach } from "../src/graph/graph.ts";
import { Model } from "../src/graph/scope.ts";
import { input, type Node, type Tensor } from "../src/graph/tensor.ts";
import { add } from "../src/ops/index.ts";
import type { StepOptions } from "../src/step/step.ts";

const rules: Readonly<Record<string, (inputs: readonly Tensor[], outputs: readonly Tensor[], node: Node) => number>> = {
  MatMul: ([a], [y]) => 2 * sizeOf(y.shape) * a.shape.at(-1)!,
  FusedMatMul: ([a], [y], { attributes }) => 2 * sizeOf(y.shape) * a.shape.at(attributes.transA === 1 ? -2 : -1)!,
  Conv: ([, w], [y]) => convolution(w, y),
  ConvInputGrad: ([y, w]) => convolution(w, y),
  ConvWeightGrad: ([, y], [w]) => convolution(w, y),
  TiledAttention: ([q, k, v]) => attention(q, k, v),
  // Gradients of the scores, of queries, keys and values; the scores themselves are computed again, which does not count.
  TiledAttentionGrad: ([q, k, v]) => 2 * attention(q, k, v),
};

/** w: [O, C / groups, kh, kw], y: [B, O, H′, W′]. */
function convolution(w: Tensor, y: Tensor): number {
  return 2 * sizeOf(y.shape) * sizeOf(w.shape.slice(1));
}

/** q: [..., T, d], k: [..., S, d], v: [..., S, e]: q kᵀ and its product with v. */
function attention(q: Tensor, k: Tensor, v: Tensor): number {
  const queries = q.shape.at(-2)!;
  return 2 * queries * (sizeOf(k.shape) + sizeOf(v.shape));
}

/** Operations of all that `outputs` depend on. */
export function operationsOf(outputs: Iterable<Tensor>): number {
  const fixed = new Set<Tensor>();
  const isFixed = (tensor: Tensor) => tensor.source.kind === "constant" || fixed.has(tensor);
  let count = 0;
  for (const node of reach(outputs).nodes) {
    const inputs = node.inputs.filter((tensor) => tensor !== null);
    if (inputs.every(isFixed)) for (const tensor of node.outputs) fixed.add(tensor);
    if (!inputs.some(isFixed)) count += rules[node.op]?.(inputs, node.outputs, node) ?? 0;
  }
  return count;
}

/** What a training step computes: the loss of one batch, and its gradients for what trains. */
export function stepGraph({ inputs, loss, trains }: Pick<StepOptions, "inputs" | "loss" | "trains">): {
  readonly model: Model;
  readonly total: Tensor;
  readonly slopes: readonly Tensor[];
} {
  const model = new Model({ training: true, ...(trains && { trains }) });
  const batch = Object.entries(inputs).map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)] as const);
  const terms = Object.values(loss(model.scope, Object.fromEntries(batch)).terms);
  const total = terms.reduce((left, right) => add(left, right));
  const trained = model.trained.map(({ tensor }) => tensor);
  return { model, total, slopes: gradients(total, trained) };
}

/** Operations of the loss of one batch, and of the loss with the gradients of what trains. The update is left out. */
export function stepOperations(step: Parameters<typeof stepGraph>[0]): {
  readonly forward: number;
  readonly step: number;
} {
  const { total, slopes } = stepGraph(step);
  return { forward: operationsOf([total]), step: operationsOf([total, ...slopes]) };
}
