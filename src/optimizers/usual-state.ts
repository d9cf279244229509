import { allocate } from "../array/dtype.ts";
import type { NdArray } from "../array/ndarray.ts";
import type { Slot } from "./optimizer.ts";

/**
 * A slot's numbers in the usual notation (m and v of Adam, for instance). Our own checkpoints keep the slots as they
 * are, because this rounds: it is for files that others are to read.
 */
export function toUsual(slot: Slot, array: NdArray): NdArray {
  return times(array, slot.usual.factor);
}

/** The other way: numbers of another program's state as a slot of ours. */
export function fromUsual(slot: Slot, array: NdArray): NdArray {
  return times(array, 1 / slot.usual.factor);
}

function times(array: NdArray, factor: number): NdArray {
  const data = allocate("float32", array.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Number(array.data[i]) * factor;
  return { dtype: "float32", shape: array.shape, data };
}
