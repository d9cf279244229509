/** Numbers for the parameters of a model, the same at every call. */
import { float32, type NdArray } from "../../src/array/ndarray.ts";
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
      const moved = new Random("moved", seed, name).fillUniform(new Float32Array(array.data.length));
      for (let i = 0; i < moved.length; i++) moved[i] = Number(array.data[i]) + 0.4 * moved[i] - 0.2;
      return [name, float32(array.shape, moved)];
    }),
  );
}
