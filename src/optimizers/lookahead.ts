import { add, greater, mul, sub, where } from "../ops/index.ts";
import type { Optimizer } from "./optimizer.ts";

/**
 * Lookahead (Zhang et al. 2019, Algorithm 1): `inner` moves the fast weights; after every `period` updates the slow
 * ones go `slowStep` of the way to them, and the fast ones start again from there.
 */
export function lookahead(
  inner: Optimizer,
  { period = 6, slowStep = 0.5 }: { period?: number; slowStep?: number } = {},
): Optimizer {
  return {
    slots: [...inner.slots, { name: "slow", start: "parameter", usual: { name: "slow_buffer", factor: 1 } }],
    scalars: (count, rate) => ({ ...inner.scalars(count, rate), synchronize: count % period === 0 ? 1 : 0 }),
    step(update, state, scalars) {
      const fast = inner.step(update, state, scalars);
      const reached = add(state.slow, mul(sub(fast.parameter, state.slow), slowStep));
      const now = greater(scalars.synchronize, 0);
      return {
        parameter: where(now, reached, fast.parameter),
        state: { ...fast.state, slow: where(now, reached, state.slow) },
      };
    },
  };
}
