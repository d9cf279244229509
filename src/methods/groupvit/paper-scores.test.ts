/** The paper's way from groups to classes, by numbers that were worked by hand. */
import { expect, test } from "vitest";
import { float32, scalar, toNumbers } from "../../array/ndarray.ts";
import { constant } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { type ClassScoreOptions, classScores, type GroupedImages } from "./segmentation.ts";

/** Three patches in a row go to three groups, and these to two. By likeliest groups alone patches end in 0, 1, 0; by soft ones in 1, 1, 0. */
const soft = [
  [0.6, 0.4, 0, 0.4, 0.6, 0.1, 0, 0, 0.9], // a row for each group of stage 1
  [0.55, 0, 0.9, 0.45, 1, 0.1], // a row for each group of stage 2
];
const hard = [
  [1, 0, 0, 0, 1, 0, 0, 0, 1],
  [1, 0, 1, 0, 1, 0],
];
const groupsOf = ([first, second]: readonly (readonly number[])[]) => [
  constant(float32([1, 3, 3], first)),
  constant(float32([1, 2, 3], second)),
];

const images: GroupedImages = {
  ...{ soft: groupsOf(soft), used: groupsOf(hard), grid: [1, 3] },
  groupEmbeddings: constant(float32([1, 2, 2], [2, 0, 0, 3])),
  // The window as a whole is nearest to the last word, which no group is.
  embedding: constant(float32([1, 2], [-1, 0])),
};
const words = constant(float32([3, 2], [1, 0, 0, 1, -1, 0]));
/** Cosines of 1, 0 and −1 have powers of 3, 1 and 1/3. */
const scale = constant(scalar(Math.log(3)));
const first = [9 / 13, 3 / 13, 1 / 13];
const second = [1 / 5, 3 / 5, 1 / 5];

/** Scores of each of six pixels, two a patch. */
async function pixels(options: ClassScoreOptions, of = images) {
  const { scores } = await evaluate({ scores: classScores(of, words, scale, [1, 6], options) });
  const all = toNumbers(scores);
  return Array.from({ length: 6 }, (_, i) => Array.from({ length: all.length / 6 }, (_, k) => all[k * 6 + i]));
}

function expectClose(got: readonly (readonly number[])[], wanted: readonly (readonly number[])[]) {
  expect(got.map(({ length }) => length)).toEqual(wanted.map(({ length }) => length));
  for (const [i, row] of wanted.entries()) for (const [k, value] of row.entries()) expect(got[i][k]).toBeCloseTo(value);
}

test("hard assignments are multiplied, and a softmax knows all classes, however few fit the window", async () => {
  const wanted = [first, first, second, second, first, first];
  expectClose(await pixels({ background: null, scores: "paper", kept: 1 }), wanted);
  // By the authors' code the first two patches are one group's, and the one class that is kept is nobody's best.
  const [one, , three, , five] = await pixels({ background: null, kept: 1 });
  expectClose(
    [one, three, five],
    [second, second, first].map(([, , last]) => [0, 0, last]),
  );
});

test("groups are background where their softmax stays below the threshold, all of a window if it comes to that", async () => {
  const [sure, unsure] = [first, second].map((row) => [0, ...row]);
  const ground = [first, second].map((row) => [1, ...row]);
  const at = (threshold: number) => pixels({ background: { threshold }, scores: "paper" });
  expectClose(await at(0.5), [sure, sure, unsure, unsure, sure, sure]);
  expectClose(await at(0.65), [sure, sure, ground[1], ground[1], sure, sure]);
  expectClose(await at(0.7), [ground[0], ground[0], ground[1], ground[1], ground[0], ground[0]]);
  const official = await pixels({ background: { threshold: 0.7 } });
  expect(official.some(([none]) => none === 0)).toBe(true);
});

test("of a network that merges softly the assignments are as soft", async () => {
  const wanted = [second, second, second, second, first, first];
  expectClose(await pixels({ background: null, scores: "paper" }, { ...images, used: images.soft }), wanted);
});
