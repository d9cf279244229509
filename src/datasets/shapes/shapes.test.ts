/** Annotations that draw shapes, read as they lie; each format draws the same masks, with a hole and two disjoint parts. */
import { expect, test } from "vitest";
import { photographPng, put, temporaryFolder } from "../../../test/support/pictures.ts";
import type { LabelMap } from "../../image/image.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { openDataset, splitsOf } from "../index.ts";
import { countProblems, inspectDataset } from "../inspect.ts";
import { decodeRuns, drawShapes } from "./draw-shapes.ts";

const [width, height] = [12, 8];

const photograph = (seed: number) => photographPng(width, height, seed);

/** cat: columns 1 to 4 and 8 to 9 of rows 1 to 5, without the hole at columns 2 to 3, rows 2 to 3; dog: row 7. */
const expected = [
  "............",
  ".1111...11..",
  ".1..1...11..",
  ".1..1...11..",
  ".1111...11..",
  ".1111...11..",
  "............",
  "222222222222",
];

const box = (x0: number, y0: number, x1: number, y1: number) => [x0, y0, x1, y0, x1, y1, x0, y1];
const [outer, hole, part, dog] = [box(1, 1, 5, 6), box(2, 2, 4, 4), box(8, 1, 10, 6), box(0, 7, 12, 8)];

function drawn({ data }: Pick<LabelMap, "data">): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from(data.subarray(y * width, (y + 1) * width), (value) => (value === 0 ? "." : String(value))).join(""),
  );
}

async function expectRead(root: string, layout: string, splits: readonly string[]): Promise<void> {
  expect(await splitsOf(platform, root)).toEqual(splits);
  const dataset = await openDataset(platform, root, "train");
  expect([dataset.name.split(" ")[0], dataset.classes.map(({ name }) => name)]).toEqual([
    layout,
    ["background", "cat", "dog"],
  ]);
  const { labels } = await dataset.read(0);
  expect(drawn(labels.mask as LabelMap)).toEqual(expected);
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
}

/** Run lengths by columns of the pixels that are cat in `expected`. */
function catRuns(): number[] {
  const runs = [0];
  let inside = false;
  for (let at = 0; at < width * height; at++) {
    const isCat = expected[at % height][Math.floor(at / height)] === "1";
    if (isCat !== inside) runs.push(0);
    inside = isCat;
    runs[runs.length - 1]++;
  }
  return runs;
}

/** COCO's text of run lengths, after its description. */
function encodeRuns(runs: readonly number[]): string {
  let text = "";
  for (const [at, run] of runs.entries()) {
    let value = at > 2 ? run - runs[at - 2] : run;
    for (let more = true; more; ) {
      const digit = value & 0x1f;
      value >>= 5;
      more = (digit & 0x10) !== 0 ? value !== -1 : value !== 0;
      text += String.fromCharCode(48 + (more ? digit | 0x20 : digit));
    }
  }
  return text;
}

const images = [{ id: 5, file_name: "some/where/a.png", width, height }];
const categories = [
  { id: 3, name: "cat" },
  { id: 9, name: "dog" },
];
const dogShape = { image_id: 5, category_id: 9, segmentation: [dog], area: 12 };

test.each<[string, string, unknown]>([
  ["plain run lengths", "annotations/instances_train.json", { counts: catRuns(), size: [height, width] }],
  [
    "compressed run lengths",
    "annotations/instances_default.json",
    { counts: encodeRuns(catRuns()), size: [height, width] },
  ],
  [
    "run lengths beside photographs, with a year",
    "train2014/_annotations.coco.json",
    { counts: catRuns(), size: [height, width] },
  ],
  ["run lengths beside photographs", "train/_annotations.coco.json", { counts: catRuns(), size: [height, width] }],
])("COCO instances of %s are read, with holes and parts", async (_, file, segmentation) => {
  const root = temporaryFolder();
  const cat = { image_id: 5, category_id: 3, segmentation, area: 26 };
  put(root, file, JSON.stringify({ images, categories, annotations: [dogShape, cat] }));
  put(root, file.startsWith("train") ? "train/a.png" : "images/a.png", photograph(1));
  await expectRead(root, "coco", ["train"]);
});

test("COCO polygons are parts of one instance, and small instances lie on large ones", async () => {
  const root = temporaryFolder();
  const cat = { image_id: 5, category_id: 3, segmentation: [outer, part], area: 30 };
  const inside = { image_id: 5, category_id: 9, segmentation: [hole], area: 4 };
  put(root, "annotations.json", JSON.stringify({ images, categories, annotations: [inside, cat, dogShape] }));
  put(root, "images/a.png", photograph(1));
  const { labels } = await (await openDataset(platform, root, "train")).read(0);
  expect(drawn(labels.mask as LabelMap)[2]).toBe(".1221...11..");
});

test.each<[string, unknown, string]>([
  [
    "boxes alone",
    { image_id: 5, category_id: 3, bbox: [0, 0, 2, 2] },
    "expected a segmentation of every annotation, got none of 1 of 1. Boxes alone label no pixels",
  ],
  [
    "an unknown category",
    { image_id: 5, category_id: 4, segmentation: [outer] },
    "annotations[0]: expected the id of a category, got 4.",
  ],
  [
    "run lengths of another size",
    { image_id: 5, category_id: 3, segmentation: { counts: [4], size: [2, 3] } },
    "expected polygons, or run lengths of the whole picture",
  ],
  ["an image that is not there", null, "expected this photograph, named in "],
])("COCO instances with %s are refused", async (_, annotation, message) => {
  const root = temporaryFolder();
  put(
    root,
    "annotations.json",
    JSON.stringify({ images, categories, annotations: annotation === null ? [] : [annotation] }),
  );
  if (annotation !== null) put(root, "images/a.png", photograph(1));
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
});

/** One ring that goes in to the hole and back, as YOLO's exports have them. */
const bridged = [1, 1, 5, 1, 5, 6, 1, 6, 1, 1, 2, 2, 2, 4, 4, 4, 4, 2, 2, 2];
const shares = (ring: readonly number[]) => ring.map((each, at) => each / (at % 2 === 0 ? width : height)).join(" ");

test.each([
  ["names: [cat, 'dog']\n", "images/train", "labels/train"],
  ["path: x\nnames:\n  0: cat  # first\n  1: dog\nnc: 2\n", "images/train", "labels/train"],
  ["train: ../train/images\nnames:\n- cat\n- dog\n", "train/images", "train/labels"],
])("YOLO's labels are read, with holes and parts", async (yaml, imageFolder, labelFolder) => {
  const root = temporaryFolder();
  put(root, "data.yaml", yaml);
  put(root, `${imageFolder}/a.png`, photograph(1));
  put(root, `${labelFolder}/a.txt`, `0 ${shares(bridged)}\n0 ${shares(part)}\n1 ${shares(dog)}\n`);
  await expectRead(root, "yolo", ["train"]);
});

test.each([
  ["0 0.5 0.5 0.2 0.2", "line 1: expected a polygon: class x1 y1 x2 y2 x3 y3 …, got a box."],
  ["7 0 0 1 0 1 1", "line 1: expected a class from 0 to 1, got 7."],
  ["0 0 0 12 0 1 1", "from 0 to 1, got 0 0 0 12 0 1 1."],
])("YOLO's line %s is refused", async (line, message) => {
  const root = temporaryFolder();
  put(root, "data.yaml", "names: [cat, dog]\n");
  put(root, "images/train/a.png", photograph(1));
  put(root, "labels/train/a.txt", line);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
});

const points = (ring: readonly number[]) =>
  Array.from({ length: ring.length / 2 }, (_, at) => [ring[2 * at], ring[2 * at + 1]]);
const labelmeJson = (more: object = {}) =>
  JSON.stringify({
    ...{ version: "5.0", imagePath: "a.png", imageWidth: width, imageHeight: height, ...more },
    shapes: [
      { label: "cat", points: points(outer), shape_type: "polygon", group_id: 1 },
      { label: "_background_", points: points(hole), shape_type: "polygon" },
      { label: "cat", points: points(part), shape_type: "polygon", group_id: 1 },
      {
        label: "dog",
        points: [
          [0, 7],
          [12, 8],
        ],
        shape_type: "rectangle",
      },
    ],
  });

test("labelme's files are read, later shapes on top, with splits or without", async () => {
  for (const place of ["", "train/"]) {
    const root = temporaryFolder();
    put(root, `${place}a.png`, photograph(1));
    put(root, `${place}a.json`, labelmeJson());
    if (place !== "") put(root, "labels.txt", "__ignore__\nbackground\ncat\ndog\n");
    const dataset = await openDataset(platform, root, "train");
    const { labels } = await dataset.read(0);
    const background = dataset.classes.findIndex((each) => each.background);
    const indices = ["cat", "dog"].map((name) => dataset.classes.findIndex((each) => each.name === name));
    const data = (labels.mask as LabelMap).data.map((value) => (value === background ? 0 : 1 + indices.indexOf(value)));
    expect(drawn({ data })).toEqual(expected);
  }
});

test("an annotation of another size than its photograph is refused", async () => {
  const root = temporaryFolder();
  put(root, "a.png", photograph(1));
  put(root, "a.json", labelmeJson({ imageWidth: height, imageHeight: width }));
  await expect((await openDataset(platform, root, "train")).read(0)).rejects.toThrow(
    "a.json: expected an annotation of the photograph's 12x8 pixels, got one of 8x12.",
  );
});

test("run lengths come back from COCO's text", () => {
  const runs = [3, 500, 2, 1, 70_000, 4, 12];
  expect(decodeRuns(encodeRuns(runs))).toEqual(runs);
});

test("rings of one area make holes, and a pixel is inside where its middle is", () => {
  const shapes = [{ label: 1, areas: [{ rings: [[0.4, 0.4, 3.6, 0.4, 3.6, 3.6, 0.4, 3.6], box(1, 1, 3, 3)] }] }];
  const { data } = drawShapes({ file: "x", fill: 0, shapes }, 4, 4);
  expect([...data]).toEqual([1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 1]);
});
