import { expect, it } from "vitest";
import { IGNORE, type Image } from "../image/image.ts";
import { crfSettings } from "./crf-settings.ts";
import { refineLabels, scoresOfLabels } from "./refine-labels.ts";

const map = (...data: number[]) => ({ width: data.length, height: 1, data: Uint8Array.from(data) });
const image = (...data: number[]): Image => ({
  ...{ width: data.length, height: 1 },
  data: Uint8Array.from(data.flatMap((value) => [value, value, value])),
});

it("gives a label its certainty, the others the rest, and unlabelled pixels nothing to know", () => {
  const { labels, scores } = scoresOfLabels(map(7, IGNORE, 3, 9), 0.8);
  expect(labels).toEqual([3, 7, 9]);
  const expected = [0.1, 1 / 3, 0.8, 0.1, 0.8, 1 / 3, 0.1, 0.1, 0.1, 1 / 3, 0.1, 0.8];
  expect([...scores.data].map((value, i) => Math.abs(Number(value) - expected[i]) < 1e-6)).not.toContain(false);
});

it("keeps the values of labels, and finds one for pixels without", () => {
  const colors = [10, 10, 10, 10, 240, 240, 240, 240];
  const got = refineLabels(map(7, 7, IGNORE, 7, 200, 200, IGNORE, 200), image(...colors), crfSettings["deeplab-v2"]);
  expect([...got.data]).toEqual([7, 7, 7, 7, 200, 200, 200, 200]);
});

it("gives a map of one label that label everywhere, and leaves one without any as it is", () => {
  const run = (...data: number[]) => [...refineLabels(map(...data), image(1, 2, 3), crfSettings.cam).data];
  expect(run(5, IGNORE, 5)).toEqual([5, 5, 5]);
  expect(run(IGNORE, IGNORE, IGNORE)).toEqual([IGNORE, IGNORE, IGNORE]);
});

it.each([0, -1, 1.1, Number.NaN])("refuses a certainty of %d", (certainty) => {
  expect(() => scoresOfLabels(map(0, 1), certainty)).toThrow(/certainty of labels above 0 and at most 1/);
});
