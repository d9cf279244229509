import { expect, test } from "vitest";
import { Random } from "../array/random.ts";
import { averagePrecision, meanAveragePrecision } from "./average-precision.ts";

const [yes, no] = [true, false];

test.each<[string, number[], boolean[], number | null]>([
  ["true ones first", [0.9, 0.8, 0.2, 0.1], [yes, yes, no, no], 1],
  ["true ones last", [0.9, 0.8, 0.2, 0.1], [no, no, yes, yes], (1 / 3 + 2 / 4) / 2],
  ["in whatever order they are given", [0.1, 0.8, 0.9, 0.2], [yes, no, no, yes], (1 / 3 + 2 / 4) / 2],
  ["the middle one of three", [3, 2, 1], [no, yes, no], 1 / 2],
  ["a tie: a true one shares the rank of the false one", [0.5, 0.5], [yes, no], 1 / 2],
  [
    "a tie of two true ones and a false one, behind a true one",
    [9, 5, 5, 5],
    [yes, yes, no, yes],
    (1 + 3 / 4 + 3 / 4) / 3,
  ],
  ["all equal: the share of true ones", [1, 1, 1, 1], [yes, no, no, no], 1 / 4],
  ["all true", [0.1, 0.7], [yes, yes], 1],
  ["nothing true", [0.1, 0.7], [no, no], null],
  ["nothing at all", [], [], null],
])("average precision, %s", (_, scores, truth, expected) => {
  const got = averagePrecision(scores, truth);
  if (expected === null) expect(got).toBeNull();
  else expect(got).toBeCloseTo(expected, 12);
});

test("it does not depend on the order in which the items are given, ties included", () => {
  const random = new Random("order");
  const items = Array.from({ length: 40 }, () => ({ score: random.integer(8), truth: random.chance(0.3) }));
  const of = (list: typeof items) =>
    averagePrecision(
      list.map(({ score }) => score),
      list.map(({ truth }) => truth),
    );
  for (let i = 0; i < 5; i++) expect(of(random.shuffle(items))).toBeCloseTo(of(items)!, 12);
});

test("scores that are not numbers do not keep it from ending", () => {
  expect(averagePrecision([Number.NaN, 1, Number.NaN], [yes, no, yes])).toBeGreaterThan(0);
});

test("the mean is over the classes that occur", () => {
  const scores = [
    [0.9, 0.1, 0.5],
    [0.2, 0.8, 0.6],
  ];
  const truth = [
    [yes, no, yes],
    [no, no, no],
  ];
  expect(meanAveragePrecision(scores, truth)).toBeCloseTo((1 + 1 / 2) / 2, 12);
  expect(meanAveragePrecision(scores, [truth[1], truth[1]])).toBeNull();
  expect(meanAveragePrecision([], [])).toBeNull();
});
