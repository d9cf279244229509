/**
 * The few kinds of failure that TESSERA expects. Everything else that is thrown is our own bug and shows its stack.
 *
 * A message reads `<where>: <expected>, got <what>. <what to do>` on one line.
 */

/**
 * Something given to us is wrong: a file, a folder, a shape, a number. The command line exits with 1.
 *
 * The message is made one harmless line of readable length here, because it may quote names out of files that
 * strangers wrote.
 */
export class InputError extends Error {
  override readonly name: string = "InputError";

  constructor(message: string) {
    const half = 2000;
    const text = message.length <= 2 * half ? message : `${message.slice(0, half)} … ${message.slice(-half)}`;
    super(oneLine(text));
  }
}

/** The command line was used wrongly: an unknown command, option or key. The command line exits with 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The user asked to stop (Ctrl-C). The command line exits with 130. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
}

/** What a terminal may take for an order: control characters, and turns of the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is found here
export const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text with line breaks as spaces and control characters as "?": names in files and of files may hold anything, such as
 * codes that rewrite a terminal or turn the direction of writing.
 */
export function oneLine(text: string): string {
  const lines = text.split(/[\r\n\u2028\u2029]+/);
  const line = lines.length === 1 ? text : lines.map((part) => part.trim()).join(" ");
  return line.replace(controlCharacters, "?");
}

/** The first `most` names and how many more there are: `a, b and 3 more`. */
export function listed(names: readonly string[], most: number): string {
  const some = names.slice(0, most).join(", ");
  return names.length > most ? `${some} and ${names.length - most} more` : some;
}

/** Builds the one line that every expected error consists of. */
export function problem(where: string, expected: string, got: string, remedy: string): string {
  return `${where}: ${expected}, got ${got}. ${remedy}`;
}

/** A value that was given as a part of a message: JSON, or the number where JSON has none, cut after 60 characters. */
export function shown(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value, beginnings) ?? "none");
  return text.length > 60 ? `${text.slice(0, 60)} …` : text;
}

/** Of millions of numbers only the first can be seen: all of them as text would be longer than a string can be. */
function beginnings(_: string, value: unknown): unknown {
  if (!ArrayBuffer.isView(value) || !("length" in value)) return value;
  const numbers = value as unknown as ArrayLike<number | bigint>;
  const count = Math.min(numbers.length, 60);
  return Object.fromEntries(Array.from({ length: count }, (_each, i) => [i, Number(numbers[i])]));
}

/** The code of an error of the system or of Node, such as ENOENT; "" where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Whether a value that was given has fields: no list, and not null. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The entry of `known` nearest to `word` by edit distance, or undefined if none is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  // Two letters of three are another word.
  let bestDistance = Math.max(Math.min(2, word.length - 2), Math.floor(word.length / 2)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** ` Did you mean X?` when something known is near, otherwise a list of what is known. */
export function suggestion(word: string, known: Iterable<string>): string {
  const names = [...known];
  const near = nearest(word, names);
  return near === undefined ? `Known: ${names.join(", ")}.` : `Did you mean ${near}?`;
}

/** Letters that are added, left out or another; two neighbours that changed places are one slip. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(Math.min(substitution, row[j] + 1, next[j - 1] + 1, isSwap ? before[j - 2] + 1 : Infinity));
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}
