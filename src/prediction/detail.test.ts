import { afterAll, beforeAll, expect, test } from "vitest";
import { bareProbabilities, checkEngine, checkImage, checkModel } from "../../test/support/check-model.ts";
import { crfSettings } from "../refinement/crf-settings.ts";
import type { Engine } from "../runtime/engine.ts";
import { detailOf } from "./detail.ts";
import type { SegmentOptions } from "./segmentation.ts";
import { openSegmenter, type Segmenter } from "./segmenter.ts";

const trained = checkModel();
let engine: Engine;
let segmenter: Segmenter;
let tiled: Segmenter;

beforeAll(async () => {
  engine = await checkEngine();
  segmenter = await openSegmenter(engine, trained);
  tiled = await openSegmenter(engine, trained, { pieceElements: 5 * 24 * 80 });
});
afterAll(() => engine.close());

test("the probabilities of one window are those of the network", async () => {
  const image = checkImage(32, 24);
  const { probabilities } = await segmenter.segment(image, { detail: "probabilities" });
  const bare = await bareProbabilities(trained, image);
  expect(probabilities).toHaveLength(bare.length);
  expect(probabilities!.every((value, at) => Math.abs(value - bare[at]) < 1e-5)).toBe(true);
});

test.each<[string, SegmentOptions]>([
  ["enlarged", { shortSide: 30 }],
  ["several scales and the mirror image", { shortSide: 0, scales: [0.75, 1], flip: true }],
  ["refined", { shortSide: 0, crf: crfSettings.cam, flip: true }],
])("probabilities sum to 1, and their largest is the confidence and the class: %s", async (_, options) => {
  const image = checkImage(70, 61);
  const plane = 70 * 61;
  const { labels, confidence, probabilities } = await segmenter.segment(image, { ...options, detail: "probabilities" });
  const alone = await segmenter.segment(image, { ...options, detail: "confidence" });
  expect(alone.probabilities).toBeUndefined();
  expect(alone.confidence).toEqual(confidence);
  let [equal, sums, largest] = [0, 0, 0];
  for (let at = 0; at < plane; at++) {
    const all = Array.from({ length: 5 }, (_, k) => probabilities![k * plane + at]);
    const best = Math.max(...all);
    if (all.indexOf(best) === labels.data[at]) equal++;
    sums = Math.max(sums, Math.abs(all.reduce((a, b) => a + b, 0) - 1));
    largest = Math.max(largest, Math.abs(best - confidence![at]));
  }
  expect(equal / plane).toBeGreaterThan(0.999);
  expect(sums).toBeLessThan(1e-4);
  expect(largest).toBe(0);
});

test("window by window they are those of one piece", async () => {
  const image = checkImage(130, 111, 3);
  const whole = await segmenter.segment(image, { shortSide: 0, detail: "probabilities" });
  const parts = await tiled.segment(image, { shortSide: 0, detail: "probabilities" });
  const most = whole.probabilities!.reduce(
    (worst, value, at) => Math.max(worst, Math.abs(value - parts.probabilities![at])),
    0,
  );
  expect(most).toBeLessThan(1e-5);
});

test("more probabilities than fit are refused before anything is computed", () => {
  const image = { width: 20_000, height: 10_000, data: new Uint8Array(0) };
  expect(() => detailOf("probabilities", image, 150)).toThrow(
    /expected at most 536870912 probabilities.*150 of each of 20000x10000/,
  );
});
