import { expect, test } from "vitest";
import { type ClassFinder, classFinder } from "./class-finder.ts";
import { openTagger } from "./open-tagger.ts";

const classes = [
  { name: "background", background: true },
  { name: "person", words: ["person", "man", "woman"] },
  { name: "wine glass" },
  { name: "glass" },
  { name: "sofa", words: ["couch", "settee"] },
  { name: "orange" },
  { name: "traffic_light" },
  { name: "knife" },
  { name: "sheep" },
];
const finder = classFinder(classes, await openTagger());
const named = (text: string, find: ClassFinder = finder) => find(text).map((index) => classes[index].name);

test.each([
  ["Two women and a Man on a couch.", ["person", "sofa"]],
  ["People with knives.", ["person", "knife"]],
  ["a flock of sheep", ["sheep"]],
  ["A wine glass on the table.", ["wine glass"]],
  ["Wine glasses beside a glass of water.", ["wine glass", "glass"]],
  ["Traffic lights over the road", ["traffic_light"]],
  ["An orange car.", []],
  ["A bowl of oranges.", ["orange"]],
  ["A photograph with a blurred background.", []],
  ["The carpet is glassy.", []],
  ["", []],
])("%s", (text, expected) => {
  expect(named(text)).toEqual(expected);
});

test("a caption that has tags needs no tagger, and its tags are believed", () => {
  const find = classFinder(classes, {
    tag() {
      throw new Error("asked");
    },
  });
  expect(named("An/DT orange/NN on/IN a/DT couch/NN", find)).toEqual(["sofa", "orange"]);
  expect(named("An/DT orange/JJ couch/NN", find)).toEqual(["sofa"]);
  expect(named("Nothing here.", find)).toEqual([]);
});

test("a word of two classes names both", () => {
  const find = classFinder([{ name: "boat", words: ["ship"] }, { name: "ship" }], {
    tag: (w) => w.map((x) => [x, "NN"]),
  });
  expect(find("ships")).toEqual([0, 1]);
});

test.each([
  ["Two faces in the grass", ["face"]],
  ["Smiling faces.", ["face"]],
  ["Three smiling faces look up.", ["face"]],
  ["Two faces and bodies", ["face"]],
  ["A man faces the camera", []],
  ["A man who faces the sea", []],
  ["Two men face each other", []],
  ["A person books a flight", []],
  ["She books her room", []],
  ["A person with old books", ["book"]],
  ["A table with books on it", ["book"]],
  ["Picture books, a lamp", ["book"]],
])("words that are verbs, too: %s", async (text, expected) => {
  const both = [{ name: "face" }, { name: "book" }];
  const find = classFinder(both, await openTagger());
  expect(find(text).map((index) => both[index].name)).toEqual(expected);
});
