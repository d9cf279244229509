import { describe, expect, test } from "vitest";
import { byteAlphabet } from "./byte-pairs.ts";
import { clipTokenizer } from "./clip-tokenizer.ts";
import { createTokenizer } from "./tokenizer.ts";
import { tokenizerFromFiles } from "./tokenizer-files.ts";

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

describe("files of a model", () => {
  const symbols = [...byteAlphabet, ...byteAlphabet.map((each) => `${each}</w>`), "ca", "at</w>", "cat</w>"];
  const vocabulary = Object.fromEntries([...symbols, "<|startoftext|>", "<|endoftext|>"].map((each, id) => [each, id]));
  const vocab = JSON.stringify(vocabulary);
  const model = { type: "BPE", vocab: vocabulary, merges, end_of_word_suffix: "</w>" };
  const whole = (changes: object) => ({ "tokenizer.json": JSON.stringify({ model: { ...model, ...changes } }) });

  test.each([
    ["vocab.json and merges.txt", { "vocab.json": vocab, "merges.txt": `#version: 0.2\n${merges.join("\n")}\n` }],
    ["merges.txt of Windows", { "vocab.json": vocab, "merges.txt": `#version: 0.2\r\n${merges.join("\r\n")}\r\n` }],
    ["tokenizer.json", whole({})],
    ["tokenizer.json with pairs as lists", whole({ merges: merges.map((pair) => pair.split(" ")) })],
  ])("%s give the same ids", (_, files) => {
    const tokenizer = tokenizerFromFiles(files, "model");
    for (const caption of ["a cat at Café 42", "🐱<|endoftext|>"])
      expect(tokenizer.encode(caption)).toEqual(small.encode(caption));
  });

  test("ids may be others than CLIP's", () => {
    const turned = Object.fromEntries(Object.entries(vocabulary).map(([symbol, id]) => [symbol, 600 - id]));
    const tokenizer = tokenizerFromFiles(
      { "vocab.json": JSON.stringify(turned), "merges.txt": merges.join("\n") },
      "m",
    );
    expect(tokenizer.encode("cat")).toEqual([600 - 514]);
    expect(tokenizer.size).toBe(601);
  });

  test.each([
    ["none", {}, "model: expected tokenizer.json, or vocab.json and merges.txt, got none of them."],
    ["half", { "vocab.json": vocab }, "got no merges.txt."],
    ["broken", { "tokenizer.json": "{" }, "model/tokenizer.json: expected JSON, got broken JSON."],
    ["other", whole({ type: "WordPiece" }), "expected CLIP's byte pairs, which end words with </w>, got"],
    ["no ending", whole({ end_of_word_suffix: undefined }), "expected CLIP's byte pairs"],
    ["no lists", { "tokenizer.json": "[]" }, "expected a tokenizer, got []."],
    ["ids that are none", whole({ vocab: { a: -1 } }), 'model/tokenizer.json: "a": expected an id, got -1.'],
    ["ids twice", whole({ vocab: { a: 1, b: 1 } }), "expected an id of its own for each symbol"],
    ["merges that are none", whole({ merges: ["a b c"] }), 'expected pairs of symbols, two a line, got "a b c".'],
    ["no start", whole({ vocab: { a: 0 } }), "expected the symbol <|startoftext|> in the vocabulary, got none."],
  ])("%s are refused", (_, files, message) => {
    expect(() => tokenizerFromFiles(files, "model")).toThrow(message);
  });

  test("a vocabulary that lacks a merged symbol is refused when it is needed", () => {
    const { "cat</w>": _, ...lacking } = vocabulary;
    const tokenizer = tokenizerFromFiles(whole({ vocab: lacking }), "model");
    expect(tokenizer.encode("at")).toEqual([513]);
    expect(() => tokenizer.encode("cat")).toThrow("expected the symbol cat</w> in the vocabulary, got none.");
  });
});
