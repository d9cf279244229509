/** CLIP's tokenizer (Radford et al. 2021; simple_tokenizer.py of openai/CLIP): text to the ids that its text encoders read. */

import { InputError, problem } from "../errors.ts";
import { byteAlphabet, byteCharacters, mergedSymbols, wordEnd } from "./byte-pairs.ts";
import { cleanText } from "./clean-text.ts";
import { linesOf } from "./lines.ts";

export interface Tokenizer {
  /** Ids are below this: 49,408 for CLIP. */
  readonly size: number;
  readonly start: number;
  readonly end: number;
  /** text: repaired, in small letters, and split → its ids, without start and end. */
  encode(text: string): number[];
  /**
   * What a text encoder is given: start, ids, end, then zeros, [length]. Longer texts are cut, and end with the end all
   * the same. length ≥ 2.
   */
  contextIds(text: string, length?: number): BigInt64Array;
  /** ids → text, with a space behind every word. Throws InputError for a number that is no id. */
  decode(ids: Iterable<number | bigint>): string;
}

/** Positions that CLIP's text encoders have. */
const contextLength = 77;

export const [startText, endText] = ["<|startoftext|>", "<|endoftext|>"];

/** Of CLIP's file, which has more lines than that, these are used. */
const mergesUsed = 48_894;

/** Most words whose ids are kept: captions repeat theirs. */
const wordsKept = 50_000;

const pieces = /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^ \p{L}\p{N}]+/giu;

/**
 * merges: pairs `left right`, the first to be merged first. Ids are numbered as CLIP's are: 256 bytes, the same at the end of
 * words, merges, start, end.
 */
export function createTokenizer(merges: readonly string[]): Tokenizer {
  const symbols = symbolsOf(merges);
  const ranks = new Map(merges.map((pair, rank) => [pair, rank]));
  const idOf = new Map(symbols.map((symbol, id) => [symbol, id]));
  const [start, end] = [idOf.get(startText)!, idOf.get(endText)!];
  const known = new Map<string, readonly number[]>([
    [startText, [start]],
    [endText, [end]],
  ]);
  const encoder = new TextEncoder();
  const idsOf = (piece: string): readonly number[] => {
    const found = known.get(piece);
    if (found !== undefined) return found;
    const word = Array.from(encoder.encode(piece), (byte) => byteCharacters[byte]).join("");
    const ids = mergedSymbols(word, ranks).map((symbol) => idOf.get(symbol)!);
    if (known.size < wordsKept) known.set(piece, ids);
    return ids;
  };
  const encode = (text: string) => (cleanText(text).match(pieces) ?? []).flatMap(idsOf);
  return {
    size: symbols.length,
    start,
    end,
    encode,
    contextIds(text, length = contextLength) {
      const ids = [start, ...encode(text), end];
      const context = new BigInt64Array(length);
      context.set(ids.slice(0, length).map(BigInt));
      if (ids.length > length) context[length - 1] = BigInt(end);
      return context;
    },
    decode(ids) {
      const bytes: number[] = [];
      const utf8 = (text: string) => bytes.push(...encoder.encode(text));
      for (const id of ids) {
        const symbol = symbols[Number(id)];
        if (symbol === undefined) {
          throw new InputError(problem("ids", `expected ids of ${symbols.length} symbols`, String(id), "Check them."));
        }
        if (id === start || id === end) utf8(symbol);
        else for (const character of withoutEnd(symbol)) bytes.push(byteOf.get(character) ?? 0x3f);
        if (symbol.endsWith(wordEnd)) utf8(" ");
      }
      return new TextDecoder().decode(Uint8Array.from(bytes));
    },
  };
}

const byteOf = new Map(byteCharacters.map((character, byte) => [character, byte]));

function withoutEnd(symbol: string): string {
  return symbol.endsWith(wordEnd) ? symbol.slice(0, -wordEnd.length) : symbol;
}

/** CLIP's symbols in the order of their ids, from its merges. */
export function symbolsOf(pairs: readonly string[]): string[] {
  const atEnd = byteAlphabet.map((character) => character + wordEnd);
  return [...byteAlphabet, ...atEnd, ...pairs.map((pair) => pair.replace(" ", "")), startText, endText];
}

/** The merges of a file that are used. */
export function mergesIn(text: string): string[] {
  const lines = linesOf(text);
  if (lines[0].includes("#version")) lines.shift();
  if (lines.at(-1) === "") lines.pop();
  return lines.slice(0, mergesUsed);
}
