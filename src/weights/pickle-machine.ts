import { InputError, problem } from "../errors.ts";
import { type Global, GlobalReference, kindOf, limits, PassedBy, quote } from "./pickle-values.ts";

export interface UnpickleOptions {
  /** The globals that may be named, by "module name", such as "collections OrderedDict". */
  readonly globals?: ReadonlyMap<string, Global>;
  /**
   * Passes by objects of classes that are not listed, such as a program's settings: neither the class nor what sets their
   * state is ever looked up. Calls of anything else that is not listed are refused as always. Default: all are refused.
   */
  readonly passObjects?: boolean;
  /** What stands for an object that is kept outside of the pickle. */
  readonly persistent?: (id: unknown) => unknown;
  /** Where the pickle begins. */
  readonly start?: number;
}

/** What stands for a global that is not listed where objects are passed by: it can be named and made an object of. */
export const unlisted: Global = {};

/** What opcodes work on: the stack, the marks on it, and the memo. */
export class Machine {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly where: string;
  readonly globals: ReadonlyMap<string, Global>;
  readonly persistent: ((id: unknown) => unknown) | undefined;
  readonly passObjects: boolean;
  readonly stack: unknown[] = [];
  /** Positions in the stack below which nothing is popped. */
  readonly marks: number[] = [];
  readonly memo = new Map<number, unknown>();
  /** What calls gave, and by which global: only these have a state that can be set. */
  readonly built = new Map<unknown, Global>();
  objects = 0;
  items = 0;
  at: number;

  constructor(
    bytes: Uint8Array,
    where: string,
    { globals = new Map(), persistent, passObjects = false, start = 0 }: UnpickleOptions,
  ) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.where = where;
    this.globals = globals;
    this.persistent = persistent;
    this.passObjects = passObjects;
    this.at = start;
  }

  result(): unknown {
    if (this.stack.length !== 1 || this.marks.length > 0) throw this.damaged("one value", `${this.stack.length}`);
    return this.stack[0];
  }

  /** Moves past `length` bytes and gives where they began. */
  take(length: number): number {
    if (length > this.bytes.length - this.at) {
      throw this.damaged(`${length} bytes from ${this.at}`, `${this.bytes.length - this.at}`);
    }
    this.at += length;
    return this.at - length;
  }

  /** An unsigned length or index of 1, 2, 4 or 8 bytes. Beyond 2⁵³ it is not exact, but then refused. */
  unsigned(width: 1 | 2 | 4 | 8): number {
    const at = this.take(width);
    if (width === 1) return this.bytes[at];
    if (width === 2) return this.view.getUint16(at, true);
    return width === 4 ? this.view.getUint32(at, true) : Number(this.view.getBigUint64(at, true));
  }

  data(length: number): Uint8Array {
    if (length > limits.stringBytes) throw this.tooMuch("bytes in a string", limits.stringBytes, length);
    const at = this.take(length);
    return this.bytes.subarray(at, at + length);
  }

  text(bytes: Uint8Array): string {
    try {
      return utf8.decode(bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw this.damaged("text in UTF-8", "other bytes");
    }
  }

  /** Text up to a line break, as in opcodes of protocol 0. */
  line(): string {
    const rest = this.bytes.subarray(this.at, this.at + limits.lineBytes);
    const length = rest.indexOf(10);
    if (length < 0) throw this.damaged(`a line of at most ${limits.lineBytes} bytes`, "a longer one or the end");
    const at = this.take(length + 1);
    return this.text(this.bytes.subarray(at, at + length));
  }

  push(value: unknown): void {
    if (this.stack.length >= limits.stack) throw this.tooMuch("values on the stack", limits.stack);
    this.stack.push(value);
  }

  /** Pushes something that takes memory of its own. */
  pushNew(value: unknown): void {
    if (++this.objects > limits.objects) throw this.tooMuch("objects", limits.objects);
    this.push(value);
  }

  count(items: number): void {
    this.items += items;
    if (this.items > limits.items) throw this.tooMuch("items of lists and dictionaries", limits.items);
  }

  pop(): unknown {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw this.damaged("a value on the stack", "none");
    return this.stack.pop();
  }

  top(): unknown {
    const value = this.pop();
    this.stack.push(value);
    return value;
  }

  popMany(count: number): unknown[] {
    const values = Array.from({ length: count }, () => this.pop());
    return values.reverse();
  }

  mark(): void {
    if (this.marks.length >= limits.marks) throw this.tooMuch("marks", limits.marks);
    this.marks.push(this.stack.length);
  }

  /** The values above the last mark, which goes away with them. */
  popToMark(): unknown[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.damaged("a mark on the stack", "none");
    return this.stack.splice(mark);
  }

  get(index: number): void {
    if (!this.memo.has(index)) throw this.damaged("a value kept before", `number ${index}`);
    this.push(this.memo.get(index));
  }

  put(index: number): void {
    const value = this.top();
    if (this.memo.size >= limits.memo && !this.memo.has(index)) throw this.tooMuch("values kept", limits.memo);
    this.memo.set(index, value);
  }

  append(values: readonly unknown[]): void {
    const list = this.top();
    this.count(values.length);
    if (list instanceof PassedBy) return;
    if (!Array.isArray(list) || Object.isFrozen(list)) throw this.damaged("a list to append to", kindOf(list));
    for (const value of values) list.push(value);
  }

  setItems(pairs: readonly unknown[]): void {
    const map = this.top();
    this.count(Math.ceil(pairs.length / 2));
    if (map instanceof PassedBy) return;
    if (!(map instanceof Map)) throw this.damaged("a dictionary to set items of", kindOf(map));
    if (pairs.length % 2 !== 0) throw this.damaged("pairs of keys and values", `${pairs.length} values`);
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i];
      if (typeof key === "object" && key !== null) throw this.damaged("keys that are text or numbers", kindOf(key));
      map.set(key, pairs[i + 1]);
    }
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== "string" || typeof name !== "string") throw this.damaged("a global's name", kindOf(name));
    const key = `${module} ${name}`;
    const global = this.globals.get(key) ?? (this.passObjects ? unlisted : undefined);
    if (global === undefined) throw this.unnamed(`${module}.${name}`);
    this.pushNew(new GlobalReference(key, global));
  }

  /** NEWOBJ: an object of a class that is not listed, or what a call gives. */
  create(): void {
    const args = this.pop();
    const target = this.top();
    if (!(target instanceof GlobalReference) || target.global !== unlisted) {
      this.push(args);
      this.call();
    } else {
      this.pop();
      this.pushNew(new PassedBy(target.name));
    }
  }

  call(): void {
    const args = this.pop();
    const target = this.pop();
    if (!(target instanceof GlobalReference)) throw this.unsafe(`a call of ${kindOf(target)}, which could run code`);
    const { global } = target;
    if (global === unlisted) throw this.unnamed(target.name.replace(" ", "."));
    if (global.call === undefined) throw this.unsafe(`a call of ${kindOf(target)}, which could run code`);
    if (!Array.isArray(args) || !Object.isFrozen(args)) throw this.damaged("a tuple of arguments", kindOf(args));
    // A few bytes can hand the same long list over again and again, and what is made of it takes memory each time.
    for (const arg of args) if (Array.isArray(arg)) this.count(arg.length);
    const result = global.call(args);
    if (typeof result === "object" && result !== null) this.built.set(result, global); // primitives have no identity
    this.pushNew(result);
  }

  build(): void {
    const state = this.pop();
    const target = this.top();
    if (target instanceof PassedBy) {
      target.state = state;
      return;
    }
    const build = this.built.get(target)?.build;
    if (build === undefined) throw this.unsafe(`a change of ${kindOf(target)} by BUILD, which could run code`);
    build(target, state);
  }

  external(): void {
    const id = this.pop();
    if (this.persistent === undefined) throw this.damaged("a whole pickle", "a reference to something outside of it");
    this.pushNew(this.persistent(id));
  }

  damaged(expected: string, got: string): InputError {
    return refused(this.where, expected, got, "The file is damaged or holds more than tensors; ask for safetensors.");
  }

  unsafe(got: string): InputError {
    return refused(this.where, "only tensors", got, "Do not use this file; ask for safetensors.");
  }

  unnamed(global: string): InputError {
    return this.unsafe(`a call of ${quote(global)}, which could run code`);
  }

  tooMuch(what: string, limit: number, got?: number): InputError {
    return refused(this.where, `at most ${limit} ${what}`, `${got ?? "more"}`, "Do not use this file.");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function refused(where: string, expected: string, got: string, remedy: string): InputError {
  return new InputError(problem(where, `expected ${expected}`, got, remedy));
}
