import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import type { Dataset } from "../data/dataset.ts";
import type { LabelKind, Labels } from "../data/sample.ts";
import { labelledDataset } from "../data/views.ts";
import { nodePlatform } from "../platform/node.ts";
import { withStageLabels, writeIndex, writeSampleLabels } from "./stage-labels.ts";

const size = { width: 2, height: 1 };
const classes = ["a", "b", "c"].map((name) => ({ name, color: [0, 0, 0] as const }));
const panoptic = { ...size, data: Uint32Array.of(1, 1), segments: [{ id: 1, classIndex: 0, crowd: false }] };
const mask = (label: number) => ({ ...size, data: Uint8Array.of(label, label) });

/** Three samples; it gives all that it has, whatever it is asked for. */
function owning(labels: Labels, ids = ["index", "sums", "p"]): Dataset {
  const kinds = Object.keys(labels) as LabelKind[];
  return {
    ...{ name: "own", split: "train", classes, kinds, ids, valueMap: {}, source: (at) => ids[at] },
    read: async (at) => ({ id: ids[at], source: ids[at], image: { ...size, data: new Uint8Array(6) }, labels }),
  };
}

/** The labels that a stage learns from after a pass that labelled the first two samples, the first by nothing. */
async function learnedFrom(own: Labels, written: Labels, writes: LabelKind[], wanted: LabelKind[]) {
  const platform = {
    ...memoryPlatform(),
    encodeIndexedPng: nodePlatform.encodeIndexedPng,
    decodeMask: undefined as never,
  };
  const pictures = {
    ...platform,
    decodeMask: async () => ({ ...size, channels: 1, data: Uint16Array.of(2, 2) }) as never,
  };
  const kinds = new Map([
    ["index", await writeSampleLabels(pictures, "run/labels/p", "index", {}, classes)],
    ["sums", await writeSampleLabels(pictures, "run/labels/p", "sums", written, classes)],
  ]);
  await writeIndex(pictures, "run/labels/p", kinds);
  const joined = await withStageLabels(pictures, "run/labels/p", writes, owning(own), wanted);
  const view = labelledDataset(joined, wanted);
  const read = await Promise.all(view.ids.map((_, at) => view.read(at)));
  return Object.fromEntries(
    read.map(({ id, labels }) => [
      id,
      wanted.map((kind) => labels[kind] && (kind === "mask" ? labels.mask!.data[0] : (labels[kind] as unknown))),
    ]),
  );
}

test("a pass's masks stand in for the data set's own, which are not taken where it gave none", async () => {
  expect(await learnedFrom({ mask: mask(1) }, { mask: mask(2) }, ["mask"], ["mask"])).toEqual({ sums: [2] });
});

test("nor are those that follow from the data set's own segments", async () => {
  expect(await learnedFrom({ panoptic, mask: mask(1) }, { mask: mask(2) }, ["mask"], ["mask"])).toEqual({ sums: [2] });
  expect(await learnedFrom({ panoptic }, { mask: mask(2) }, ["mask"], ["mask", "panoptic"])).toEqual({
    sums: [2, panoptic],
  });
});

test("kinds that a pass does not write stay the data set's own", async () => {
  const all = { index: [panoptic], sums: [panoptic], p: [panoptic] };
  expect(await learnedFrom({ panoptic }, { mask: mask(2) }, ["mask"], ["panoptic"])).toEqual(all);
  expect(await learnedFrom({ panoptic }, { tags: [2] }, ["tags"], ["mask"])).toEqual({ index: [0], sums: [0], p: [0] });
});

test("tags that a pass wrote are not taken from masks instead", async () => {
  expect(await learnedFrom({ mask: mask(1) }, { tags: [2] }, ["tags"], ["tags"])).toEqual({ sums: [[2]] });
});

test("where a pass wrote nothing, nothing is left", async () => {
  expect(await learnedFrom({ panoptic }, {}, ["mask"], ["mask"])).toEqual({});
});
