import type { NdArray } from "../array/ndarray.ts";
import { bytesOfArray, tensorProto } from "./tensor-proto.ts";
import type { TensorProto } from "./wire.ts";

/** FNV-1a over the bytes: equal arrays collide, different ones rarely. */
function hash(bytes: Uint8Array): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) value = Math.imul(value ^ bytes[i], 0x01000193);
  return value >>> 0;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Constants of a graph as initializers; equal ones are stored once. */
export class ConstantPool {
  readonly tensors: TensorProto[] = [];
  readonly #prefix: string;
  readonly #known = new Map<string, { readonly name: string; readonly bytes: Uint8Array }[]>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The name of the initializer with these numbers. */
  nameOf(array: NdArray): string {
    const bytes = bytesOfArray(array);
    const key = `${array.dtype} ${array.shape} ${hash(bytes)}`;
    const candidates = this.#known.get(key) ?? [];
    const equal = candidates.find((candidate) => sameBytes(candidate.bytes, bytes));
    if (equal !== undefined) return equal.name;
    const name = `${this.#prefix}:${this.tensors.length + 1}`;
    this.#known.set(key, [...candidates, { name, bytes }]);
    this.tensors.push(tensorProto(array, name));
    return name;
  }
}
