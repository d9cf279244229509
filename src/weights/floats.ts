import type { NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { widenHalf } from "./half-precision.ts";

/** A weight as float32, all finite. Throws InputError for other types and for numbers that are none. */
export function floats({ dtype, shape, data }: NdArray, name: string, where: string): NdArray {
  const wide = widened(dtype, data);
  if (wide === null) {
    throw new InputError(`${where}: expected ${name} to be float32, got ${dtype}. Convert the file first.`);
  }
  if (!allFinite(wide)) {
    throw new InputError(`${where}: expected finite numbers, got others in ${name}. The file is damaged.`);
  }
  return { dtype: "float32", shape, data: wide };
}

/** A loop, since files have a hundred million numbers. */
function allFinite(numbers: Float32Array): boolean {
  for (let i = 0; i < numbers.length; i++) if (!Number.isFinite(numbers[i])) return false;
  return true;
}

function widened(dtype: NdArray["dtype"], data: NdArray["data"]): Float32Array | null {
  if (dtype === "float32") return data as Float32Array;
  if (dtype === "float64") return Float32Array.from(data as Float64Array);
  return dtype === "float16" ? widenHalf(data as Uint16Array) : null;
}
