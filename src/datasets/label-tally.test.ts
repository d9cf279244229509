/** Where kinds of labels contradict each other. */
import { expect, test } from "vitest";
import type { ClassInfo, Labels } from "../data/sample.ts";
import { LabelTally } from "./label-tally.ts";

const color = [0, 0, 0] as const;
const [sky, road]: ClassInfo[] = ["sky", "road"].map((name) => ({ name, color }));
const image = { width: 2, height: 2, data: new Uint8Array(12) };
const mask = (...data: number[]) => ({ width: 2, height: 2, data: Uint8Array.from(data) });
const panoptic = (...classOf: number[]) => ({
  ...{ width: 2, height: 2, data: Uint32Array.of(1, 1, 2, 0) },
  segments: classOf.map((classIndex, at) => ({ id: at + 1, classIndex, crowd: false })),
});

function notesOf(classes: readonly ClassInfo[], ...all: Labels[]): string[] {
  const tally = new LabelTally(classes);
  for (const [at, labels] of all.entries()) tally.add({ id: `${at}`, source: `${at}.jpg`, image, labels });
  return tally.notes().map(({ message }) => message);
}

test.each<[string, ClassInfo]>([
  ["called so", { name: "Background", color }],
  ["marked so", { name: "void", color, background: true }],
])("tags may leave out the background, %s, and nothing else", (_, background) => {
  const shown = mask(0, 0, 1, 255);
  expect(notesOf([background, road], { mask: shown, tags: [1] })).toEqual([]);
  expect(notesOf([background, road], { mask: shown, tags: [1] }, { mask: shown, tags: [] })).toEqual([
    '1.jpg: expected tags for all that labels show, got none of "road". Correct the labels.',
  ]);
});

test("tags are compared with segments where there is no mask, and images after the first are counted", () => {
  const one: Labels = { panoptic: panoptic(0, 1), tags: [0] };
  const expected = 'expected tags for all that labels show, got none of "road"';
  expect(notesOf([sky, road], one)).toEqual([`0.jpg: ${expected}. Correct the labels.`]);
  expect(notesOf([sky, road], one, one)[0]).toContain(`${expected}, and 1 other image is like it.`);
  expect(notesOf([sky, road], one, one, one)[0]).toContain(`${expected}, and 2 other images are like it.`);
});

test("a mask that contradicts its segments is noted with the first place; unlabelled pixels contradict nothing", () => {
  const segments = panoptic(0, 1);
  expect(notesOf([sky, road], { mask: mask(0, 255, 1, 1), panoptic: segments })).toEqual([]);
  expect(notesOf([sky, road], { mask: mask(0, 255, 0, 1), panoptic: segments })).toEqual([
    '0.jpg: expected the same classes in mask and segments, got "sky" and "road" at column 0, row 1. Correct the labels.',
  ]);
});

test("ranges of many samples take a time that grows with the samples alone", () => {
  const tally = new LabelTally([sky, road]);
  for (let i = 0; i < 100_000; i++) tally.add({ id: "", source: "", image, labels: { captions: ["x"], tags: [] } });
  expect(tally.reports().captions).toEqual({ samples: 100_000, perSample: { smallest: 1, median: 1, largest: 1 } });
});
