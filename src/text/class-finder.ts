/** Which classes a text names: their words as they are, in the plural, and of several words. */
import { isNounAt } from "./noun-at.ts";
import type { Tagger } from "./nouns.ts";
import { pennWords } from "./penn-words.ts";
import { pluralsOf, singularsOf } from "./plurals.ts";
import { taggedCaption } from "./tagged-caption.ts";

/** A class as people say it. */
export interface NamedClass {
  readonly name: string;
  readonly words?: readonly string[];
  /** Nothing that a text would name. */
  readonly background?: boolean;
}

/** What tells of a text which of the classes it names, by their place in the list, ascending. */
export type ClassFinder = (text: string) => readonly number[];

/**
 * Finds a class's name and `words` in texts, whatever their case, in singular and plural; `_` and `-` in them stand for spaces. Where one
 * word is part of another that is there too, the longer one alone counts: a wine glass is no glass. What follows must be a noun there, as the
 * tagger has it: an orange car is no orange. Words of two classes name both.
 */
export function classFinder(classes: readonly NamedClass[], tagger: Tagger): ClassFinder {
  const known = new Map<string, Set<number>>();
  for (const [index, { name, words = [], background }] of classes.entries()) {
    if (background) continue;
    for (const form of [name, ...words].flatMap(formsOf)) known.set(form, (known.get(form) ?? new Set()).add(index));
  }
  const longest = Math.max(0, ...[...known.keys()].map((form) => form.split(" ").length));
  return (text) => {
    const tagged = taggedCaption(text);
    const words = tagged?.map(([word]) => word) ?? pennWords(text);
    const plain = words.map((word) => word.toLowerCase());
    const found: { readonly first: number; readonly last: number; readonly classes: ReadonlySet<number> }[] = [];
    for (let at = 0; at < plain.length; at++) {
      for (let length = Math.min(longest, plain.length - at); length > 0; length--) {
        const named = known.get(plain.slice(at, at + length).join(" "));
        if (named === undefined) continue;
        found.push({ first: at, last: at + length - 1, classes: named });
        at += length - 1;
        break;
      }
    }
    if (found.length === 0) return [];
    // Only now, as it takes the most time.
    const tags = tagged ?? tagger.tag(words);
    // Tags that a caption brings are believed; the tagger's are looked at with their neighbours.
    const isNoun = (first: number, last: number) =>
      tagged === undefined ? isNounAt(tags, first, last) : tags[last][1].startsWith("NN");
    const named = found.filter(({ first, last }) => isNoun(first, last)).flatMap((each) => [...each.classes]);
    return [...new Set(named)].sort((a, b) => a - b);
  };
}

/** `Wine_glass` → wine glass, wine glasses; `people` → people, peoples, person. */
function formsOf(name: string): string[] {
  const words = name
    .toLowerCase()
    .split(/[\s_-]+/)
    .filter((word) => word !== "");
  const last = words.pop();
  if (last === undefined) return [];
  return [last, ...pluralsOf(last), ...singularsOf(last)].map((form) => [...words, form].join(" "));
}
