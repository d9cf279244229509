import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Random } from "../array/random.ts";
import type { ClassInfo } from "../data/sample.ts";
import { openDataset } from "../datasets/index.ts";
import { decodeRuns } from "../datasets/shapes/draw-shapes.ts";
import { nodePlatform } from "../platform/node.ts";
import { classRuns } from "./class-runs.ts";
import type { ModelCard } from "./model.ts";
import { predictFiles } from "./predict.ts";
import type { Segmenter } from "./segmenter.ts";

const classes: readonly ClassInfo[] = [
  { name: "sky", color: [1, 2, 3] },
  { name: "car", color: [4, 5, 6] },
];

/** Photographs are car where they are bright. */
function segmenterOf(known = classes): Segmenter {
  const card = { kind: "semantic", method: "m", recipe: "r", classes: known, version: "0" } as unknown as ModelCard;
  return {
    ...{ card, source: "run", close: async () => {} },
    async segment({ width, height, data: pixels }) {
      const data = Uint8Array.from({ length: width * height }, (_, at) => (pixels[3 * at] > 128 ? 1 : 0));
      const areas = known.map((_, index) => data.filter((each) => each === index).length);
      return { labels: { width, height, data }, areas, scores: known.map(() => 0.75) };
    },
  };
}

let folder: string;
let out: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tessera-runs-"));
  out = join(folder, "out");
});

afterEach(() => rmSync(folder, { recursive: true }));

async function photograph(name: string, brightness: readonly number[], width: number): Promise<string> {
  const data = Uint8Array.from(brightness.flatMap((value) => [value, value, value]));
  const path = join(folder, name);
  writeFileSync(path, await nodePlatform.encodeImage({ width, height: brightness.length / width, data }, "png"));
  return path;
}

const read = () =>
  JSON.parse(readFileSync(join(out, "coco.json"), "utf8")) as {
    images: { id: number; file_name: string; mask: string }[];
    annotations: { id: number; image_id: number; category_id: number; area: number; score: number }[];
    categories: { id: number; name: string }[];
  };

test("runs are those of COCO: columns first, zeros before ones", () => {
  const [sky, car] = classRuns({ width: 3, height: 2, data: Uint8Array.of(0, 1, 1, 0, 0, 1) }, 2);
  // Columns: 0 0, 1 0, 1 1. Sky: 0 others, 2, 1, 1, 2 others; car: 2 others, 1, 1, 2. The fourth number is its difference to the second.
  expect(sky).toMatchObject({ category_id: 1, area: 3, bbox: [0, 0, 2, 2], segmentation: { size: [2, 3] } });
  expect(decodeRuns(sky.segmentation.counts)).toEqual([0, 2, 1, 1, 2]);
  expect(car).toMatchObject({ category_id: 2, area: 3, bbox: [1, 0, 2, 2], segmentation: { counts: "2111" } });
});

test("boxes, areas and pixels of any map come back; labels that are no class have no runs", () => {
  const generator = new Random("runs");
  for (let round = 0; round < 50; round++) {
    const [width, height] = [1 + generator.integer(7), 1 + generator.integer(7)];
    const data = Uint8Array.from({ length: width * height }, () => [0, 0, 0, 1, 2, 255][generator.integer(6)]);
    for (const { category_id, segmentation, area, bbox } of classRuns({ width, height, data }, 3)) {
      const inside = [...data.keys()].filter((at) => data[at] === category_id - 1);
      const [xs, ys] = [inside.map((at) => at % width), inside.map((at) => Math.floor(at / width))];
      expect(area).toBe(inside.length);
      const [left, top] = [Math.min(...xs), Math.min(...ys)];
      expect(bbox).toEqual([left, top, Math.max(...xs) - left + 1, Math.max(...ys) - top + 1]);
      let end = 0;
      const covered = decodeRuns(segmentation.counts).flatMap((length, index) => {
        end += length;
        return index % 2 === 0 ? [] : Array.from({ length }, (_, at) => end - length + at);
      });
      expect(covered.map((at) => (at % height) * width + Math.floor(at / height)).sort((m, n) => m - n)).toEqual(
        inside,
      );
      expect(end).toBe(width * height);
    }
  }
});

test("photographs are added to, replaced, and go with their masks", async () => {
  const [a, b] = [await photograph("a.png", [0, 200, 0, 200], 2), await photograph("b.png", [0, 0], 2)];
  await predictFiles(segmenterOf(), nodePlatform, [a, b], out, { forms: ["coco"] });
  expect(read().images.map(({ file_name, mask }) => [file_name, mask])).toEqual([
    ["a.png", "a.png"],
    ["b.png", "b.png"],
  ]);
  expect(
    read().annotations.map(({ image_id, category_id, area, score }) => [image_id, category_id, area, score]),
  ).toEqual([
    [1, 1, 2, 0.75],
    [1, 2, 2, 0.75],
    [2, 1, 2, 0.75],
  ]);
  await photograph("a.png", [200, 200, 200, 200], 2);
  await predictFiles(segmenterOf(), nodePlatform, [a], out, { forms: ["coco"] });
  expect(read().annotations.map(({ id, image_id, category_id }) => [id, image_id, category_id])).toEqual([
    [1, 1, 1],
    [2, 2, 2],
  ]);
  // Without it a photograph's earlier entry would be wrong.
  await predictFiles(segmenterOf(), nodePlatform, [a], out);
  expect(read().images.map(({ file_name }) => file_name)).toEqual(["b.png"]);
});

test("it is read back as a data set", async () => {
  const a = await photograph("a.png", [0, 200, 0, 200, 0, 0], 2);
  await predictFiles(segmenterOf(), nodePlatform, [a], out, { forms: ["coco"] });
  const home = join(folder, "home");
  mkdirSync(join(home, "images"), { recursive: true });
  copyFileSync(a, join(home, "images/a.png"));
  copyFileSync(join(out, "coco.json"), join(home, "coco.json"));
  const dataset = await openDataset(nodePlatform, home, "train");
  const { mask } = (await dataset.read(0)).labels;
  const names = dataset.classes.map(({ name }) => name);
  expect([...(mask?.data ?? [])].map((index) => names[index])).toEqual(["sky", "car", "sky", "car", "sky", "sky"]);
});

test.each([
  ["a list", "[1]"],
  ["no JSON", "mine"],
  ["another program's", '{"images": [], "annotations": [], "categories": []}'],
])("%s under its name is left alone", async (_, content) => {
  const a = await photograph("a.png", [0], 1);
  mkdirSync(out);
  writeFileSync(join(out, "coco.json"), content);
  await expect(predictFiles(segmenterOf(), nodePlatform, [a], out, { forms: ["coco"] })).rejects.toThrow(
    /coco\.json: expected nothing/,
  );
  expect(readFileSync(join(out, "coco.json"), "utf8")).toBe(content);
  await predictFiles(segmenterOf(), nodePlatform, [a], out);
  expect(readFileSync(join(out, "coco.json"), "utf8")).toBe(content);
});

test("other classes are not added to", async () => {
  const [a, b] = [await photograph("a.png", [0], 1), await photograph("b.png", [0], 1)];
  await predictFiles(segmenterOf(), nodePlatform, [a], out, { forms: ["coco"] });
  const others = segmenterOf([...classes, { name: "tree", color: [7, 8, 9] }]);
  await expect(predictFiles(others, nodePlatform, [b], out, { forms: ["coco"] })).rejects.toThrow(/the same classes/);
});
