/** CLIP's tokenizer as the libraries of Hugging Face read it. */
import { endText, mergesIn, startText, symbolsOf } from "./tokenizer.ts";

/**
 * `tokenizer.json` and `tokenizer_config.json` of CLIP's byte pairs. merges: the text of its list. length: most ids of a text.
 *
 * Its ids are those of `createTokenizer` for ordinary text; of the repair there it does a part: NFC, straight quotes, single
 * spaces, small letters. Mis-decoded bytes, ligatures and HTML entities stay as they are. Padded with the end.
 */
export function tokenizerJson(
  merges: string,
  { length }: { readonly length: number },
): { readonly "tokenizer.json": string; readonly "tokenizer_config.json": string } {
  const pairs = mergesIn(merges);
  const vocab = Object.fromEntries(symbolsOf(pairs).map((symbol, id) => [symbol, id]));
  const special = (content: string) => ({
    ...{ id: vocab[content], content, single_word: false, lstrip: false, rstrip: false },
    ...{ normalized: false, special: true },
  });
  const replace = (pattern: string, content: string) => ({ type: "Replace", pattern: { Regex: pattern }, content });
  const tokenizer = {
    ...{ version: "1.0", truncation: null, padding: null },
    added_tokens: [special(startText), special(endText)],
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "NFC" },
        replace("[\u2018-\u201b]", "'"),
        replace("[\u201c-\u201f]", '"'),
        replace("\\s+", " "),
        { type: "Strip", strip_left: true, strip_right: true },
        { type: "Lowercase" },
      ],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        {
          type: "Split",
          pattern: { Regex: "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+" },
          ...{ behavior: "Removed", invert: true },
        },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: {
      type: "RobertaProcessing",
      sep: [endText, vocab[endText]],
      cls: [startText, vocab[startText]],
      ...{ trim_offsets: false, add_prefix_space: false },
    },
    decoder: { type: "ByteLevel", add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...{ type: "BPE", dropout: null, unk_token: endText, continuing_subword_prefix: "", end_of_word_suffix: "</w>" },
      ...{ fuse_unk: false, byte_fallback: false, vocab, merges: pairs },
    },
  };
  const config = {
    ...{ bos_token: startText, eos_token: endText, pad_token: endText, unk_token: endText },
    ...{ clean_up_tokenization_spaces: true, do_lower_case: true, model_max_length: length },
    tokenizer_class: "CLIPTokenizer",
  };
  return {
    "tokenizer.json": JSON.stringify(tokenizer),
    "tokenizer_config.json": `${JSON.stringify(config, null, 2)}\n`,
  };
}
