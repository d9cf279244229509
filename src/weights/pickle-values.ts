/** What a pickle may consist of, and how it is called in messages. */

/** What a pickle may do with one global of Python. One without handlers can be named, but not called. */
export interface Global {
  /** What a call gives (REDUCE, NEWOBJ). */
  call?(args: readonly unknown[]): unknown;
  /** Lets a pickle set the state of what `call` gave (BUILD). */
  build?(target: unknown, state: unknown): void;
}

/** A global as it stands among the values. `name` is its key in the list of what is allowed. */
export class GlobalReference {
  readonly name: string;
  readonly global: Global;

  constructor(name: string, global: Global) {
    this.name = name;
    this.global = global;
  }
}

/** An object of a class that is not known: it stands for itself. */
export class PassedBy {
  /** Its class, by "module name". */
  readonly name: string;
  /** What BUILD gave it, in most cases the dictionary of its attributes: values like others, which nothing was done with. */
  state: unknown = null;

  constructor(name: string) {
    this.name = name;
  }
}

/** Far more than state dictionaries need, and little enough for memory. */
export const limits = {
  stack: 1_000_000,
  memo: 1_000_000,
  /** Lists, tuples, dictionaries, byte strings and results of calls. */
  objects: 1_000_000,
  /** Put into lists and dictionaries, or handed to calls in lists. */
  items: 2_000_000,
  marks: 1000,
  nesting: 100,
  stringBytes: 2 ** 24,
  integerBytes: 256,
  lineBytes: 1024,
};

/** A value's kind in words, for messages. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return Object.isFrozen(value) ? "a tuple" : "a list";
  if (value instanceof Map) return "a dictionary";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof GlobalReference) return value.name.replace(" ", ".");
  if (value instanceof PassedBy) return `an object of ${quote(value.name.replace(" ", "."))}`;
  if (typeof value === "string") return "text";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** Words from the file for a message: one line, printable, not long. */
export function quote(text: string): string {
  const harmless = text.replace(/[^\x20-\x7e]+/g, "?");
  return harmless.length > 80 ? `${harmless.slice(0, 80)}…` : harmless;
}
