import { allocate } from "../array/dtype.ts";
import type { NdArray } from "../array/ndarray.ts";

/** A copy of an array on a buffer of its own, whatever kind of memory `array` lies in. */
export function copyOf({ dtype, shape, data }: NdArray): NdArray {
  const copy = allocate(dtype, data.length);
  (copy as Uint8Array).set(data as Uint8Array);
  return { dtype, shape, data: copy };
}
