import type { Named } from "../array/ndarray.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "../ops/index.ts";
import { type Optimizer, scaled } from "./optimizer.ts";

/**
 * Stochastic gradient descent with momentum μ: V ← μV + g, p ← p − rate · V; with Nesterov's look ahead
 * p ← p − rate · (g + μV). Weight decay is added to the gradient: g + decay · p.
 *
 * momentum: 0 … 1; 0 keeps no state. The rate multiplies V, not g (as in PyTorch), so changing it acts at once.
 */
export function sgd({ momentum = 0, nesterov = false }: { momentum?: number; nesterov?: boolean } = {}): Optimizer {
  return {
    slots: momentum === 0 ? [] : [{ name: "momentum", start: "zeros", usual: { name: "momentum_buffer", factor: 1 } }],
    scalars: (_, rate) => ({ rate }),
    step({ parameter, gradient, rate, decay }, state, scalars) {
      const g = decay === 0 ? gradient : add(gradient, mul(parameter, decay));
      const step = scaled(scalars.rate, rate);
      const none: Named<Tensor> = {};
      if (momentum === 0) return { parameter: sub(parameter, mul(g, step)), state: none };
      const velocity = add(mul(state.momentum, momentum), g);
      const direction = nesterov ? add(g, mul(velocity, momentum)) : velocity;
      return { parameter: sub(parameter, mul(direction, step)), state: { momentum: velocity } };
    },
  };
}
