/** GroupViT's words: tokens, and nouns out of tagged captions. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { clipTokenizer } from "../../src/text/clip-tokenizer.ts";
import { nounPhrasesOf, nounsOf, type TaggedWord } from "../../src/text/nouns.ts";
import { goldenFolder } from "./cases.ts";

/** A file of cases; a set without it has none of them. */
function casesOf<Case>(file: string): { cases: readonly Case[] } & Record<string, unknown> {
  const path = join(goldenFolder, "groupvit", file);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { cases: [] };
}

interface TokenCase {
  readonly text: string;
  readonly ids: readonly number[];
  readonly decoded: string;
  readonly context_77_length: number;
  readonly context_77_sum: number;
}

const { cases, ...about } = casesOf<TokenCase>("tokenizer_cases.json");

describe.skipIf(cases.length === 0)("CLIP's tokenizer", () => {
  test("numbers its symbols as the authors do", async () => {
    const { size, start, end } = await clipTokenizer();
    expect({ vocab_size: size, start, end }).toEqual({
      vocab_size: about.vocab_size,
      start: about.start,
      end: about.end,
    });
  });

  test.each(cases.map((each) => [JSON.stringify(each.text).slice(0, 60), each] as const))("%s", async (_, golden) => {
    const { encode, decode, contextIds, end } = await clipTokenizer();
    expect(encode(golden.text)).toEqual(golden.ids);
    expect(decode(golden.ids)).toBe(golden.decoded);
    const context = [...contextIds(golden.text)].map(Number);
    expect(context.length).toBe(77);
    expect(context.reduce((sum, id) => sum + id, 0)).toBe(golden.context_77_sum);
    expect(context[golden.context_77_length - 1]).toBe(end);
    expect(context.slice(golden.context_77_length).every((id) => id === 0)).toBe(true);
  });
});

interface NounCase {
  readonly tagged: readonly TaggedWord[];
  readonly nouns: readonly string[];
  readonly noun_phrases: readonly string[];
}

const nouns = casesOf<NounCase>("noun_cases.json").cases;

describe.skipIf(nouns.length === 0)("words out of tagged captions", () => {
  test.each(nouns.map((each) => [each.tagged.map(([word]) => word).join(" "), each] as const))("%s", (_, golden) => {
    expect(nounsOf(golden.tagged)).toEqual(golden.nouns);
    expect(nounPhrasesOf(golden.tagged)).toEqual(golden.noun_phrases);
  });
});
