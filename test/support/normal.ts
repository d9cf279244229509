import { float32, type NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";

/** Numbers of a normal distribution, the same for the same name. */
export function normal(shape: readonly number[], name: string): NdArray {
  return float32(shape, new Random(name).fillNormal(new Float32Array(sizeOf(shape))));
}
