import { describe, expect, test } from "vitest";
import { nounPhrasesOf, nounsOf, type TaggedWord } from "./nouns.ts";
import { openTagger } from "./open-tagger.ts";
import { pennWords } from "./penn-words.ts";

const englishTagger = await openTagger();

const tagged = (text: string): TaggedWord[] =>
  text.split(" ").map((each) => each.split("/") as [word: string, tag: string]);

describe("words out of given tags", () => {
  test("nouns and verbs are kept, plural names are not", () => {
    expect(nounsOf(tagged("Two/CD Smiths/NNPS ate/VBD red/JJ apples/NNS at/IN Rome/NNP ./."))).toEqual([
      ...["ate", "apples", "Rome"],
    ]);
  });

  test.each([
    ["a run ends with its last noun", "big/JJ dog/NN black/JJ ran/VBD ./.", ["big dog"]],
    ["comparatives are no part of a phrase", "bigger/JJR dog/NN ran/VBD", ["dog"]],
    ["plural names are", "United/NNPS States/NNPS flag/NN ./.", ["United States flag"]],
    ["a phrase that nothing follows is lost", "a/DT dog/NN and/CC a/DT cat/NN", ["dog"]],
    [
      "a repeated phrase waits for the next one",
      "dog/NN ,/, dog/NN ,/, cat/NN ,/, dog/NN ,/,",
      ["dog", "dog cat"], // the last dog waits, and nothing comes
    ],
    ["nothing gives nothing", "red/JJ ./.", []],
  ])("%s", (_, text, phrases) => {
    expect(nounPhrasesOf(tagged(text))).toEqual(phrases);
  });
});

test.each([
  ["It's a dog's life, isn't it?", "It 's a dog 's life , is n't it ?"],
  ["Two men (in red) can't cannot wait...", "Two men ( in red ) ca n't can not wait ..."],
  ['A "stop" sign at 5:30, $3,000.', "A `` stop '' sign at 5:30 , $ 3,000 ."],
  ["A cat sits. The dog sleeps near St. Paul.", "A cat sits . The dog sleeps near St. Paul ."],
  ["He said ‘yes’ -- twice; gimme more!", "He said ‘ yes ’ -- twice ; gim me more !"],
  ["the girls' red shoes", "the girls ' red shoes"],
  ["", ""],
])("%s is split as the Penn Treebank does", (text, words) => {
  expect(pennWords(text).join(" ")).toBe(words);
});

test.each([
  ["A brown dog runs across the green grass.", "dog runs grass"],
  ["White sheep are grazing on a steep hill near the sea", "sheep are grazing hill sea"],
  [
    "Two children playing football in the park while their father watches.",
    "children playing football park father watches",
  ],
  ["A red bus parked beside an old stone church", "bus parked stone church"],
  ["Zebras drinking from a wide river at sunset", "Zebras drinking river sunset"],
])("the English tagger finds what %s is about", (caption, nouns) => {
  expect(nounsOf(englishTagger.tag(pennWords(caption))).join(" ")).toBe(nouns);
});

test("the English tagger gives every word back as it was", () => {
  const words = ["STOP", "sign", "'s", "ﬁ", "42", "🐶", "constructor"];
  expect(englishTagger.tag(words).map(([word]) => word)).toEqual(words);
  expect(englishTagger.tag([])).toEqual([]);
});
