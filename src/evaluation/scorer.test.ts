import { expect, test } from "vitest";
import type { ClassInfo, Sample, SegmentMap } from "../data/sample.ts";
import { scorerOf } from "./scorer.ts";

const classes: readonly ClassInfo[] = [
  { name: "sky", color: [0, 0, 1], thing: false },
  { name: "dog", color: [0, 1, 0], thing: true },
];

/** A dog, a crowd of dogs, sky, void. */
const truth: SegmentMap = {
  ...{ width: 4, height: 2, data: Uint32Array.from([1, 1, 2, 2, 3, 3, 3, 0]) },
  segments: [
    { id: 1, classIndex: 1, crowd: false },
    { id: 2, classIndex: 1, crowd: true },
    { id: 3, classIndex: 0, crowd: false },
  ],
};
const sample = { id: "a", source: "a.png", image: null, labels: { panoptic: truth } } as unknown as Sample;
const size = { width: 4, height: 2 };
const labels = { ...size, data: new Uint8Array(8) };

const measured = (readOut?: Uint8Array) => {
  const scorer = scorerOf("panoptic", classes);
  const prediction = {
    labels,
    areas: [0, 0],
    panoptic: truth,
    ...(readOut && { readOut: { ...size, data: readOut } }),
  };
  scorer.add(sample, prediction);
  return Object.fromEntries(scorer.measures().map(({ name, value }) => [name, value]));
};

test("a panoptic model that says every pixel's class has mean IoU, too; crowds and void do not count", () => {
  // Of the dog's two pixels one is sky: dog 1 / 2, sky 3 / 4.
  const scores = measured(Uint8Array.from([1, 0, 0, 0, 0, 0, 0, 1]));
  expect(scores.PQ).toBe(1);
  expect(scores["mean IoU"]).toBeCloseTo((1 / 2 + 3 / 4) / 2, 12);
});

test("one that does not has panoptic quality alone", () => {
  expect(Object.keys(measured())).toEqual(["PQ", "SQ", "RQ", "PQ of things", "PQ of stuff"]);
});
