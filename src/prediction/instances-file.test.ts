/** What predict writes of a panoptic model's things, and its ids in two channels. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { ClassInfo, SegmentMap } from "../data/sample.ts";
import { segmentIdsOf } from "../metrics/segment-ids.ts";
import { nodePlatform } from "../platform/node.ts";
import type { ModelCard } from "./model.ts";
import { twoChannelIds } from "./panoptic-files.ts";
import { type PredictOptions, predictFiles } from "./predict.ts";
import type { Segmenter } from "./segmenter.ts";

const classes: readonly ClassInfo[] = [
  { name: "sky", color: [1, 2, 3], thing: false },
  { name: "car", color: [4, 5, 6], thing: true },
];

/** Sky with two cars: the left column, and the lower half of the right one. */
const map: SegmentMap = {
  ...{ width: 4, height: 2, data: Uint32Array.from([515, 256, 256, 256, 515, 256, 256, 514]) },
  segments: [
    { id: 256, classIndex: 0, crowd: false, score: 0.9 },
    { id: 514, classIndex: 1, crowd: false, score: 0.8 },
    { id: 515, classIndex: 1, crowd: false, score: 0.7 },
  ],
};

const segmenter = {
  card: { kind: "panoptic", method: "m", recipe: "r", classes, version: "0" } as unknown as ModelCard,
  ...{ source: "run", close: async () => {} },
  segment: async () => ({ labels: { width: 4, height: 2, data: new Uint8Array(8) }, areas: [5, 3], panoptic: map }),
} as unknown as Segmenter;

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "tessera-instances-"));
  for (const name of ["a", "b"]) {
    const image = { width: 4, height: 2, data: new Uint8Array(24).fill(90) };
    writeFileSync(join(folder, `${name}.png`), await nodePlatform.encodeImage(image, "png"));
  }
  return () => rmSync(folder, { recursive: true });
});

const predict = (names: readonly string[], options: PredictOptions) =>
  predictFiles(
    segmenter,
    nodePlatform,
    names.map((name) => join(folder, `${name}.png`)),
    join(folder, "out"),
    options,
  );

const written = (name: string) => JSON.parse(readFileSync(join(folder, "out", name), "utf8"));

test("instances.json has the things of all photographs, as COCO's annotation", async () => {
  await predict(["a"], { instances: "rle" });
  await predict(["b"], { instances: "polygons" });
  const [{ id: a }, { id: b }] = written("panoptic.json").images;
  const { images, annotations, categories } = written("instances.json");
  expect(a).not.toBe(b);
  expect(images).toEqual([
    { id: a, file_name: "a.png", width: 4, height: 2 },
    { id: b, file_name: "b.png", width: 4, height: 2 },
  ]);
  expect(categories).toEqual([{ id: 2, name: "car" }]);
  const car = { category_id: 2, iscrowd: 0 };
  const right = { ...car, area: 1, bbox: [3, 1, 1, 1], score: 0.8 };
  const left = { ...car, area: 2, bbox: [0, 0, 1, 2], score: 0.7 };
  expect(annotations).toEqual([
    { id: 1, image_id: a, ...right, segmentation: { size: [2, 4], counts: "71" } },
    { id: 2, image_id: a, ...left, segmentation: { size: [2, 4], counts: "026" } },
    { id: 3, image_id: b, ...right, segmentation: [[3, 1, 4, 1, 4, 2, 3, 2]] },
    { id: 4, image_id: b, ...left, segmentation: [[0, 0, 1, 0, 1, 2, 0, 2]] },
  ]);
});

test("without shapes there is no such file, and an earlier one has no photographs that were done again", async () => {
  await predict(["a", "b"], { instances: "rle" });
  await predict(["a"], {});
  expect(written("instances.json").images.map((image: { file_name: string }) => image.file_name)).toEqual(["b.png"]);
  await predict(["b"], {});
  expect(readdirSync(join(folder, "out"))).not.toContain("instances.json");
});

test("a file of that name that predict did not write is kept", async () => {
  await predict(["a"], {});
  const path = join(folder, "out", "instances.json");
  writeFileSync(path, '{"images":[]}');
  await expect(predict(["a"], { instances: "rle" })).rejects.toThrow(
    "instances.json: expected nothing, or an earlier result of predict to replace",
  );
  await predict(["a"], {});
  expect(readFileSync(path, "utf8")).toBe('{"images":[]}');
});

test("two channels are category and number of the thing; JSON and PNG agree", async () => {
  await predict(["a"], { segmentIds: "two-channel" });
  const file = join(folder, "out", "a.panoptic.png");
  const { data } = segmentIdsOf(await nodePlatform.decodeMask(file), file);
  const [sky, first, second] = [1, 2 + 256, 2 + 512];
  expect([...data]).toEqual([second, sky, sky, sky, second, sky, sky, first]);
  const [{ segments_info }] = written("panoptic.json").annotations;
  expect(segments_info.map((segment: { id: number }) => segment.id)).toEqual([sky, first, second]);
  expect(written("a.json").segments.map((segment: { id: number }) => segment.id)).toEqual([sky, first, second]);
});

test("two channels hold 255 things of a class, and no more", () => {
  const things = (count: number): SegmentMap => ({
    ...{ width: count, height: 1, data: Uint32Array.from({ length: count }, (_, i) => i + 1) },
    segments: Array.from({ length: count }, (_, i) => ({ id: i + 1, classIndex: 1, crowd: false })),
  });
  expect(twoChannelIds(things(255), classes).data[254]).toBe(2 + 256 * 255);
  expect(() => twoChannelIds(things(256), classes)).toThrow(
    "segment ids: expected categories 1 to 255 and at most 255 things of each in two channels, got 256 of one. Store them as rgb.",
  );
});
