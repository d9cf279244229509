/**
 * Running averages of a step that accumulates: each batch moves a copy, which takes the average's place when the step
 * does update. So a step that is refused at a later batch has moved none.
 */
import type { Named } from "../array/ndarray.ts";
import type { Model } from "../graph/scope.ts";
import { node, type Tensor, variable } from "../graph/tensor.ts";
import { where } from "../ops/index.ts";

/** Where a running average waits until the step is known to count: its name in the store. */
export const waiting = (name: string) => `waiting/${name}`;

const copyOf = (model: Model, name: string) => variable(waiting(name), model.parameters.get(name)!.tensor.shape);

/** What to read in place of averages: themselves in the first batch, then the copies. */
export function averagesSoFar(model: Model, names: Iterable<string>, first: Tensor): Map<Tensor, Tensor> {
  const entries = [...names].map((name) => {
    const { tensor } = model.parameters.get(name)!;
    return [tensor, where(first, tensor, copyOf(model, name))] as const;
  });
  return new Map(entries);
}

/** What all averages become: the copies as they are. */
export function settledAverages(model: Model): Named<Tensor> {
  return Object.fromEntries(
    [...model.updates.keys()].map((name) => {
      const copy = copyOf(model, name);
      return [name, node("Identity", [copy], { output: copy, gradient: null })];
    }),
  );
}

/** The copies: store name → average. */
export const waitingNames = (model: Model) =>
  Object.fromEntries([...model.updates.keys()].map((name) => [waiting(name), name]));
