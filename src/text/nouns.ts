/** Words out of tagged captions, of which GroupViT makes further prompts (Xu et al. 2022, section 3.3, and the authors' code). */

/** A word with its part of speech, as the Penn Treebank names it: NN, VBZ, IN … */
export type TaggedWord = readonly [word: string, tag: string];

/** Says what part of speech each word of a sentence is. */
export interface Tagger {
  /** words: as `pennWords` gives them → the same words with their tags. */
  tag(words: readonly string[]): readonly TaggedWord[];
}

const nounTags: ReadonlySet<string> = new Set(["NN", "NNS", "NNP", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ"]);

/**
 * The words that the authors' code takes for nouns, in order, repeated ones as often as they occur: nouns but plural
 * names (NNPS), and every form of verbs. Differs from the paper, which says nouns.
 */
export function nounsOf(tagged: readonly TaggedWord[]): string[] {
  return tagged.filter(([, tag]) => nounTags.has(tag)).map(([word]) => word);
}

/**
 * Noun phrases as the authors' code finds them: the longest runs of nouns and adjectives (JJ) that end with a noun. Two
 * of its habits are kept, so that prompts are theirs: a phrase at the very end, with no word behind it, is lost; and one
 * that was found before is not dropped but waits, to be joined with the next.
 */
export function nounPhrasesOf(tagged: readonly TaggedWord[]): string[] {
  const phrases: string[] = [];
  let open: string[] = [];
  for (let at = 0; at < tagged.length; ) {
    const length = phraseLength(tagged, at);
    if (length > 0) {
      open.push(wordsOf(tagged.slice(at, at + length)));
      at += length;
      continue;
    }
    const phrase = open.join(" ");
    if (open.length > 0 && !phrases.includes(phrase)) {
      phrases.push(phrase);
      open = [];
    }
    at++;
  }
  return phrases;
}

/** Words from `start` on that are nouns or adjectives, up to the last noun among them; 0 where there is none. */
function phraseLength(tagged: readonly TaggedWord[], start: number): number {
  let length = 0;
  for (let at = start; at < tagged.length; at++) {
    const isNoun = tagged[at][1].startsWith("NN");
    if (!isNoun && tagged[at][1] !== "JJ") break;
    if (isNoun) length = at + 1 - start;
  }
  return length;
}

function wordsOf(tagged: readonly TaggedWord[]): string {
  return tagged.map(([word]) => word).join(" ");
}
