/** Numbers for the parameters of a model, the same at every call. */
import { float32, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import type { Model } from "../../src/graph/scope.ts";

/** What the parameters start with. */
export function freshWeights(model: Model, seed: string | number = 0): Record<string, NdArray> {
  return Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor, initializer }) => [
      name,
      initializer(tensor.shape, new Random("fresh", seed, name)),
    ]),
  );
}

/** The same with a little added to or taken from each number, so that nothing is hidden by weights that are all 0. */
export function movedWeights(model: Model, seed: string | number = 0): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(freshWeights(model, seed)).map(([name, array]) => {
      const random = new Random("moved", seed, name);
      return [
        name,
        float32(
          array.shape,
          toNumbers(array).map((value) => value + random.between(-0.2, 0.2)),
        ),
      ];
    }),
  );
}
