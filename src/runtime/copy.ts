import { allocate } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";

/** A copy of an array on a buffer of its own, whatever kind of memory `array` lies in. */
export function copyOf({ dtype, shape, data }: NdArray): NdArray {
  const copy = allocate(dtype, data.length);
  (copy as Uint8Array).set(data as Uint8Array);
  return { dtype, shape, data: copy };
}

/** The same of several: what is fed to a program is handed over. */
export function copiesOf(arrays: Named<NdArray>): Named<NdArray> {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, copyOf(array)]));
}
