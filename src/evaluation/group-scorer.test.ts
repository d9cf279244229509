import { afterAll, beforeAll, expect, test } from "vitest";
import { checkEngine } from "../../test/support/check-model.ts";
import { ndarray } from "../array/ndarray.ts";
import type { ClassInfo, Sample } from "../data/sample.ts";
import type { GroupMaps } from "../methods/groups.ts";
import { cast, div, transpose } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { groupScorer } from "./group-scorer.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await checkEngine();
});
afterAll(() => engine.close());

/** Three groups: how red, green and blue a pixel is. The first stage is no matter. */
const groups: GroupMaps = {
  stages: [
    { name: "first", count: 3 },
    { name: "last", count: 3 },
  ],
  prepare: ({ width, height, data }) => ({ image: ndarray("uint8", [height, width, 3], data) }),
  outputs: (_, { image }) => ({ "map:last": div(cast(transpose(image, [0, 3, 1, 2]), "float32"), 255) }),
};

const color = [0, 0, 0] as const;
const classes: readonly ClassInfo[] = [
  { name: "sky", color },
  { name: "sea", color },
  { name: "land", color },
];

/** Pixels by the channel that is the largest, and their labels. */
function sample(channels: readonly number[], labels: readonly number[]): Sample {
  const size = { width: channels.length, height: 1 };
  const data = Uint8Array.from(channels.flatMap((channel) => [0, 1, 2].map((c) => (c === channel ? 255 : 0))));
  return {
    id: "a",
    source: "a",
    image: { ...size, data },
    labels: { mask: { ...size, data: Uint8Array.from(labels) } },
  };
}

async function measures(samples: readonly Sample[], of = classes) {
  const scorer = groupScorer(groups, { engine, weights: {}, classes: of });
  try {
    for (const each of samples) await scorer.add(each);
    return Object.fromEntries(scorer.measures().map(({ name, value }) => [name, value]));
  } finally {
    await scorer.release();
  }
}

// Group 0 has two pixels of sky and one of sea, group 1 two of sea and one that is not labelled, group 2 one of land.
const first = sample([0, 0, 0, 1, 1, 1, 2], [0, 0, 1, 1, 1, 255, 2]);

test("groups are given their best classes, and the pixels of all photographs counted together", async () => {
  // Sky 2 of 3, sea 2 of 3, land 1 of 1.
  expect((await measures([first]))["oracle mean IoU"]).toBeCloseTo((2 / 3 + 2 / 3 + 1) / 3, 6);
  // Another photograph, all of it sky, in one group of which half is sea: sky 4 of 7, sea 2 of 5.
  const second = sample([1, 1, 1, 1], [0, 0, 1, 1]);
  expect((await measures([first, second]))["oracle mean IoU"]).toBeCloseTo((4 / 7 + 2 / 5 + 1) / 3, 6);
});

test("masks are probed one class at a time, or all that is not background at once, photograph by photograph", async () => {
  const each = (2 / 3 + 2 / 3 + 1) / 3;
  const second = sample([1, 1, 1, 1], [0, 0, 1, 1]);
  expect((await measures([first]))["mask probing"]).toBeCloseTo(each, 6);
  expect((await measures([first, second]))["mask probing"]).toBeCloseTo((each + 0.5) / 2, 6);
  const withBackground: ClassInfo[] = [{ ...classes[0], background: true }, ...classes.slice(1)];
  // Sea and land are four pixels; group 1 has two of them and no other that counts.
  expect((await measures([first], withBackground))["mask probing"]).toBeCloseTo(2 / 4, 6);
});

test("nothing is scored where no pixel counts", async () => {
  expect(await measures([sample([0, 1], [255, 255])])).toEqual({ "oracle mean IoU": null, "mask probing": null });
});

test("maps are enlarged to the masks", async () => {
  const coarse: GroupMaps = {
    ...groups,
    prepare: () => ({ image: ndarray("uint8", [1, 2, 3], Uint8Array.of(255, 0, 0, 0, 255, 0)) }),
  };
  const scorer = groupScorer(coarse, { engine, weights: {}, classes });
  await scorer.add(sample([0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 1]));
  expect(scorer.measures().map(({ value }) => value)).toEqual([1, 1]);
  await scorer.release();
});

test("more groups than labels are refused", () => {
  const many: GroupMaps = { ...groups, stages: [{ name: "last", count: 256 }] };
  expect(() => groupScorer(many, { engine, weights: {}, classes })).toThrow(
    "expected at most 255 groups to score, got 256",
  );
});
