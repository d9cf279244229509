import { describe, expect, it } from "vitest";
import type { LabelMap } from "../image/image.ts";
import { addCounts, confusionMatrix, countPixels, scoresOf } from "./confusion.ts";

function labels(width: number, values: readonly number[]): LabelMap {
  return { width, height: values.length / width, data: Uint8Array.from(values) };
}

function scored(classes: number, truth: readonly number[], prediction: readonly number[]) {
  const matrix = confusionMatrix(classes);
  countPixels(matrix, labels(2, truth), labels(2, prediction));
  return scoresOf(matrix);
}

describe("confusion matrix", () => {
  it("has truth in rows and predictions in columns", () => {
    const matrix = confusionMatrix(2);
    countPixels(matrix, labels(2, [0, 0, 1, 1]), labels(2, [0, 1, 1, 1]));
    expect([...matrix.counts]).toEqual([1, 1, 0, 2]);
  });

  it("skips ignored pixels", () => {
    expect(scored(2, [0, 255, 1, 255], [0, 0, 1, 1]).pixels).toBe(2);
  });

  it("counts a prediction of no class as wrong, and as no other class's", () => {
    const { iou, accuracy, pixels, pixelAccuracy } = scored(2, [0, 0, 1, 255], [0, 255, 1, 255]);
    expect([iou, accuracy, pixels, pixelAccuracy]).toEqual([[0.5, 1], [0.5, 1], 3, 2 / 3]);
  });

  it("adds up to the same scores in parts as at once", () => {
    const [a, b, both] = [confusionMatrix(3), confusionMatrix(3), confusionMatrix(3)];
    const pairs = [
      [labels(2, [0, 1, 2, 2]), labels(2, [0, 2, 255, 1])],
      [labels(2, [1, 1, 0, 255]), labels(2, [1, 0, 0, 2])],
    ];
    for (const [truth, guess] of pairs) countPixels(both, truth, guess);
    countPixels(a, pairs[0][0], pairs[0][1]);
    countPixels(b, pairs[1][0], pairs[1][1]);
    addCounts(a, b);
    expect(scoresOf(a)).toEqual(scoresOf(both));
  });
});

describe("scores", () => {
  const worked = scored(4, [0, 0, 1, 1, 0, 0], [0, 1, 1, 1, 0, 2]);

  it.each([
    ["IoU per class", worked.iou, [2 / 4, 2 / 3, 0, null]],
    ["accuracy per class", worked.accuracy, [2 / 4, 1, null, null]],
    ["mean IoU over non-empty unions", worked.meanIou, (2 / 4 + 2 / 3) / 3],
    ["mean IoU over classes in the truth", worked.meanIouOfPresent, (2 / 4 + 2 / 3) / 2],
    ["mean IoU over all classes", worked.meanIouOfAll, (2 / 4 + 2 / 3) / 4],
    ["mean accuracy", worked.meanAccuracy, (2 / 4 + 1) / 2],
    ["pixel accuracy", worked.pixelAccuracy, 4 / 6],
    ["frequency-weighted IoU", worked.frequencyWeightedIou, (4 * (2 / 4) + 2 * (2 / 3)) / 6],
    ["absent classes", worked.absent, [3]],
  ])("%s", (_, got, expected) => {
    expect(got).toEqual(expected);
  });

  it("are perfect for a perfect prediction", () => {
    expect(scored(2, [0, 1, 1, 0], [0, 1, 1, 0]).meanIou).toBe(1);
  });

  it("are null, every one, when nothing is labelled", () => {
    const { iou, accuracy, absent, pixels, ...summaries } = scored(2, [255, 255], [0, 1]);
    expect({ iou, accuracy, absent, pixels }).toEqual({
      ...{ iou: [null, null], accuracy: [null, null], absent: [0, 1], pixels: 0 },
    });
    expect(summaries).toEqual({
      ...{ meanIou: null, meanIouOfPresent: null, meanIouOfAll: null, meanAccuracy: null },
      ...{ pixelAccuracy: null, frequencyWeightedIou: null },
    });
  });
});

describe("what must fail", () => {
  it.each([
    ["another size", [0, 0], [0, 0, 0, 0], /expected a prediction of the mask's size 2x1, got 2x2/],
    ["a label beyond the classes", [0, 7], [0, 0], /expected classes 0 to 1, got 7 in the mask/],
    ["a prediction beyond the classes", [0, 1], [9, 0], /got 9 in the prediction/],
  ])("%s", (_, truth, prediction, message) => {
    expect(() => scored(2, truth, prediction)).toThrow(message);
  });
});
