/**
 * What an optimizer is: graph that turns a parameter, its gradient and its state into the next ones. Everything that
 * changes from step to step enters as a scalar that the host computes, so one graph serves for all steps.
 */
import type { Named } from "../array/ndarray.ts";
import { input, type Tensor, variable } from "../graph/tensor.ts";
import { mul } from "../ops/index.ts";

/** A tensor of the parameter's shape that is kept for it between updates. */
export interface Slot {
  readonly name: string;
  /** What it holds before the first update. */
  readonly start: "zeros" | "parameter";
  /**
   * The quantity of that kind in the usual notation is `factor` times what we keep, under the name that state
   * dictionaries have for it.
   */
  readonly usual: { readonly name: string; readonly factor: number };
}

/** One trained parameter. */
export interface Update {
  readonly name: string;
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** Factor on the learning rate. */
  readonly rate: number;
  /** Weight decay of this parameter; 0: none. */
  readonly decay: number;
}

export interface Optimizer {
  readonly slots: readonly Slot[];
  /** The numbers that the host feeds at update `count` = 1, 2, … with learning rate `rate`. */
  scalars(count: number, rate: number): Named<number>;
  /** The parameter and its state after the update. `scalars` are rank-0 tensors, by the names above. */
  step(update: Update, state: Named<Tensor>, scalars: Named<Tensor>): { parameter: Tensor; state: Named<Tensor> };
}

/** A variable that an optimizer keeps. */
export interface OptimizerState {
  /** Name in the store: `<slot>/<parameter>`. */
  readonly name: string;
  readonly tensor: Tensor;
  readonly slot: Slot;
  readonly parameter: string;
}

export interface Optimized {
  /** New values of parameters and state, by their names in the store. */
  readonly next: Named<Tensor>;
  readonly state: readonly OptimizerState[];
}

/** Prefix of the graph inputs that carry an optimizer's scalars. */
export const scalarPrefix = "optimizer:";

/** The updates of all parameters. The graph's inputs are the scalars, named `optimizer:<scalar>`. */
export function optimize(optimizer: Optimizer, updates: readonly Update[]): Optimized {
  const scalars = Object.fromEntries(
    Object.keys(optimizer.scalars(1, 1)).map((name) => [name, input(`${scalarPrefix}${name}`, [])]),
  );
  const next: Record<string, Tensor> = {};
  const kept: OptimizerState[] = [];
  for (const update of updates) {
    const { name, parameter } = update;
    const state: Record<string, Tensor> = {};
    for (const slot of optimizer.slots) {
      const tensor = variable(`${slot.name}/${name}`, parameter.shape);
      state[slot.name] = tensor;
      kept.push({ name: `${slot.name}/${name}`, tensor, slot, parameter: name });
    }
    const after = optimizer.step(update, state, scalars);
    next[name] = after.parameter;
    for (const [slot, tensor] of Object.entries(after.state)) next[`${slot}/${name}`] = tensor;
  }
  return { next, state: kept };
}

/** A scalar times a parameter's own factor. */
export function scaled(scalar: Tensor, factor: number): Tensor {
  return factor === 1 ? scalar : mul(scalar, factor);
}
