import { allocate } from "../../src/array/dtype.ts";
import type { NdArray } from "../../src/array/ndarray.ts";
import type { Slot } from "../../src/optimizers/optimizer.ts";

/** A slot's numbers in the usual notation (m and v of Adam, for instance), as other programs have them. */
export function toUsual({ usual }: Slot, array: NdArray): NdArray {
  const data = allocate("float32", array.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Number(array.data[i]) * usual.factor;
  return { dtype: "float32", shape: array.shape, data };
}
