/** Words that are asked for, as the text encoder reads them. */
import { type NdArray, ndarray } from "../../array/ndarray.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { InputError, listed } from "../../errors.ts";
import { clipTokenizer } from "../../text/clip-tokenizer.ts";
import { filledTemplates } from "../../text/prompts.ts";
import { type TemplateSet, templateSets } from "../../text/templates.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { GroupViTSettings } from "./settings.ts";

let tokenizer: Tokenizer | undefined;

/** Loads what words become numbers by; until then none can be asked for. */
export async function loadWords(): Promise<void> {
  tokenizer ??= await clipTokenizer();
}

type TextPlaces = Pick<GroupViTSettings, "textContext">;

/** A caption and its prompts for training: [texts, textContext] int64. Throws where words are not loaded. */
export function textIds(texts: readonly string[], { textContext }: TextPlaces): NdArray {
  const { contextIds } = loaded();
  const ids = new BigInt64Array(texts.length * textContext);
  for (const [i, text] of texts.entries()) ids.set(contextIds(text, textContext), i * textContext);
  return ndarray("int64", [texts.length, textContext], ids);
}

/** What classes are asked for by. */
export interface AskedWords {
  /** The words of all classes but the background's, each in every template: [W, T, L] int64, L places at most `textContext`. */
  readonly ids: NdArray;
  /** Of each of these classes, how many words there are; their sum is W. */
  readonly counts: readonly number[];
}

/** Throws where words are not loaded. */
export function askedWords(classes: readonly ClassInfo[], templates: TemplateSet, settings: TextPlaces): AskedWords {
  const words = classes.map(({ name, words: own = [name] }) => own);
  const texts = filledTemplates(words.flat(), templateSets[templates]);
  const { shape, data } = textIds(texts, settings);
  const [rows, context] = shape;
  // Nothing is behind a text's end that changes it, so that padding beyond the longest is left out.
  const ids = data as BigInt64Array;
  let places = 1;
  for (let i = 0; i < ids.length; i++) if (ids[i] !== 0n) places = Math.max(places, (i % context) + 1);
  const cut = new BigInt64Array(rows * places);
  for (let row = 0; row < rows; row++) cut.set(ids.subarray(row * context, row * context + places), row * places);
  const count = templateSets[templates].length;
  return {
    ids: ndarray("int64", [rows / count, count, places], cut),
    counts: words.map(({ length }) => length),
  };
}

/** A line for words that the text encoder does not see whole, since they are longer than its context; none where it sees all. */
export function cutNotes(
  classes: readonly ClassInfo[],
  { templates, textContext }: TextPlaces & { readonly templates: TemplateSet },
): readonly string[] {
  const { encode } = loaded();
  const places = textContext - 2; // Of start and end.
  const isCut = (word: string) =>
    filledTemplates([word], templateSets[templates]).some((text) => encode(text).length > places);
  const words = classes.filter(({ background }) => !background).flatMap(({ name, words: own = [name] }) => own);
  const cut = words.filter(isCut).map((word) => `"${word}"`);
  if (cut.length === 0) return [];
  const what = cut.length === 1 ? "is" : "are";
  return [
    `${listed(cut, mostNamed)} ${what} longer than the ${places} symbols that the text encoder reads, templates included: the rest is not seen. Say it in fewer words.`,
  ];
}

/** Words that are named in a message. */
const mostNamed = 5;

/** Throws InputError where a network does not read the ids that words have here. */
export function requireVocabulary({ textVocabulary }: Pick<GroupViTSettings, "textVocabulary">): void {
  const { size } = loaded();
  if (textVocabulary >= size) return;
  throw new InputError(
    `groupvit: expected a text encoder with CLIP's vocabulary of ${size} symbols, got one with ${textVocabulary}. Words cannot be asked of it.`,
  );
}

/** The id that ends a text. Throws where words are not loaded. */
export function endToken(): number {
  return loaded().end;
}

function loaded(): Tokenizer {
  if (tokenizer !== undefined) return tokenizer;
  throw new Error("groupvit: words are not loaded; await ready() of the method first.");
}
