import { type Named, type NdArray, scalar, zeros } from "../../src/array/ndarray.ts";
import { input, variable } from "../../src/graph/tensor.ts";
import { type Optimizer, optimize, scalarPrefix } from "../../src/optimizers/optimizer.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";

export interface TrajectoryOptions {
  readonly parameters: Named<NdArray>;
  /** One entry a step: a gradient for each parameter. */
  readonly gradients: readonly Named<NdArray>[];
  readonly rate: number | ((step: number) => number);
  /** Factors on the rate, by parameter. */
  readonly factors?: Named<number>;
  readonly decay?: number;
}

/** Runs an optimizer's graph on given gradients; what the store would hold after each step, state and parameters. */
export async function trajectory(
  optimizer: Optimizer,
  { parameters, gradients, rate, factors = {}, decay = 0 }: TrajectoryOptions,
): Promise<Named<NdArray>[]> {
  const updates = Object.entries(parameters).map(([name, { shape }]) => ({
    name,
    parameter: variable(name, shape),
    gradient: input(`gradient:${name}`, shape),
    rate: factors[name] ?? 1,
    decay,
  }));
  const { next, state } = optimize(optimizer, updates);
  const outputs = Object.fromEntries(Object.entries(next).map(([name, tensor]) => [`next:${name}`, tensor]));

  let store: Record<string, NdArray> = { ...parameters };
  for (const { name, slot, parameter, tensor } of state) {
    store[name] = slot.start === "parameter" ? parameters[parameter] : zeros("float32", tensor.shape);
  }
  const history: Named<NdArray>[] = [];
  for (const [step, given] of gradients.entries()) {
    const feeds: Record<string, NdArray> = { ...store };
    for (const [name, gradient] of Object.entries(given)) feeds[`gradient:${name}`] = gradient;
    const numbers = optimizer.scalars(step + 1, typeof rate === "number" ? rate : rate(step));
    for (const [name, value] of Object.entries(numbers)) feeds[`${scalarPrefix}${name}`] = scalar(value);
    const results = await evaluate(outputs, feeds);
    store = { ...store, ...Object.fromEntries(Object.keys(next).map((name) => [name, results[`next:${name}`]])) };
    history.push(store);
  }
  return history;
}
