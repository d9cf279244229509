import { expect, test } from "vitest";
import { float32, ndarray, toNumbers } from "../../array/ndarray.ts";
import { IGNORE } from "../../image/image.ts";
import { countSweep, sweepScores, sweptThresholds } from "./cam-scores.ts";
import { camCrfNames, type PseudoLabelSettings, pseudoLabels, shapedMaps, withBackground } from "./pseudo-labels.ts";

const usual = {
  camThreshold: 0.25,
  camSaliency: "none",
  camSaliencyWeight: 0.5,
  camCrf: "none",
  camAlphas: [4, 24],
  background: 0,
} as const;

/** A picture whose left half is dark and whose right half is bright. */
const [width, height] = [12, 8];
const isRight = (i: number) => i % width >= width / 2;
const image = {
  ...{ width, height },
  data: Uint8Array.from({ length: 3 * width * height }, (_, at) => (isRight(Math.floor(at / 3)) ? 230 : 20)),
};
const mapOf = (value: (i: number) => number) =>
  float32(
    [1, height, width],
    Float32Array.from({ length: width * height }, (_, i) => value(i)),
  );
const saliencyOf = (value: (i: number) => number) => ({
  ...{ width, height },
  data: Uint8Array.from({ length: width * height }, (_, i) => value(i)),
});

test("a photograph without tags is background, whatever is asked for", () => {
  for (const camCrf of camCrfNames) {
    const none = pseudoLabels(float32([0, height, width], []), [], image, {}, { ...usual, camCrf, background: 3 });
    expect([...new Set(none.data)]).toEqual([3]);
  }
});

test("each map is averaged with the saliency, and without that asked for stays as it is", () => {
  const maps = float32([2, 1, 2], [1, 0.5, 0, 0.2]);
  const saliency = { width: 2, height: 1, data: Uint8Array.of(255, 0) };
  expect(shapedMaps(maps, saliency, { camSaliency: "none", camSaliencyWeight: 0.5 })).toBe(maps);
  const shaped = (camSaliencyWeight: number) =>
    toNumbers(shapedMaps(maps, saliency, { camSaliency: "mean", camSaliencyWeight })).map((value) =>
      Number(value.toFixed(3)),
    );
  expect(shaped(0.5)).toEqual([1, 0.25, 0.5, 0.1]);
  expect(shaped(0.25)).toEqual([1, 0.375, 0.25, 0.15]);
  expect(shapedMaps(maps, undefined, { camSaliency: "mean", camSaliencyWeight: 0.5 })).toBe(maps);
});

test("the background's score is made of the largest map", () => {
  const scores = withBackground(float32([2, 1, 2], [0.5, 0.2, 0.1, 0.9]), (most) => (1 - most) ** 2);
  expect(scores.shape).toEqual([3, 1, 2]);
  expect(toNumbers(scores).map((value) => Number(value.toFixed(4)))).toEqual([0.25, 0.01, 0.5, 0.2, 0.1, 0.9]);
});

test.each<[PseudoLabelSettings["camCrf"]]>([["constant"], ["alpha"]])(
  "with the CRF %s a class grows to the edge of what it lies on",
  (camCrf) => {
    // The map reaches over half of the bright part only.
    const maps = mapOf((i) => (i % width >= 8 ? 0.9 : isRight(i) ? 0.22 : 0.02));
    const plain = pseudoLabels(maps, [7], image, {}, usual);
    const refined = pseudoLabels(maps, [7], image, {}, { ...usual, camCrf });
    expect(plain.data.filter((label) => label === 7)).toHaveLength(4 * height);
    expect([...refined.data]).toEqual(Array.from({ length: width * height }, (_, i) => (isRight(i) ? 7 : 0)));
  },
);

test("what a low and a high background do not agree on is not known", () => {
  // Plain pictures, so that each place keeps what its scores say: certain, doubtful, empty.
  const grey = { width, height, data: new Uint8Array(3 * width * height).fill(128) };
  const maps = mapOf((i) => [0.95, 0.25, 0][Math.floor((i % width) / 4)]);
  const single = (settings: Partial<PseudoLabelSettings>) =>
    pseudoLabels(maps, [7], grey, {}, { ...usual, ...settings }).data;
  const [low, high] = [4, 24].map((alpha) => single({ camCrf: "alpha", camAlphas: [alpha, 1] }));
  const agreed = single({ camCrf: "agreed" });
  expect([...agreed]).toEqual([...low].map((label, i) => (label === high[i] ? label : IGNORE)));
});

test("with saliency as background what is not salient is background, and what is but has no class is not known", () => {
  const maps = mapOf((i) => (i % width < 3 || i % width >= 9 ? 0.9 : 0));
  const saliency = saliencyOf((i) => (isRight(i) ? 200 : 50));
  const mask = pseudoLabels(maps, [7], image, { saliency }, { ...usual, camSaliency: "background" });
  const expected = (i: number) => (!isRight(i) ? 0 : i % width >= 9 ? 7 : IGNORE);
  expect([...mask.data]).toEqual(Array.from({ length: width * height }, (_, i) => expected(i)));
  // A CRF moves borders, but not beyond the saliency.
  const refined = pseudoLabels(
    maps,
    [7],
    image,
    { saliency },
    { ...usual, camSaliency: "background", camCrf: "alpha" },
  );
  expect(refined.data.filter((label, i) => !isRight(i) && label !== 0)).toHaveLength(0);
  expect(refined.data.filter((label, i) => isRight(i) && label === 0)).toHaveLength(0);
});

test("scores of the sweep are those of masks made with each threshold, and unknown pixels count as neither", () => {
  const shaped = float32([1, 1, 4], [0.9, 0.32, 0.12, 0]);
  const truth = { width: 4, height: 1, data: Uint8Array.of(1, 1, 0, 0) };
  const mask = { width: 4, height: 1, data: Uint8Array.of(1, IGNORE, 0, 1) };
  const sums = countSweep({ shaped, indices: [1], mask, truth }, 2, { background: 0 });
  const scores = Object.fromEntries(sweepScores(sums, 2, { camCrf: "alpha" }).map(({ name, value }) => [name, value]));
  expect(scores["mean IoU"]).toBeCloseTo((1 / 2 + 1 / 2) / 2, 6);
  expect(scores["pixels with a label"]).toBe(0.75);
  expect(scores["mean IoU at 0.3 without CRF"]).toBe(1);
  expect(scores["mean IoU at 0.1 without CRF"]).toBeCloseTo((2 / 3 + 1 / 2) / 2, 6);
  expect(Object.keys(scores)).toHaveLength(2 + sweptThresholds.length);
});

test("of data without a background what has a label is scored, and how much that is", () => {
  const shaped = float32([1, 1, 4], [0.9, 0.9, 0.1, 0]);
  const truth = { width: 4, height: 1, data: Uint8Array.of(1, 0, 0, 0) };
  const mask = { width: 4, height: 1, data: Uint8Array.of(1, 1, IGNORE, IGNORE) };
  const sums = countSweep({ shaped, indices: [1], mask, truth }, 2, { background: IGNORE });
  const [score, share] = sweepScores(sums, 2, { camCrf: "none" });
  expect([score.value, share]).toEqual([0.25, { name: "pixels with a label", value: 0.5, unit: "share" }]);
});

test("without masks there is nothing to score", () => {
  const mask = { width: 1, height: 1, data: Uint8Array.of(0) };
  const found = { shaped: float32([1, 1, 1], [1]), indices: [1], mask, truth: undefined };
  expect(countSweep(found, 2, { background: 0 })).toEqual({});
  expect(sweepScores({}, 2, { camCrf: "none" })).toEqual([]);
  expect(sweepScores({ swept: ndarray("float64", [0], new Float64Array()) }, 2, { camCrf: "none" })).toEqual([]);
});

test("a photograph without saliency is labelled as if none were asked for", () => {
  const maps = mapOf((i) => (isRight(i) ? 0.9 : 0));
  for (const camCrf of camCrfNames) {
    const plain = pseudoLabels(maps, [7], image, {}, { ...usual, camCrf });
    const asked = pseudoLabels(maps, [7], image, {}, { ...usual, camCrf, camSaliency: "background" });
    expect(asked).toEqual(plain);
  }
});
