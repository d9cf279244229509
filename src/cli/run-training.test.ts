import { expect, test } from "vitest";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { scoresText } from "./run-training.ts";

const measures = [{ name: "mean IoU", value: 0.609, unit: "share" }] as const;
const evaluation = { kind: "semantic", images: 2, pixels: 9, measures } as unknown as Evaluation;

test.each([
  [30, "mean IoU 60.9 % (weights of step 30, the best)"],
  [33, "mean IoU 60.9 %"],
])("scores of step %i of 33 say whose they are, unless they are of the last", (scoredStep, text) => {
  expect(scoresText(evaluation, { steps: 33, scoredStep }, { bold: (each) => each })).toBe(text);
});
