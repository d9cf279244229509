/** What the checks of a method's parts share: one sentence for all that is wrong, and what values may be. */
import { isLabelKind, labelKinds } from "../data/labels.ts";
import { InputError } from "../errors.ts";

/** A value that is said to be T, before anything about it is known. */
export type Unknown<T> = { readonly [Key in keyof T]?: unknown };

export const kindNames = labelKinds.join(", ");

export function isKinds(value: unknown): boolean {
  return Array.isArray(value) && value.every(isLabelKind);
}

export function isSize(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((side) => Number.isSafeInteger(side) && side > 0);
}

export function isByte(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255;
}

export function isText(value: unknown): boolean {
  return typeof value === "string" && value.trim() !== "";
}

interface Requirements {
  require(holds: boolean, expected: string, got: string): void;
  functions(value: object, needed: readonly string[], optional: readonly string[]): void;
}

/** A function, so that a check is one line. */
export function failure(where: string): (expected: string, got: string) => never {
  return (expected, got) => {
    throw new InputError(`${where}: expected ${expected}, got ${got}. Correct the method.`);
  };
}

export function requirementsOf(where: string): Requirements {
  const fail = failure(where);
  const require: Requirements["require"] = (holds, expected, got) => {
    if (!holds) fail(expected, got);
  };
  return {
    require,
    functions(value, needed, optional) {
      for (const name of [...needed, ...optional]) {
        const kind = typeof (value as Readonly<Record<string, unknown>>)[name];
        const fits = kind === "function" || (kind === "undefined" && optional.includes(name));
        require(fits, `a function ${name}`, kind === "undefined" ? "none" : kind);
      }
    },
  };
}
