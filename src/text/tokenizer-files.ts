import { InputError, isObject, problem, shown } from "../errors.ts";
import { parseJson } from "../platform/json.ts";
import { createTokenizer, type Tokenizer } from "./tokenizer.ts";

/** Texts of the files of a Hugging Face model: `tokenizer.json`, or `vocab.json` and `merges.txt`. */
export interface TokenizerFiles {
  readonly "tokenizer.json"?: string;
  readonly "vocab.json"?: string;
  readonly "merges.txt"?: string;
}

/**
 * CLIP's tokenizer out of a model's own files; `tokenizer.json` goes first where both are there. where: the folder, for
 * messages. Throws InputError naming the file that is missing or broken, and for tokenizers of another kind.
 * Differs from Hugging Face's: text is repaired as CLIP does it, HTML entities are decoded, and zeros follow the end.
 */
export function tokenizerFromFiles(files: TokenizerFiles, where: string): Tokenizer {
  const whole = files["tokenizer.json"];
  if (whole !== undefined) return fromWhole(whole, `${where}/tokenizer.json`);
  const [vocabulary, merges] = [files["vocab.json"], files["merges.txt"]];
  if (vocabulary === undefined || merges === undefined) {
    const expected = "expected tokenizer.json, or vocab.json and merges.txt";
    const got = vocabulary === undefined ? (merges === undefined ? "none of them" : "no vocab.json") : "no merges.txt";
    throw new InputError(problem(where, expected, got, "Fetch the model's tokenizer files too."));
  }
  const place = `${where}/vocab.json`;
  return createTokenizer(merges, { vocabulary: idsOf(json(vocabulary, place), place), where: `${where}/merges.txt` });
}

function fromWhole(text: string, where: string): Tokenizer {
  const { model, added_tokens: added } = fields(json(text, where), where);
  const { type, vocab, merges, end_of_word_suffix: suffix } = fields(model, where);
  if ((type !== undefined && type !== "BPE") || suffix !== "</w>" || !Array.isArray(merges)) {
    const got = `${shown(type ?? "no type")} with the word ending ${shown(suffix)}`;
    throw new InputError(problem(where, "expected CLIP's byte pairs, which end words with </w>", got, remedy));
  }
  const vocabulary = new Map(idsOf(vocab, where));
  for (const each of Array.isArray(added) ? (added as unknown[]) : []) {
    if (isObject(each) && typeof each.content === "string" && isId(each.id)) vocabulary.set(each.content, each.id);
  }
  const pairs = merges.map((pair: unknown) => (Array.isArray(pair) ? pair.join(" ") : String(pair)));
  return createTokenizer(pairs, { vocabulary, where });
}

const remedy = "Use the files of a CLIP or GroupViT model.";

function json(text: string, where: string): unknown {
  try {
    return parseJson(text.replace(/^\ufeff/, ""));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InputError(problem(where, "expected JSON", "broken JSON", remedy));
  }
}

function fields(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value;
  throw new InputError(problem(where, "expected a tokenizer", shown(value), remedy));
}

/** Ids are whole numbers, each of one symbol. */
function idsOf(value: unknown, where: string): Map<string, number> {
  const entries = Object.entries(fields(value, where));
  const bad = entries.find(([, id]) => !isId(id));
  if (bad !== undefined) {
    throw new InputError(problem(`${where}: ${shown(bad[0])}`, "expected an id", shown(bad[1]), remedy));
  }
  const ids = new Map(entries as [string, number][]);
  if (new Set(ids.values()).size === ids.size && ids.size > 0) return ids;
  throw new InputError(problem(where, "expected an id of its own for each symbol", "some twice, or none", remedy));
}

function isId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 24;
}
