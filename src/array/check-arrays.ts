import { InputError, isObject } from "../errors.ts";
import type { Named, NdArray } from "./ndarray.ts";
import { sizeOf } from "./shape.ts";

/** Throws InputError where a value that another's code gave is no record of arrays. `where` begins the message. */
export function requireArrays(value: unknown, where: string): asserts value is Named<NdArray> {
  if (!isObject(value) || value instanceof Promise) {
    throw new InputError(`${where}: expected arrays by name, got ${kindOf(value)}. Correct the method.`);
  }
  for (const [name, array] of Object.entries(value)) requireArray(array, `${where}: ${name}`);
}

/** Throws InputError where a value is no array with a type, a shape and as many numbers. */
export function requireArray(value: unknown, where: string): asserts value is NdArray {
  const { dtype, shape, data } = (typeof value === "object" && value !== null ? value : {}) as Partial<NdArray>;
  const isWhole = typeof dtype === "string" && Array.isArray(shape) && ArrayBuffer.isView(data) && "length" in data;
  if (isWhole && data.length === sizeOf(shape)) return;
  const got = isWhole ? `[${shape.join(", ")}] with ${data.length} numbers` : kindOf(value);
  throw new InputError(`${where}: expected an array (see ndarray), got ${got}. Correct the method.`);
}

function kindOf(value: unknown): string {
  if (value instanceof Promise) return "a promise";
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "another object" : `a ${typeof value}`;
}
