/** What predict writes of a panoptic model, scored against a truth whose ids have gaps. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { putSet } from "../../test/support/panoptic-files.ts";
import { put, temporaryFolder } from "../../test/support/pictures.ts";
import type { ClassInfo } from "../data/sample.ts";
import { nodePlatform } from "../platform/node.ts";
import type { ModelCard } from "../prediction/model.ts";
import { type PredictOptions, predictFiles } from "../prediction/predict.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import { evaluatePanopticFiles } from "./evaluate-panoptic-files.ts";

const gapped: readonly ClassInfo[] = [
  { name: "cat", color: [1, 2, 3], thing: true, categoryId: 17 },
  { name: "rug", color: [4, 5, 6], thing: false, categoryId: 200 },
];

/** Each photograph's red is the number of its left pixels that are a cat; the others are rug. */
function segmenterOf(classes: readonly ClassInfo[]): Segmenter {
  const card = { kind: "panoptic", method: "m", recipe: "r", classes, version: "0" } as unknown as ModelCard;
  return {
    ...{ card, source: "run", close: async () => {} },
    async segment({ width, height, data: [cat] }) {
      const size = { width, height };
      const data = Uint32Array.from({ length: width }, (_, x) => (x < cat ? 300 : 70_000));
      const segments = [
        { id: 300, classIndex: 0, crowd: false },
        { id: 70_000, classIndex: 1, crowd: false },
      ];
      const labels = { ...size, data: new Uint8Array(width) };
      return { labels, areas: [cat, width - cat], panoptic: { ...size, data, segments } };
    },
  };
}

let root: string;
/** With cats of 1, 2 and 3 pixels of 4. */
let names: readonly string[];

beforeEach(() => {
  root = temporaryFolder();
});

async function photographs(all: readonly string[]): Promise<string> {
  names = all;
  for (const [index, name] of all.entries()) {
    const image = { width: 4, height: 1, data: new Uint8Array(12).fill(index + 1) };
    put(root, `photographs/${name}.png`, await nodePlatform.encodeImage(image, "png"));
  }
  const images = all.map((name, index) => ({
    ...{ image_id: /^\d+$/.test(name) ? Number(name) : 900 + index, file_name: `${name}.png` },
    rows: [Array.from({ length: 4 }, (_, x) => (x <= index ? 1 : 2))],
    segments_info: [
      { id: 1, category_id: 17 },
      { id: 2, category_id: 200 },
    ],
  }));
  const categories = [
    { id: 1, name: "person", isthing: 1 },
    { id: 17, name: "cat", isthing: 1 },
    { id: 200, name: "rug", isthing: 0 },
  ];
  return putSet(root, "truth", images, categories);
}

const predict = (which: readonly string[], options: PredictOptions = {}, classes = gapped) =>
  predictFiles(
    segmenterOf(classes),
    nodePlatform,
    which.map((name) => join(root, `photographs/${name}.png`)),
    join(root, "out"),
    options,
  );

async function scored(predictions: string, truth: string) {
  const notes: string[] = [];
  const onNote = (line: string) => notes.push(line.replaceAll(`${root}/`, ""));
  const { all } = await evaluatePanopticFiles(nodePlatform, join(root, predictions), truth, { onNote });
  return [all.pq, notes];
}

test("ids are those of the data set and of the photographs, in whatever order and however many calls", async () => {
  const truth = await photographs(["000285", "000776", "000009"]);
  await predict(["000776"]);
  await predict(["000009", "000285"]);
  expect(await scored("out/panoptic.json", truth)).toEqual([1, []]);
});

test("names that are no numbers are paired by name", async () => {
  const truth = await photographs(["a", "b", "c"]);
  await predict(["c", "a", "b"]);
  const note = "out/panoptic.json: image_id 900 of truth.json is not there: images are paired by file name";
  expect(await scored("out/panoptic.json", truth)).toEqual([1, [note]]);
});

test("a model that knows no ids of its data set is scored by names of classes", async () => {
  const truth = await photographs(["000285", "000776", "000009"]);
  await predict(
    [...names].reverse(),
    {},
    gapped.map(({ categoryId: _, ...each }) => each),
  );
  const [pq, notes] = await scored("out/panoptic.json", truth);
  expect([pq, notes]).toEqual([1, [expect.stringContaining("categories are matched by name")]]);
});

test.each(["rgb", "two-channel"] as const)("the folder is scored as well, ids as %s", async (segmentIds) => {
  const truth = await photographs(["000285", "b"]);
  await predict(["b", "000285"], { segmentIds });
  const note = "out: predictions of tessera, read by panoptic.json";
  expect(await scored("out", truth)).toEqual([1, expect.arrayContaining([note])]);
  if (segmentIds === "rgb") return;
  // Without the list, red alone tells the category.
  rmSync(join(root, "out/panoptic.json"));
  expect(existsSync(join(root, "out/b.png"))).toBe(true);
  expect(await scored("out", truth)).toEqual([1, []]);
});

test("two photographs of one number are told, and neither is taken for the other", async () => {
  const truth = await photographs(["12", "012"]);
  const { notes } = await predict(["12", "012"]);
  expect(notes).toEqual([
    expect.stringMatching(/panoptic\.json: image 12 is another photograph than .*\/12\.png, which/),
  ]);
  await expect(scored("out/panoptic.json", truth)).rejects.toThrow("expected each image once");
});
