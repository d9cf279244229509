import { expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { broadcastShapes, normalizeAxis, sameShape, show, sizeOf, stridesOf } from "./shape.ts";

test.each([
  [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [], [2, 3]],
  [
    [2, 1],
    [1, 3],
    [2, 3],
  ],
  [[4], [2, 3, 4], [2, 3, 4]],
  [
    [2, 3, 4],
    [3, 1],
    [2, 3, 4],
  ],
  [[1], [1, 1], [1, 1]],
])("%j and %j broadcast to %j", (a, b, expected) => {
  expect(broadcastShapes("test", a, b)).toEqual(expected);
  expect(broadcastShapes("test", b, a)).toEqual(expected);
});

test.each([
  [[2], [3], "sizes 2 and 3 differ"],
  [[2, 3], [2], "sizes 3 and 2 differ"],
  [[4, 1, 3], [2, 5, 3], "sizes 4 and 2 differ"],
])("%j and %j do not broadcast", (a, b, message) => {
  expect(() => broadcastShapes("add", a, b)).toThrow(InputError);
  expect(() => broadcastShapes("add", a, b)).toThrow(message);
});

test.each([
  [0, 3, 0],
  [-1, 3, 2],
  [-3, 3, 0],
])("axis %i of %i is %i", (axis, rank, expected) => {
  expect(normalizeAxis("test", axis, rank)).toBe(expected);
});

test.each([3, -4, 0.5, Number.NaN])("axis %d of 3 is refused", (axis) => {
  expect(() => normalizeAxis("sum", axis, 3)).toThrow(
    `sum: axis must be an integer from -3 to 2, got ${axis}. The tensor has 3 axes.`,
  );
});

test("sizes, strides and text of shapes", () => {
  expect([sizeOf([2, 3, 4]), sizeOf([]), sizeOf([2, 0])]).toEqual([24, 1, 0]);
  expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
  expect(show([2, 3])).toBe("[2, 3]");
  expect([sameShape([2, 3], [2, 3]), sameShape([2, 3], [2, 3, 1])]).toEqual([true, false]);
});
