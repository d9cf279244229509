import type { Tensor } from "../graph/tensor.ts";
import { add, concat, div, minimum, mul, reshape, sqrt, sum, sumSquare } from "../ops/index.ts";

/** Keeps the division finite where all gradients are 0, as PyTorch does. */
const tiny = 1e-6;

/** The length of all gradients taken as one vector: √Σ‖g‖², a scalar. */
export function globalNorm(gradients: readonly Tensor[]): Tensor {
  const squares = gradients.map((gradient) => reshape(sumSquare(gradient), [1]));
  return sqrt(squares.length === 1 ? sum(squares[0]) : sum(concat(squares, { axis: 0 })));
}

/** Gradients scaled down together to a global norm of at most `limit`: factor min(1, limit / (norm + 10⁻⁶)). */
export function clipByNorm(gradients: readonly Tensor[], norm: Tensor, limit: number): Tensor[] {
  const factor = minimum(div(limit, add(norm, tiny)), 1);
  return gradients.map((gradient) => mul(gradient, factor));
}
