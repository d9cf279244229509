import { expect, test } from "vitest";
import { classificationScores } from "./classify.ts";

const only = (right: number, classes = 7) => Array.from({ length: classes }, (_, k) => k === right);

test("with one tag each, the right class has to be the nearest, or among the five nearest", () => {
  const falling = [7, 6, 5, 4, 3, 2, 1];
  const scores = [falling, falling, falling, falling];
  expect(classificationScores(scores, [only(0), only(1), only(4), only(5)]).measures).toEqual({
    "top-1 accuracy": 1 / 4,
    "top-5 accuracy": 3 / 4,
  });
});

test("of equal scores the class asked for first is nearer, and a photograph without tags says nothing", () => {
  const equal = [1, 1, 1, 1, 1, 1, 1];
  expect(classificationScores([equal, equal, equal], [only(0), only(5), only(-1)]).measures).toEqual({
    "top-1 accuracy": 1 / 2,
    "top-5 accuracy": 1 / 2,
  });
  const measures = { "top-1 accuracy": null, "top-5 accuracy": null };
  expect(classificationScores([equal], [only(-1)])).toEqual({ measures, precisions: [] });
});

test("with several tags, classes rank the photographs", () => {
  const scores = [
    [0.9, 0.1],
    [0.8, 0.7],
    [0.1, 0.6],
  ];
  const truth = [
    [true, false],
    [false, true],
    [true, true],
  ];
  // First class: ranks 1 and 3 of three, (1 + 2/3) / 2; second: ranks 1 and 2.
  expect(classificationScores(scores, truth)).toEqual({
    measures: { "mean average precision": expect.closeTo(11 / 12, 12) },
    precisions: [expect.closeTo(5 / 6, 12), 1],
  });
});
