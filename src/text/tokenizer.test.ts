import { describe, expect, test } from "vitest";
import { byteAlphabet } from "./byte-pairs.ts";
import { clipTokenizer } from "./clip-tokenizer.ts";
import { createTokenizer } from "./tokenizer.ts";

/** Enough to write "cat" as one symbol and "at" as another. */
const merges = ["c a", "a t</w>", "ca t</w>"];
const small = createTokenizer(merges);
const text = (tokenizer: typeof small, caption: string) => tokenizer.decode(tokenizer.encode(caption));

test("ids are the bytes, the bytes at the end of words, the merges, start and end", () => {
  expect(small.size).toBe(256 + 256 + 3 + 2);
  expect(small.encode("cat")).toEqual([514]);
  expect(small.encode("at")).toEqual([513]);
  expect(small.encode("ca!")).toEqual([byteAlphabet.indexOf("c"), 256 + byteAlphabet.indexOf("a"), 256]);
  expect([small.start, small.end]).toEqual([515, 516]);
});

test("all occurrences of a pair are merged, from the left on", () => {
  const { encode, decode } = createTokenizer(["a a", "b b", "aa b"]);
  expect(encode("aaaab!").map((id) => decode([id]))).toEqual(["aa", "aa", "b ", "! "]);
});

describe("the context of a text encoder", () => {
  test.each([
    ["cat cat", 6, [515, 514, 514, 516, 0, 0]],
    ["cat cat", 4, [515, 514, 514, 516]],
    ["cat cat", 3, [515, 514, 516]],
    ["", 3, [515, 516, 0]],
    ["cat<|endoftext|>cat", 6, [515, 514, 516, 514, 516, 0]],
  ])("%s in %i", (caption, length, ids) => {
    expect([...small.contextIds(caption, length)].map(Number)).toEqual(ids);
  });
});

describe("damaged text is repaired", () => {
  test.each([
    ["Ã¢â‚¬Å“cafÃƒÂ©Ã¢â‚¬Â\u009d", '"café"'], // twice mis-decoded
    ["l\u2019\ufb01lm \uff21\uff22", "l'film ab"],
    ["\u001b[31mred\u001b[0m\u0007 dog", "red dog"],
    ["a&amp;amp;b &eacute;&#233; &#x1;&notit;", "a&b éé ¬it;"],
    ["&lt;b&gt; & < c", "<b> & < c"],
    ["lone \ud83d surrogate", "lone \ufffd surrogate"],
    ["dog\u00a0\u2028\u3000cat\ufeff", "dog cat"],
    ["KÜCHE", "küche"],
  ])("%j", async (damaged, whole) => {
    const tokenizer = await clipTokenizer();
    expect(tokenizer.encode(damaged)).toEqual(tokenizer.encode(whole));
    expect(text(tokenizer, damaged).replace(/ /g, "")).toBe(whole.replace(/ /g, ""));
  });
});

test("numbers that are no ids are refused", () => {
  expect(() => small.decode([517])).toThrow("ids: expected ids of 517 symbols, got 517.");
});
