import { add, div, mul, sqrt, sub } from "../ops/index.ts";
import { type AdamOptions, momentSlots, moments, shrink } from "./adam.ts";
import { type Optimizer, scaled } from "./optimizer.ts";

export interface RadamOptions extends Omit<AdamOptions, "epsilonBeside"> {
  /** The adaptive rate is used once ρₜ, the length of the averaged window, is above this: 4 in the paper, 5 in PyTorch. */
  readonly rectifyAbove?: number;
}

/**
 * Rectified Adam (Liu et al. 2020, Algorithm 2) with decoupled weight decay: while too few gradients have been seen to
 * judge their variance, p ← p − rate · m̂; then p ← p − rate · rₜ · m̂ / (√v̂ + ε).
 *
 * Both forms are p ← p − scale · M / (adapt · √V + offset) with other scalars, so the graph is the same.
 */
export function radam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, rectifyAbove = 4 }: RadamOptions = {}): Optimizer {
  const longest = 2 / (1 - beta2) - 1; // ρ∞
  return {
    slots: momentSlots(beta1, beta2),
    scalars(count, rate) {
      const unbiased = (rate * (1 - beta1)) / (1 - beta1 ** count); // times M: rate · m̂
      const correction2 = 1 - beta2 ** count;
      const length = longest - (2 * count * beta2 ** count) / correction2; // ρₜ
      if (length <= rectifyAbove) return { rate, scale: unbiased, adapt: 0, offset: 1 };
      const rectification = Math.sqrt(
        ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length),
      );
      const root = Math.sqrt(correction2 / (1 - beta2));
      return { rate, scale: unbiased * rectification * root, adapt: 1, offset: epsilon * root };
    },
    step(update, state, scalars) {
      const { m, v } = moments(update.gradient, state.m, state.v, beta1, beta2);
      const divisor = add(mul(sqrt(v), scalars.adapt), scalars.offset);
      const change = div(mul(m, scaled(scalars.scale, update.rate)), divisor);
      return { parameter: sub(shrink(update.parameter, update, scalars.rate), change), state: { m, v } };
    },
  };
}
