import { describe, expect, test } from "vitest";
import { Random } from "../array/random.ts";
import { commaNote, parseClassLines, parseClassWords } from "./class-words.ts";
import type { Tagger } from "./nouns.ts";
import { captionWords, filledTemplate, filledTemplates, promptsOf } from "./prompts.ts";
import { plainCaption, taggedCaption } from "./tagged-caption.ts";
import { templateSets } from "./templates.ts";

/** Words of five letters and more are nouns. */
const tagger: Tagger = { tag: (words) => words.map((word) => [word, word.length > 4 ? "NN" : "DT"]) };
const caption = "a brown horse near the stone house";

test("there are 80, 7, 1 and 1 templates, each with a place for the name", () => {
  expect(Object.values(templateSets).map((set) => set.length)).toEqual([80, 7, 1, 1]);
  for (const set of Object.values(templateSets)) {
    expect(new Set(set).size).toBe(set.length);
    for (const template of set) expect(template.split("{}").length).toBe(2);
  }
  expect(templateSets.subset.every((template) => templateSets.full.includes(template))).toBe(true);
});

test("a name is put in as it is, whatever it holds", () => {
  expect(filledTemplate("a photo of a {}.", "$& cat {}")).toBe("a photo of a $& cat {}.");
  expect(filledTemplates(["cat", "dog"], ["{}", "the {}"])).toEqual(["cat", "the cat", "dog", "the dog"]);
});

const texts = (text: string, count: number, seed: number) =>
  promptsOf(text, captionWords(text, tagger), count, new Random(seed)).texts;

describe("prompts of a caption", () => {
  const seeds = Array.from({ length: 400 }, (_, seed) => seed);
  const drawn = seeds.map((seed) => texts(caption, 3, seed));

  test("hold different words of it, in a template", () => {
    for (const prompts of drawn) {
      const words = prompts.map((prompt) => captionWords(caption, tagger).filter((word) => prompt.includes(word)));
      expect(new Set(words.flat()).size).toBe(3);
    }
  });

  test("take every word and every template about as often", () => {
    const all = drawn.flat();
    for (const word of ["brown", "horse", "stone", "house"]) {
      const share = all.filter((prompt) => prompt.includes(word)).length / all.length;
      expect(share).toBeGreaterThan(0.2);
      expect(share).toBeLessThan(0.3);
    }
    const used = new Set(all.map((prompt) => prompt.replace(/brown|horse|stone|house/, "{}")));
    expect([...used].sort()).toEqual([...templateSets.full].sort());
  });

  test("are the same for the same seed", () => {
    expect(texts(caption, 3, 5)).toEqual(drawn[5]);
    expect(new Set(drawn.map(String)).size).toBeGreaterThan(390);
  });

  test("are filled up with the caption where words are few, and none where none are asked for", () => {
    const [first, ...rest] = texts("the horse ran", 3, 0);
    expect(first).toContain("horse");
    expect(rest).toEqual(["the horse ran", "the horse ran"]);
    expect(texts("", 2, 0)).toEqual(["", ""]);
    expect(texts(caption, 0, 0)).toEqual([]);
  });

  test("say what they were made of, also where the words are not the caption's own", () => {
    const { texts: made, words } = promptsOf(caption, ["zebra"], 2, new Random(0));
    expect(words).toEqual(["zebra"]);
    expect([made[0].includes("zebra"), made[1]]).toEqual([true, caption]);
  });

  test("may draw a word twice that stands there twice", () => {
    const twice = texts("horse and horse", 2, 1);
    expect(twice.every((prompt) => prompt.includes("horse") && prompt !== "horse and horse")).toBe(true);
  });
});

describe("captions that are tagged already", () => {
  test("keep their tags, and lose them as text", () => {
    const tagged = "A/DT bag/NN of/IN 1/2/CD apples/NNS ./.";
    expect(captionWords(tagged, tagger)).toEqual(["bag", "apples"]);
    expect(plainCaption(tagged)).toBe("A bag of 1/2 apples .");
    expect(texts(tagged, 3, 0)[2]).toBe("A bag of 1/2 apples .");
  });

  test.each(["and/or", "a cat/NN", "", "/NN", "his/her IN/OUT"])("%s is not", (text) => {
    expect(taggedCaption(text)).toBeUndefined();
    expect(plainCaption(text)).toBe(text);
  });
});

describe("names that are typed", () => {
  test.each([
    ["cat, sofa = couch|settee , traffic  light", ["cat", "sofa:sofa/couch/settee", "traffic light"]],
    ["cat; sofa=couch, settee; lamp", ["cat", "sofa:sofa/couch/settee", "lamp"]],
    ["cat=cat|kitten", ["cat:cat/kitten"]],
  ])("%s", (text, expected) => {
    const classes = parseClassWords(text);
    if (typeof classes === "string") throw new Error(classes);
    expect(classes.map(({ name, words }) => (words ? `${name}:${words.join("/")}` : name))).toEqual(expected);
  });

  test("a file has one a line", () => {
    expect(parseClassLines("\ufeff# mine\r\ncat\r\n\r\nsofa=couch, settee\n")).toEqual([
      { name: "cat" },
      { name: "sofa", words: ["sofa", "couch", "settee"] },
    ]);
  });

  test.each([
    ["cat,,dog", '""'],
    ["cat, =dog", '"=dog"'],
    ["cat=", '"cat="'],
    ["a=b=c", '"a=b=c"'],
    ["cat, dog, cat", '"cat" twice'],
    ["Sky, road, sky", '"Sky" and "sky"'],
  ])("%s is refused", (text, got) => {
    expect(parseClassWords(text)).toBe(got);
  });

  test.each<[string, string | null]>([
    [
      "sofa=couch, settee",
      '"settee" is read as a class of its own. If other words are meant, write "sofa=couch|settee"; if classes, "sofa=couch; settee".',
    ],
    [
      "cat, sofa=couch, lamp, a=b, c",
      '"lamp", "c" are read as classes of their own. If other words are meant, write "cat, sofa=couch|lamp, a=b|c"; if classes, "cat; sofa=couch; lamp; a=b; c".',
    ],
    ["cat, sofa=couch", null],
    ["cat, sofa=couch|settee, lamp", null],
    ["cat; sofa=couch, settee", null],
    ["cat, lamp", null],
  ])("how %s may be meant", (text, note) => {
    expect(commaNote(text)).toBe(note);
    const meant = note === null ? [] : [...note.matchAll(/(?:write|classes,) "(.*?)"/g)].map(([, line]) => line);
    for (const line of meant) expect([commaNote(line), typeof parseClassWords(line)]).toEqual([null, "object"]);
    // What is written for the reading that was taken is read so.
    if (meant.length > 0) expect(parseClassWords(meant[1])).toEqual(parseClassWords(text));
  });

  test("a file without names has none", () => expect(parseClassLines("# nothing\n")).toBe("none"));
});
