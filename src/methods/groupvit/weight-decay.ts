/**
 * Factor on weight decay, for `group` of a training stage: none for parameters of one axis, which are all biases and what
 * norms multiply by; the temperatures, of no axis, decay as the rest (the authors' `set_weight_decay`).
 */
export function weightDecayGroup(_parameter: string, rank: number): { readonly decay: number } {
  return { decay: rank === 1 ? 0 : 1 };
}
