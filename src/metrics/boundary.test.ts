import { describe, expect, it } from "vitest";
import type { LabelMap } from "../image/image.ts";
import { boundaryCounts, boundaryScores, boundaryWidth, countBoundaries } from "./boundary.ts";

function map(rows: readonly string[]): LabelMap {
  return {
    width: rows[0].length,
    height: rows.length,
    data: Uint8Array.from(rows.join(""), (c) => (c === "x" ? 255 : Number(c))),
  };
}

function score(classes: number, truth: LabelMap, prediction: LabelMap) {
  const counts = boundaryCounts(classes);
  countBoundaries(counts, truth, prediction);
  return boundaryScores(counts);
}

/** The definition read aloud: erode each class's mask `reach` times with a 3×3 square and zeros outside. */
function slowIou(classes: number, truth: LabelMap, prediction: LabelMap): (number | null)[] {
  const { width, height } = truth;
  const rim = (labels: LabelMap, c: number) => {
    const mask = Array.from(labels.data, (value) => value === c);
    let inner = mask;
    for (let i = 0; i < boundaryWidth(width, height); i++) {
      const before = inner;
      inner = before.map((_, p) => {
        for (let dy = -1; dy <= 1; dy++) {
          for (let dx = -1; dx <= 1; dx++) {
            const [y, x] = [Math.floor(p / width) + dy, (p % width) + dx];
            if (y < 0 || x < 0 || y >= height || x >= width || !before[y * width + x]) return false;
          }
        }
        return true;
      });
    }
    return mask.map((value, p) => value && !inner[p]);
  };
  return Array.from({ length: classes }, (_, c) => {
    const seen = { ...prediction, data: prediction.data.map((value, p) => (truth.data[p] === 255 ? 255 : value)) };
    const [a, b] = [rim(truth, c), rim(seen, c)];
    const counted = Array.from(truth.data, (value) => value !== 255);
    const intersection = a.filter((value, p) => value && b[p] && counted[p]).length;
    const union = a.filter((value, p) => (value || b[p]) && counted[p]).length;
    return union > 0 ? intersection / union : null;
  });
}

describe("boundary IoU", () => {
  it("agrees with eroding every class by itself", () => {
    const size = { width: 61, height: 47 };
    const blocks = (seed: number): LabelMap => ({
      ...size,
      data: Uint8Array.from({ length: 61 * 47 }, (_, i) => {
        const [y, x] = [Math.floor(i / 61), i % 61];
        return (Math.floor((x + seed) / 17) + Math.floor((y * 2 + seed) / 29)) % 3;
      }),
    });
    const truth = blocks(2);
    truth.data.fill(255, 300, 420);
    expect(score(4, truth, blocks(5)).iou).toEqual(slowIou(4, truth, blocks(5)));
  });

  it("is 1 for a perfect prediction", () => {
    const truth = map(["0011", "0011", "2222", "2222"]);
    expect(score(3, truth, truth).iou).toEqual([1, 1, 1]);
  });

  it("says null for a class without a rim", () => {
    const truth = map(["00", "00"]);
    expect(score(2, truth, truth).iou).toEqual([1, null]);
  });

  it("takes 2 % of the diagonal, at least one pixel", () => {
    expect([boundaryWidth(20, 10), boundaryWidth(400, 300), boundaryWidth(64, 48)]).toEqual([1, 10, 2]);
  });

  it("refuses other sizes", () => {
    expect(() => score(2, map(["00"]), map(["0"]))).toThrow(/expected a prediction of the mask's size 2x1, got 1x1/);
  });
});
