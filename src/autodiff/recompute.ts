/** Parts of a network that are not kept for the backward pass but computed again in it (Chen et al. 2016, "sublinear memory cost"). */
import { reach, replacing } from "../graph/graph.ts";
import type { Scope } from "../graph/scope.ts";
import { input, nodes, type Tensor } from "../graph/tensor.ts";
import { add } from "../ops/index.ts";
import { zeroFrom } from "../ops/waiting.ts";
import { gradients } from "./gradients.ts";

/**
 * `build(x)`, of whose tensors between x and the result none is kept: the backward pass begins with computing them again, once it
 * has reached this part. Numbers are the same, but for the order in which contributions to gradients are added up. What `build` declares in
 * the scope, and running averages that it updates, are as without; it may draw noise, but not ask the host. Outside training
 * nothing is changed. Gradients of gradients are refused.
 *
 * x: float, any shape; the result likewise.
 */
export function recomputed(scope: Scope, x: Tensor, build: (x: Tensor) => Tensor): Tensor {
  const { updates, hostCalls } = scope.model;
  const [before, asked] = [new Map(updates), hostCalls.length];
  const y = build(x);
  if (!scope.training) return y;
  if (hostCalls.length > asked) {
    throw scope.error(
      "what is computed again must not ask the host, but it does. Leave that part out of `recomputed`.",
    );
  }
  const averages = [...updates].filter(([name, tensor]) => before.get(name) !== tensor);
  const inner = [y, ...averages.map(([, tensor]) => tensor)];
  const others = [...reach(inner, new Map([[x, x]])).leaves.values()].filter((leaf) => leaf !== x);
  const outer = asOne(inner, [x, ...others]);
  for (const [i, [name]] of averages.entries()) updates.set(name, outer[i + 1]);
  return outer[0];
}

/** What lies between `inputs` and `outputs` as one node. Only the first output has a gradient. */
function asOne(outputs: readonly Tensor[], inputs: readonly Tensor[]): readonly Tensor[] {
  return nodes("Recomputed", inputs, {
    outputs,
    gradient: (dy) => gradientOf(outputs[0], inputs, dy),
    lower: (given) => outputs.map(replacing(outputs, standing(inputs, given as readonly Tensor[]))),
  });
}

/**
 * Rules of gradients hold on to the tensors that they were made with. So the gradients are built on these, with a stand-in for dy, and then
 * read anew on the inputs of this pass: what they need of the forward pass is copied with them.
 */
function gradientOf(y: Tensor, inputs: readonly Tensor[], dy: Tensor): readonly Tensor[] {
  return nodes("RecomputedGrad", [...inputs, dy], {
    outputs: inputs,
    gradient: () => {
      throw new Error("recomputed: gradients of gradients are not computed. Build the part without it.");
    },
    lower: (given) => {
      const [x, ...others] = (given as readonly Tensor[]).slice(0, -1);
      const seed = given.at(-1)!;
      const standIn = input("recomputed:dy", y.shape, y.dtype);
      const slopes = gradients(y, inputs, { seed: standIn });
      // ONNX Runtime takes nodes in an order of its own; added is a zero that only dy gives, so that none can be computed
      // early. Where dy is not finite the zero is not one, but neither is the loss finite.
      const stands = standing(inputs, [add(x, zeroFrom([seed])), ...others]);
      return slopes.map(replacing(slopes, stands.set(standIn, seed)));
    },
  });
}

function standing(tensors: readonly Tensor[], given: readonly Tensor[]): Map<Tensor, Tensor> {
  return new Map(tensors.map((tensor, i) => [tensor, given[i]]));
}
