import { expect, test } from "vitest";
import { IGNORE, type LabelMap } from "../image/image.ts";
import { confusionMatrix, countPixels, scoresOf } from "./confusion.ts";
import { bestJaccard, oracleLabels } from "./groups.ts";

const row = (...data: readonly number[]): LabelMap => ({ width: data.length, height: 1, data: Uint8Array.from(data) });

test("each group takes the class that it fits best, not the one it holds most of", () => {
  // Group 4 has two pixels of class 0, which is large, and all of class 1.
  const groups = row(4, 4, 4, 7, 7, 7, 7, 7);
  const truth = row(0, 0, 1, 0, 0, 0, 0, 0);
  expect([...oracleLabels(groups, truth, 2).data]).toEqual([1, 1, 1, 0, 0, 0, 0, 0]);
});

test("groups that are the classes score 1, whatever they are called", () => {
  const groups = row(9, 9, 3, 3, 0, 0);
  const truth = row(0, 0, 2, 2, 1, IGNORE);
  const matrix = confusionMatrix(3);
  countPixels(matrix, truth, oracleLabels(groups, truth, 3));
  expect(scoresOf(matrix).meanIou).toBe(1);
});

test("ties go to the lowest class, and ignored pixels count nowhere", () => {
  expect([...oracleLabels(row(1, 1), row(1, 0), 2).data]).toEqual([0, 0]);
  expect([...oracleLabels(row(1, 1, 1, 1), row(1, IGNORE, IGNORE, IGNORE), 2).data]).toEqual([1, 1, 1, 1]);
});

test("the best group of a mask is the one with the largest intersection over union", () => {
  const groups = row(0, 0, 0, 0, 1, 1, 2, 2);
  const truth = row(0, 0, 0, 5, 5, 5, 5, 0);
  expect(bestJaccard(groups, truth, (label) => label !== 0)).toBe(0.5); // group 1: 2 of 4
  expect(bestJaccard(groups, row(0, 0, 0, IGNORE, 5, 5, IGNORE, 0), (label) => label === 5)).toBe(1);
  expect(bestJaccard(groups, truth, (label) => label === 9)).toBeNull();
});

test("other sizes and labels are refused", () => {
  expect(() => oracleLabels(row(0), row(0, 0), 1)).toThrow("expected groups of the mask's size 2x1, got 1x1");
  expect(() => oracleLabels(row(0), row(3), 2, "a.png")).toThrow("a.png: expected classes 0 to 1, got 3 in the mask.");
});
