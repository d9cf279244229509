import type { Random } from "../array/random.ts";
import { nounPhrasesOf, nounsOf, type Tagger } from "./nouns.ts";
import { pennWords } from "./penn-words.ts";
import { plainCaption, taggedCaption } from "./tagged-caption.ts";
import { templateSets } from "./templates.ts";

/** template: with `{}` where `name` goes, as often as it stands there. */
export function filledTemplate(template: string, name: string): string {
  return template.replaceAll("{}", () => name);
}

/** Every word in every template, the templates of one word after another: [words · templates]. */
export function filledTemplates(words: readonly string[], templates: readonly string[]): string[] {
  return words.flatMap((word) => templates.map((template) => filledTemplate(template, word)));
}

/** Which words of a caption are made prompts of; `nounPhrase` takes `brown dog` for `dog`. */
export type WordKind = "noun" | "nounPhrase";

/** The words of a caption that prompts are made of. A caption that has tags needs no tagger, see `taggedCaption`. */
export function captionWords(caption: string, tagger: Tagger, kind: WordKind = "noun"): string[] {
  const tagged = taggedCaption(caption) ?? tagger.tag(pennWords(caption));
  return kind === "noun" ? nounsOf(tagged) : nounPhrasesOf(tagged);
}

export interface Prompts {
  readonly texts: readonly string[];
  /** What the first of them were made of; the others are the caption. */
  readonly words: readonly string[];
}

/**
 * Further texts for a photograph (Xu et al. 2022, section 3.3, and the authors' code): as many of `words` as there are, at most
 * `count`, drawn without replacement, each in one of the 80 templates, drawn evenly; what is lacking is the caption itself. The
 * same `random` gives the same prompts. words: `captionWords` of this caption, or of others that say the same.
 */
export function promptsOf(caption: string, words: readonly string[], count: number, random: Random): Prompts {
  if (count === 0) return { texts: [], words: [] };
  const drawn = random.shuffle(words).slice(0, count);
  const prompts = drawn.map((word) => filledTemplate(random.pick(templateSets.full), word));
  const plain = plainCaption(caption);
  return { texts: [...prompts, ...Array.from({ length: count - prompts.length }, () => plain)], words: drawn };
}
