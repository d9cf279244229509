import { expect, test } from "vitest";
import { toNumbers } from "../../array/ndarray.ts";
import { clipTokenizer } from "../../text/clip-tokenizer.ts";
import { templateSets } from "../../text/templates.ts";
import { askedWords, cutNotes, loadWords, requireVocabulary, textIds } from "./words.ts";

const color = [0, 0, 0] as const;

test("words that are not loaded are no silent zeros", () => {
  expect(() => textIds(["a"], { textContext: 8 })).toThrow("await ready()");
});

test("a text is its ids up to the context, and ends with the end", async () => {
  await loadWords();
  const { contextIds, end } = await clipTokenizer();
  const ids = textIds(["a cat", "a very long text of many words indeed"], { textContext: 6 });
  expect(ids.shape).toEqual([2, 6]);
  expect(toNumbers(ids).slice(0, 6)).toEqual([...contextIds("a cat", 6)].map(Number));
  expect(toNumbers(ids).at(-1)).toBe(end);
});

test("classes are asked for by all their words in all templates, in no more places than the longest takes", async () => {
  await loadWords();
  const { contextIds } = await clipTokenizer();
  const classes = [
    { name: "sofa", color, words: ["sofa", "couch"] },
    { name: "lamp", color },
  ];
  const { ids, counts } = askedWords(classes, "subset", { textContext: 77 });
  expect(counts).toEqual([2, 1]);
  expect(ids.shape.slice(0, 2)).toEqual([3, 7]);
  const places = ids.shape[2];
  const rows = ["sofa", "couch", "lamp"].flatMap((word) => templateSets.subset.map((each) => each.replace("{}", word)));
  const whole = rows.map((text) => [...contextIds(text, 77)].map(Number));
  const longest = Math.max(...whole.map((row) => row.findLastIndex((id) => id !== 0) + 1));
  expect(places).toBe(longest);
  expect(toNumbers(ids)).toEqual(whole.flatMap((row) => row.slice(0, places)));
});

test("words that are cut are told by name, in whatever template they are longest", async () => {
  await loadWords();
  const long = "a very long name of a thing that nobody would call so";
  const classes = [
    { name: "background", color, background: true as const },
    { name: "sofa", color, words: ["sofa", long] },
  ];
  const { encode } = await clipTokenizer();
  const [template] = templateSets.simple;
  const places = encode(template.replace("{}", long)).length + 2;
  expect(cutNotes(classes, { templates: "simple", textContext: places })).toEqual([]);
  const [note, ...more] = cutNotes(classes, { templates: "simple", textContext: places - 1 });
  expect(more).toEqual([]);
  expect(note).toContain(`"${long}" is longer than the ${places - 3} symbols`);
  expect(cutNotes(classes, { templates: "full", textContext: places })).toHaveLength(1);
});

test("a network with another vocabulary is not asked", async () => {
  await loadWords();
  expect(() => requireVocabulary({ textVocabulary: 96 })).toThrow("got one with 96. Words cannot be asked of it.");
  expect(() => requireVocabulary({ textVocabulary: 49_408 })).not.toThrow();
});
