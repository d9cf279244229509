/**
 * Python's pickle format (protocols 1 to 5, CPython's Lib/pickletools.py), restricted. A pickle is a program for a
 * small stack machine that may name any Python function and have it called; here it can call only what the caller
 * lists, and nothing is ever run but the caller's own handlers. Refused altogether: sets, EXT opcodes, old-style
 * classes (INST, OBJ), out-of-band buffers, and the opcodes of protocol 0, which are lines of text.
 */
import { Machine, refused, type UnpickleOptions, unlisted } from "./pickle-machine.ts";
import { operations } from "./pickle-opcodes.ts";
import { GlobalReference, limits } from "./pickle-values.ts";

/**
 * The value of the pickle at `start`, and the position after its STOP (old files hold several, one after another).
 *
 * Dictionaries become Map (with keys that are strings, numbers or null), tuples frozen arrays, lists arrays, integers
 * number or, beyond 2⁵³, bigint, byte strings Uint8Array (views). A value may occur at several places of the result,
 * but none contains itself, and containers nest at most 100 deep.
 *
 * Throws InputError that starts with `where` (the file's name) when the pickle is damaged, names a global that is not
 * allowed, or exceeds a limit.
 */
export function unpickle(
  bytes: Uint8Array,
  where = "pickle",
  options: UnpickleOptions = {},
): { value: unknown; end: number } {
  const machine = new Machine(bytes, where, options);
  while (!step(machine));
  const value = machine.result();
  checkNesting(value, where);
  checkGlobals(value, machine);
  return { value, end: machine.at };
}

const stop = 0x2e;

/** Does the next opcode; true if it was STOP. */
function step(machine: Machine): boolean {
  const code = machine.bytes[machine.take(1)];
  if (code === stop) return true;
  const operation = operations[code];
  if (operation === undefined) {
    throw machine.damaged("an opcode that tensors need", `${code} at byte ${machine.at - 1}`);
  }
  operation(machine);
  return false;
}

/** Containers within containers, counted along the longest way down; one that contains itself has no end. */
function checkNesting(value: unknown, where: string, level = 0, heights = new Map<unknown, number>()): number {
  if (!Array.isArray(value) && !(value instanceof Map)) return 0;
  const known = heights.get(value);
  if (level + (known ?? 1) > limits.nesting) {
    throw refused(where, `values nested at most ${limits.nesting} deep`, "more", "Do not use this file.");
  }
  if (known !== undefined) return known;
  let height = 1;
  for (const part of value.values()) height = Math.max(height, 1 + checkNesting(part, where, level + 1, heights));
  heights.set(value, height);
  return height;
}

/** A global that is not listed may belong to an object that was passed by, but is nothing by itself. */
function checkGlobals(value: unknown, machine: Machine, seen = new Set<unknown>()): void {
  if (value instanceof GlobalReference && value.global === unlisted)
    throw machine.unnamed(value.name.replace(" ", "."));
  if ((!Array.isArray(value) && !(value instanceof Map)) || seen.has(value)) return;
  seen.add(value);
  for (const part of value.values()) checkGlobals(part, machine, seen);
}
