/** Where words that are nouns and verbs alike (faces, books) are taken for the wrong one, which their neighbours tell. */
import type { TaggedWord } from "./nouns.ts";

/** Forms that a plural, or a singular, shares with a verb. */
const finite: ReadonlySet<string> = new Set(["VB", "VBP", "VBZ"]);

/** What stands before a participle that describes a noun: nothing, or what begins a noun phrase. */
const openers: ReadonlySet<string> = new Set(["", "DT", "PRP$", "CD", "JJ", "IN", "CC", ","]);

/**
 * Whether the words from `first` to `last` are a noun. A verb behind a number, an adjective or a participle that describes it is one (two
 * faces, smiling faces). A plural between a singular or a pronoun and an article is none (a person books a flight), since no noun phrase
 * begins right behind another. Without an article behind, nothing tells: dogs may train in a park, or dog trains be there.
 */
export function isNounAt(tagged: readonly TaggedWord[], first: number, last: number): boolean {
  const tagAt = (at: number) => tagged[at]?.[1] ?? "";
  const [tag, before, after] = [tagAt(last), tagAt(first - 1), tagAt(last + 1)];
  if (finite.has(tag)) {
    const isDescribed = (before === "VBG" || before === "VBN") && openers.has(tagAt(first - 2));
    return before === "CD" || before === "JJ" || isDescribed;
  }
  if (!tag.startsWith("NN")) return false;
  const isVerb = tag === "NNS" && first === last && ["NN", "NNP", "PRP"].includes(before);
  return !(isVerb && (after === "DT" || after === "PRP$"));
}
