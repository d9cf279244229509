/**
 * The few kinds of failure that TESSERA expects. Everything else that is thrown is our own bug and shows its stack.
 *
 * A message reads `<where>: <expected>, got <what>. <what to do>` on one line.
 */

/** Something given to us is wrong: a file, a folder, a shape, a number. The command line exits with 1. */
export class InputError extends Error {
  override readonly name: string = "InputError";
}

/** The command line was used wrongly: an unknown command, option or key. The command line exits with 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The user asked to stop (Ctrl-C). The command line exits with 130. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
}

/** Builds the one line that every expected error consists of. */
export function problem(where: string, expected: string, got: string, remedy: string): string {
  return `${where}: ${expected}, got ${got}. ${remedy}`;
}

/** A value from a file as a part of a message: JSON, cut after 60 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "none";
  return text.length > 60 ? `${text.slice(0, 60)} …` : text;
}

/** The entry of `known` nearest to `word` by edit distance, or undefined if none is near enough to be meant. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 2)) + 1;
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

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}
