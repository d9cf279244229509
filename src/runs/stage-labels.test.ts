import { describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { ndarray } from "../array/ndarray.ts";
import type { Dataset } from "../data/dataset.ts";
import type { LabelKind, Labels } from "../data/sample.ts";
import { labelledDataset } from "../data/views.ts";
import { nodePlatform } from "../platform/node.ts";
import { writeSafetensors } from "../weights/safetensors.ts";
import { removeStageLabels, withStageLabels, writeIndex, writeSampleLabels } from "./stage-labels.ts";

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

describe("features", () => {
  const values = ndarray("float16", [2, 1, 1], Uint16Array.of(0x3c00, 0xbc01));
  const features = {
    ...{ width: 7, height: 5 },
    maps: [
      { stride: 8, values: ndarray("float16", [1, 2, 2], Uint16Array.of(1, 2, 3, 4)) },
      { stride: 16, values },
    ],
  };
  const place = "run/labels/p";

  async function written(photographs?: boolean, wanted: LabelKind[] = ["features"]) {
    const platform = memoryPlatform();
    const kinds = await writeSampleLabels(platform, place, "sums", { features, tags: [1] }, classes);
    await writeIndex(platform, place, new Map([["sums", kinds]]));
    const own = owning({ tags: [0], captions: ["a"] });
    const joined = await withStageLabels(platform, place, ["features", "tags"], own, wanted, { photographs });
    return { platform, kinds, view: labelledDataset(joined, wanted) };
  }

  test("come back as they were, the largest map first", async () => {
    const { kinds, view } = await written();
    expect([kinds, view.ids]).toEqual([["tags", "features"], ["sums"]]);
    expect((await view.read(0)).labels).toEqual({ features });
  });

  test("and what lies beside them are read without the photograph, where nobody looks at it", async () => {
    const image = { width: 1, height: 1, data: Uint8Array.of(128, 128, 128) };
    const read = async (...options: Parameters<typeof written>) => (await written(...options)).view.read(0);
    expect(await read(false, ["features", "tags"])).toEqual({
      ...{ id: "sums", source: "sums", image, labels: { features, tags: [1] } },
    });
    expect((await read(false, ["features", "captions"])).image.width).toBe(size.width);
    expect((await read(true)).image.width).toBe(size.width);
  });

  test("that are damaged are refused by name", async () => {
    const file = `${place}/sums.features.safetensors`;
    const refused = async (bytes: Uint8Array) => {
      const { platform, view } = await written();
      platform.files.set(file, bytes);
      return view.read(0).then(
        () => null,
        (error: Error) => error.message,
      );
    };
    const { platform } = await written();
    expect(await refused(platform.files.get(file)!.subarray(0, 100))).toMatch(`${file}: expected`);
    expect(await refused(writeSafetensors({ a: values }, { width: "7", height: "5" }))).toBe(
      `${file}: expected features that a stage wrote, with strides of maps in pixels, each once, got NaN. Train the run anew.`,
    );
    expect(await refused(writeSafetensors({ "16": values }))).toMatch(
      /with width and height in pixels, got NaN and NaN/,
    );
  });

  test("are gone when they are removed", async () => {
    const { platform } = await written();
    platform.files.set("run/labels/other.json", new Uint8Array());
    await removeStageLabels(platform, place);
    expect([...platform.files.keys()]).toEqual(["run/labels/other.json"]);
  });
});
