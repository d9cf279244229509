import type { Tensor } from "../graph/tensor.ts";
import { add, div, mul, sqrt, square, sub } from "../ops/index.ts";
import { type Optimizer, type Slot, scaled, type Update } from "./optimizer.ts";

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** ε is added to √v̂ ("corrected", the paper's Algorithm 1) or to √v ("raw", as TensorFlow does). */
  readonly epsilonBeside?: "corrected" | "raw";
}

/**
 * The two moments as we keep them: M = β₁M + g and V = β₂V + g², that is m = (1 − β₁)M and v = (1 − β₂)V. It saves two
 * passes over every parameter; the host puts the factors into its scalars.
 */
export function momentSlots(beta1: number, beta2: number): readonly Slot[] {
  return [
    { name: "m", start: "zeros", usual: { name: "exp_avg", factor: 1 - beta1 } },
    { name: "v", start: "zeros", usual: { name: "exp_avg_sq", factor: 1 - beta2 } },
  ];
}

/** The moments after a gradient. */
export function moments(
  gradient: Tensor,
  m: Tensor,
  v: Tensor,
  beta1: number,
  beta2: number,
): { m: Tensor; v: Tensor } {
  return { m: add(mul(m, beta1), gradient), v: add(mul(v, beta2), square(gradient)) };
}

/**
 * Adam (Kingma and Ba 2015, Algorithm 1): p ← p − rate · m̂ / (√v̂ + ε). Weight decay is added to the gradient.
 *
 * With the moments as we keep them, p ← p − scale · M / (√V + epsilon), where `scale` and `epsilon` are scalars of the
 * host that hold the rate and both bias corrections.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adaptive(
    options,
    (parameter) => parameter,
    (gradient, { parameter, decay }) => (decay === 0 ? gradient : add(gradient, mul(parameter, decay))),
  );
}

/**
 * AdamW (Loshchilov and Hutter 2019, Algorithm 2): Adam with decoupled weight decay, p ← (1 − rate · decay) p first.
 * Differs from the paper: the decay is multiplied by the rate, as every library does.
 */
export function adamw(options: AdamOptions = {}): Optimizer {
  return adaptive(
    options,
    (parameter, update, rate) => shrink(parameter, update, rate),
    (gradient) => gradient,
  );
}

/** Decoupled weight decay: (1 − rate · decay) p. */
export function shrink(parameter: Tensor, { rate, decay }: Update, scalarRate: Tensor): Tensor {
  return decay === 0 ? parameter : mul(parameter, sub(1, mul(scalarRate, rate * decay)));
}

function adaptive(
  { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, epsilonBeside = "corrected" }: AdamOptions,
  decayed: (parameter: Tensor, update: Update, rate: Tensor) => Tensor,
  regularized: (gradient: Tensor, update: Update) => Tensor,
): Optimizer {
  return {
    slots: momentSlots(beta1, beta2),
    scalars(count, rate) {
      const correction1 = 1 - beta1 ** count;
      const correction2 = 1 - beta2 ** count;
      const root = Math.sqrt(correction2 / (1 - beta2));
      return {
        rate,
        scale: ((rate * (1 - beta1)) / correction1) * root,
        epsilon: epsilon * (epsilonBeside === "corrected" ? root : 1 / Math.sqrt(1 - beta2)),
      };
    },
    step(update, state, scalars) {
      const { m, v } = moments(regularized(update.gradient, update), state.m, state.v, beta1, beta2);
      const change = div(mul(m, scaled(scalars.scale, update.rate)), add(sqrt(v), scalars.epsilon));
      return { parameter: sub(decayed(update.parameter, update, scalars.rate), change), state: { m, v } };
    },
  };
}
