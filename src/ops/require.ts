import { type Dtype, isFloat } from "../array/dtype.ts";
import { show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";

/** Throws unless x has a floating-point type. */
export function requireFloat(where: string, x: Tensor): void {
  if (!isFloat(x.dtype)) throw new InputError(`${where}: x must be a float tensor, got ${x.dtype}. Cast it first.`);
}

/** Throws unless x has exactly the type `dtype`. */
export function requireType(where: string, name: string, x: Tensor, dtype: Dtype): void {
  if (x.dtype !== dtype) throw new InputError(`${where}: ${name} must be ${dtype}, got ${x.dtype}. Cast it first.`);
}

/** Throws unless x can be used as indices. */
export function requireIndices(where: string, x: Tensor): void {
  if (x.dtype !== "int64" && x.dtype !== "int32") {
    throw new InputError(`${where}: indices must be int64 or int32, got ${x.dtype}. Cast them first.`);
  }
}

/** Throws unless x has `rank` axes. */
export function requireRank(where: string, name: string, x: Tensor, rank: number): void {
  if (x.shape.length !== rank) {
    throw new InputError(`${where}: ${name} must have ${rank} axes, got shape ${show(x.shape)}. Reshape it first.`);
  }
}
