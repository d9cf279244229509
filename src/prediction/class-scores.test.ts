import { expect, test } from "vitest";
import { classScoresOf } from "./class-scores.ts";

const map = (data: readonly number[], rows: number, columns: number, top = 0) => ({
  ...{ height: 9, width: columns, top, left: 0, rows, columns, data: Float32Array.from(data) },
});

test("a class has the mean of its scores where they are the largest, the first of equal ones", () => {
  const scores = classScoresOf(3);
  scores.add(map([0.5, 0.25, 0.5, 0.75, 0.25, 0.25], 1, 2)); // pixels: 0.5 0.5 0.25 → first; 0.25 0.75 0.25 → second
  expect(scores.means()).toEqual([0.5, 0.75, null]);
  scores.add(map([1, 0, 0], 1, 1));
  expect(scores.means()).toEqual([0.75, 0.75, null]);
});

test("only the part of a map that is decided by it counts", () => {
  const scores = classScoresOf(2);
  const part = map([1, 0.5, 0, 0, 0.25, 0.75], 3, 1, 4); // rows 4, 5, 6
  scores.add(part, { top: 5, bottom: 7, left: 0, right: 1 });
  expect(scores.means()).toEqual([0.5, 0.75]);
});
