import { sameShape, show } from "../array/shape.ts";
import { reach } from "../graph/graph.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, constantLike } from "../ops/index.ts";

/**
 * Reverse-mode gradients: ∂loss/∂x for each x of `wrt`, as graph. Where `loss` does not depend on x: zeros.
 *
 * loss: one tensor; when it is not a scalar, `seed` (its shape) weighs its elements, default all ones.
 * wrt: parameters, inputs, or any tensors on the way to the loss.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[], { seed }: { seed?: Tensor } = {}): Tensor[] {
  if (seed !== undefined && (!sameShape(seed.shape, loss.shape) || seed.dtype !== loss.dtype)) {
    throw new Error(
      `gradients: seed must be ${loss.dtype} ${show(loss.shape)} as the loss is, got ${seed.dtype} ${show(seed.shape)}.`,
    );
  }
  const { nodes } = reach([loss]);

  // Only what lies between `wrt` and the loss needs a gradient.
  const onPath = new Set<Tensor>(wrt);
  for (const { inputs, outputs, gradient } of nodes) {
    if (gradient !== null && inputs.some((x) => x !== null && onPath.has(x))) for (const y of outputs) onPath.add(y);
  }

  const contributions = new Map<Tensor, Tensor[]>([[loss, [seed ?? constantLike(loss, 1)]]]);
  const total = (x: Tensor): Tensor | null => {
    const parts = contributions.get(x);
    if (parts === undefined) return null;
    const sum = parts.reduce((left, right) => add(left, right));
    contributions.set(x, [sum]);
    return sum;
  };

  for (let i = nodes.length - 1; i >= 0; i--) {
    const { op, inputs, outputs, gradient } = nodes[i];
    if (gradient === null || !inputs.some((x) => x !== null && onPath.has(x))) continue;
    const dys = outputs.map(total);
    if (dys.every((dy) => dy === null)) continue;
    const dy = dys[0] ?? constantLike(outputs[0], 0);
    const dxs = gradient(dy, outputs[0], { dys, ys: outputs });
    inputs.forEach((x, position) => {
      const dx = dxs[position] ?? null;
      if (x === null || dx === null || !onPath.has(x)) return;
      if (!sameShape(dx.shape, x.shape) || dx.dtype !== x.dtype) {
        const [expected, got] = [x, dx].map(({ dtype, shape }) => `${dtype} ${show(shape)}`);
        throw new Error(`gradient of ${op}: input ${position} is ${expected}, but its gradient ${got}.`);
      }
      const parts = contributions.get(x);
      if (parts === undefined) contributions.set(x, [dx]);
      else parts.push(dx);
    });
  }
  return wrt.map((x) => total(x) ?? constantLike(x, 0));
}
