/** Weights that others keep as one, ours one behind another along axis 0: query, key and value. */

import { allocate } from "../array/dtype.ts";
import { type Named, type NdArray, ndarray } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";

/** Last parts of places that are joined (`qkv` in `blocks.0.attn.qkv.weight`) → the parts, in their order. */
export type Joined = Readonly<Record<string, readonly string[]>>;

/**
 * Each joined weight as its parts, named below it: `attn.qkv.weight` → `attn.qkv.query.weight`, … They are views of the
 * same numbers. What cannot be cut evenly stays.
 */
export function separate(tensors: Named<NdArray>, joined: Joined): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, array]): [string, NdArray][] => {
      const [, place, component = "", leaf] = /^((?:.*\.)?([^.]+))\.([^.]+)$/.exec(name) ?? [];
      const parts = partsOf(component, joined);
      const [rows = 0, ...rest] = array.shape;
      if (parts.length === 0 || rows === 0 || rows % parts.length !== 0) return [[name, array]];
      const shape = [rows / parts.length, ...rest];
      const size = sizeOf(shape);
      return parts.map((part, i) => [
        `${place}.${part}.${leaf}`,
        ndarray(array.dtype, shape, array.data.subarray(i * size, (i + 1) * size)),
      ]);
    }),
  );
}

/** The way back. Throws Error where a part is missing. */
export function join(tensors: Named<NdArray>, joined: Joined): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, array]): [string, NdArray][] => {
      const found = wholeOf(name, joined);
      if (found === null) return [[name, array]];
      const parts = found.parts.map((part) => {
        if (!Object.hasOwn(tensors, part)) throw new Error(`${found.whole}: ${part} is missing`);
        return tensors[part];
      });
      return found.index === 0 ? [[found.whole, stacked(parts)]] : [];
    }),
  );
}

/** What a part belongs to; null for what is no part. */
export function wholeOf(
  name: string,
  joined: Joined,
): { readonly whole: string; readonly parts: readonly string[]; readonly index: number } | null {
  const [, whole, component, part, leaf] = /^((?:.*\.)?([^.]+))\.([^.]+)\.([^.]+)$/.exec(name) ?? [];
  if (component === undefined) return null;
  const names = partsOf(component, joined);
  const index = names.indexOf(part);
  if (index < 0) return null;
  return { whole: `${whole}.${leaf}`, parts: names.map((each) => `${whole}.${each}.${leaf}`), index };
}

/** What a place of that name is made of; nothing where it is not joined. */
function partsOf(component: string, joined: Joined): readonly string[] {
  return Object.hasOwn(joined, component) ? joined[component] : [];
}

function stacked(arrays: readonly NdArray[]): NdArray {
  const [{ dtype, shape }] = arrays;
  const data = allocate(
    dtype,
    arrays.reduce((total, array) => total + array.data.length, 0),
  );
  let start = 0;
  for (const array of arrays) {
    (data as Float32Array).set(array.data as Float32Array, start);
    start += array.data.length;
  }
  return ndarray(dtype, [arrays.reduce((rows, array) => rows + array.shape[0], 0), ...shape.slice(1)], data);
}
