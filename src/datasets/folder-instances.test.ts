/** Segments in a plain folder without COCO's annotation: PNGs of two channels, and numbers of instances beside masks. */
import { renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { greyPng, jpeg, png, put, temporaryFolder } from "../../test/support/pictures.ts";
import type { Split } from "../data/dataset.ts";
import type { ClassInfo, SegmentMap } from "../data/sample.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import {
  encodeSegmentIds,
  panopticCategories,
  panopticJson,
  type SegmentIds,
  segmentRecords,
  twoChannelIds,
} from "../prediction/panoptic-files.ts";
import { openDataset } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";
import { inspectText } from "./inspect-text.ts";

const open = (root: string, split: Split = "train") => openDataset(platform, root, split);
const [width, height] = [16, 12];

/** A value for each of three columns of a picture, all of one width but the last. */
const columns = (first: number, second: number, third: number) =>
  Array.from({ length: width * height }, (_, at) => [first, second, third][Math.min(2, Math.floor((at % width) / 5))]);

type Three = readonly [number, number, number];

/** Red, green and, where it is not 0, blue by column. */
function channelsPng(red: Three, green: Three, blue: Three = [0, 0, 0]): Buffer {
  const planes = [red, green, blue].map((each) => columns(...each));
  const values = Array.from({ length: 3 * width * height }, (_, at) => planes[at % 3][Math.floor(at / 3)]);
  return png({ width, height, depth: 8, colorType: 2, values });
}

const grey = (...values: Three) => greyPng(width, height, columns(...values));

const named = (...classes: object[]) => JSON.stringify({ ignoreIndex: 255, classes });
const declared = named({ name: "sky", thing: false }, { name: "car", thing: true });

/** a: sky and two cars; b: sky, a car and what is nothing. */
async function twoChannelFolder(classes: string | null = named({ name: "sky" }, { name: "car" })): Promise<string> {
  const root = temporaryFolder();
  if (classes !== null) put(root, "classes.json", classes);
  for (const [name, red, green] of [
    ["a", [1, 2, 2], [0, 1, 2]],
    ["b", [1, 2, 0], [0, 1, 0]],
  ] as const) {
    put(root, `images/train/${name}.jpg`, await jpeg());
    put(root, `panoptic/train/${name}.png`, channelsPng(red, green));
  }
  return root;
}

/** The same with masks and numbers. */
async function instanceFolder(classes = named({ name: "sky" }, { name: "car" })): Promise<string> {
  const root = temporaryFolder();
  put(root, "classes.json", classes);
  for (const [name, mask, numbers] of [
    ["a", [0, 1, 1], [0, 1, 2]],
    ["b", [0, 1, 255], [0, 1, 7]],
  ] as [string, Three, Three][]) {
    put(root, `images/train/${name}.jpg`, await jpeg());
    put(root, `masks/train/${name}.png`, grey(...mask));
    put(root, `instances/train/${name}.png`, grey(...numbers));
  }
  return root;
}

const sky = { id: 1, classIndex: 0, crowd: false };
const car = (number: number) => ({ id: 2 + 256 * number, classIndex: 1, crowd: false });
const middleRow = (map: SegmentMap | undefined) => [map?.data[0], map?.data[6], map?.data[15]];

test.each([
  ["two channels", twoChannelFolder],
  ["numbers beside masks", instanceFolder],
])("of %s a class with numbers is a thing, and each number a segment", async (_, folder) => {
  const { classes, kinds, notes, read } = await open(await folder());
  expect(classes.map(({ thing }) => thing)).toEqual([false, true]);
  expect(kinds).toContain("panoptic");
  expect(notes?.map((each) => each.replace(/^.*\/classes/, "classes"))).toEqual([
    'classes.json: expected "thing" of every class, got none of "sky", "car". Those with numbers are things: "car"; the other is stuff.',
  ]);
  const [a, b] = [(await read(0, ["panoptic"])).labels, (await read(1)).labels];
  expect(a.panoptic?.segments).toEqual([sky, car(1), car(2)]);
  expect(middleRow(a.panoptic)).toEqual([1, 258, 514]);
  expect([b.panoptic?.segments, middleRow(b.panoptic)]).toEqual([
    [sky, car(1)],
    [1, 258, 0],
  ]);
  expect(a.mask).toBeUndefined();
});

test("val is read by what train says of things, and inspection tells things, stuff and how many there are", async () => {
  const root = await instanceFolder();
  put(root, "images/val/c.jpg", await jpeg());
  put(root, "masks/val/c.png", grey(0, 0, 1));
  put(root, "instances/val/c.png", grey(0, 0, 0));
  const val = await open(root, "val");
  expect([val.classes.map(({ thing }) => thing), val.notes]).toEqual([[false, true], []]);
  expect((await val.read(0)).labels.panoptic?.segments).toEqual([sky, car(0)]);
  const report = await inspectDataset(platform, root);
  expect(countProblems(report)).toBe(0);
  expect(report.splits.map(({ labels }) => labels.panoptic?.things)).toEqual([3, 1]);
  expect(inspectText(report)).toContain("\nthings: car; stuff: sky\n");
  expect(inspectText(report)).toContain("panoptic segments, 2 to 3 each, 3 of things in all");
});

test("numbers may have 16 bits or be places in a palette", async () => {
  const root = await instanceFolder(declared);
  const values = columns(0, 300, 60_000);
  put(root, "instances/train/a.png", png({ width, height, depth: 16, colorType: 0, values }));
  const palette = [0, 1, 2, 3].map((each): [number, number, number] => [each * 50, 9, 200]);
  put(root, "instances/train/b.png", png({ width, height, depth: 2, colorType: 3, values: columns(0, 3, 1), palette }));
  const { notes, read } = await open(root);
  expect(notes).toEqual([]);
  expect((await read(0)).labels.panoptic?.segments).toEqual([sky, car(300), car(60_000)]);
  expect((await read(1)).labels.panoptic?.segments).toEqual([sky, car(3)]);
});

const color = [1, 2, 3] as const;
const modelClasses: ClassInfo[] = [
  { name: "car", color, thing: true },
  { name: "sky", color, thing: false },
];
/** As a model gives it: a car, the sky, another car, in ids of its own. */
const predicted: SegmentMap = {
  ...{ width, height, data: Uint32Array.from(columns(7, 3, 9)) },
  segments: [
    { id: 7, classIndex: 0, crowd: false, score: 0.9 },
    { id: 3, classIndex: 1, crowd: false, score: 0.8 },
    { id: 9, classIndex: 0, crowd: false, score: 0.7 },
  ],
};

/** `panoptic/train` as predict leaves it, masks, overlays and records included. */
async function predictedFolder(form: SegmentIds): Promise<string> {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg());
  const map = form === "two-channel" ? twoChannelIds(predicted, modelClasses) : predicted;
  put(root, "panoptic/train/a.panoptic.png", await encodeSegmentIds(platform, map, form));
  for (const name of ["a.png", "a.overlay.png", "a.confidence.png"]) put(root, `panoptic/train/${name}`, grey(0, 1, 0));
  put(root, "panoptic/train/a.json", "{}");
  const segments = segmentRecords(map, modelClasses);
  const entry = { photograph: "somewhere/a.jpg", width, height, file: "a.panoptic.png", segments };
  put(root, "panoptic/train/panoptic.json", panopticJson(panopticCategories(modelClasses), [entry]));
  return root;
}

test.each<SegmentIds>(["rgb", "16-bit", "two-channel"])(
  "what predict wrote as %s is read back by its own annotation",
  async (form) => {
    const root = await predictedFolder(form);
    const dataset = await open(root);
    expect([dataset.ids, dataset.classes.map(({ name, thing }) => [name, thing])]).toEqual([
      ["a"],
      [
        ["car", true],
        ["sky", false],
      ],
    ]);
    const { panoptic } = (await dataset.read(0)).labels;
    expect(panoptic?.segments.map(({ classIndex }) => classIndex)).toEqual([0, 1, 0]);
    expect(new Set(middleRow(panoptic)).size).toBe(3);
    // Classes in another order are found by their names.
    put(root, "classes.json", declared);
    const other = await (await open(root)).read(0);
    expect(other.labels.panoptic?.segments.map(({ classIndex }) => classIndex)).toEqual([1, 0, 1]);
  },
);

test("what predict wrote as two channels is the same segments without its annotation", async () => {
  const root = await predictedFolder("two-channel");
  rmSync(`${root}/panoptic/train/panoptic.json`);
  put(root, "classes.json", JSON.stringify(modelClasses));
  const { read, notes } = await open(root);
  expect(notes).toEqual([
    `${root}/panoptic/train: expected panoptic.json beside the maps that predict wrote, got none. Their red is taken for the class's place in the list, which it is not of a run on COCO's annotation.`,
  ]);
  const { panoptic } = (await read(0)).labels;
  const written = twoChannelIds(predicted, modelClasses);
  expect(panoptic?.data).toEqual(written.data);
  const ids = (map: SegmentMap | undefined) => map?.segments.map(({ id, classIndex }) => [id, classIndex]);
  expect(ids(panoptic)).toEqual(ids(written)?.sort(([a], [b]) => a - b));
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
});

test("stuff is one segment whatever its one number is, and a thing without numbers is one instance", async () => {
  const root = await twoChannelFolder(declared);
  put(root, "panoptic/train/a.png", channelsPng([1, 2, 1], [5, 0, 5]));
  expect((await (await open(root)).read(0)).labels.panoptic?.segments).toEqual([sky, car(0)]);
});

test("one number in two classes is two segments", async () => {
  const root = await instanceFolder(named({ name: "cat", thing: true }, { name: "car", thing: true }));
  put(root, "instances/train/a.png", grey(1, 1, 1));
  expect((await (await open(root)).read(0)).labels.panoptic?.segments).toEqual([{ ...sky, id: 257 }, car(1)]);
});

test("red that seems to begin with 0 is noted, and segments in two places", async () => {
  const root = await twoChannelFolder();
  for (const name of ["a", "b"]) put(root, `panoptic/train/${name}.png`, channelsPng([0, 1, 1], [0, 1, 2]));
  const { notes } = await open(root);
  expect(notes?.[1]).toMatch(
    /a\.png: expected "car", the last class, as red 2 somewhere, got none, and pixels of red 0\. Red 0 is no class: where it is meant as "sky", add 1/,
  );
  const both = await instanceFolder(declared);
  put(both, "panoptic/train/a.png", channelsPng([1, 1, 1], [0, 0, 0]));
  const { notes: told, read } = await open(both);
  expect(told?.join()).toMatch(
    /instances: expected segments in one place, got some in panoptic too\. Those are read\./,
  );
  expect((await read(0)).labels.panoptic?.segments).toEqual([sky]);
});

test.each<[string, () => Promise<string>, (root: string) => unknown, RegExp]>([
  [
    "a class that is not there",
    twoChannelFolder,
    (root) => put(root, "panoptic/train/a.png", channelsPng([1, 255, 1], [0, 0, 0])),
    /a\.png: expected a class's place in the list, 1 to 2, or 0 for none, in red, got 255 at column 5, row 0\. Red 1 is "sky"/,
  ],
  [
    "an instance of nothing",
    twoChannelFolder,
    (root) => put(root, "panoptic/train/a.png", channelsPng([1, 2, 0], [0, 1, 3])),
    /a\.png: expected green 0 where red is 0, which is no class, got 3 at column 10, row 0\. Red 1 is "sky"/,
  ],
  [
    "ids without their annotation",
    twoChannelFolder,
    (root) => put(root, "panoptic/train/a.png", channelsPng([1, 2, 0], [0, 1, 0], [0, 0, 4])),
    /a\.png: expected red the class, green the instance, and blue 0, got blue 4 at column 10, row 0\. .*panoptic\/train\.json/,
  ],
  [
    "grey in place of two channels",
    twoChannelFolder,
    (root) => put(root, "panoptic/train/a.png", grey(0, 1, 2)),
    /a\.png: expected RGB of 8 bits: red the class, green the instance, got grey of 8 bits/,
  ],
  [
    "no list of classes",
    () => twoChannelFolder(null),
    () => {},
    /panoptic\/train\.json: expected the annotation of .*, got no such file\. .* Or name the classes in classes\.json/,
  ],
  [
    "an annotation of another split alone",
    () => twoChannelFolder(declared),
    (root) => put(root, "panoptic/val.json", '{"categories":[],"annotations":[]}'),
    /panoptic\/train\.json: expected the annotation of .*panoptic\/train, got no such file/,
  ],
  [
    "stuff of two numbers",
    () => twoChannelFolder(declared),
    (root) => put(root, "panoptic/train/a.png", channelsPng([1, 1, 2], [0, 1, 2])),
    /a\.png: expected one number of "sky", which is stuff, got 0 and 1 at column 5, row 0\. Give it one number, or write "thing": true/,
  ],
  [
    "a thing with and without numbers",
    instanceFolder,
    (root) => put(root, "instances/train/a.png", grey(0, 0, 2)),
    /instances\/train\/a\.png: expected a number on every pixel of "car" where some have one, got 0 and 2 at column 10, row 0\. Number its instances from 1/,
  ],
  [
    "a mask without numbers",
    instanceFolder,
    (root) => rmSync(`${root}/instances/train/b.png`),
    /masks\/train\/b\.png: expected its numbers of instances .*instances\/train\/b\.png, got none\. Add them/,
  ],
  [
    "numbers without a mask",
    instanceFolder,
    (root) => renameSync(`${root}/instances/train/b.png`, `${root}/instances/train/z.png`),
    /instances\/train\/z\.png: expected a mask named "z", got none\. Add the mask, or remove the file\. 1 more fault/,
  ],
  [
    "numbers as colours",
    instanceFolder,
    (root) => put(root, "instances/train/a.png", channelsPng([1, 2, 0], [0, 1, 0])),
    /instances\/train\/a\.png: expected numbers of instances as grey or palette, got colour\. Save a number/,
  ],
  [
    "another size",
    instanceFolder,
    (root) => put(root, "instances/train/a.png", greyPng(2, 2, [0, 0, 1, 1])),
    /instances\/train\/a\.png: expected 16x12 pixels like its image .*a\.jpg, got 2x2\. Resize the segments/,
  ],
  [
    "a map without its photograph",
    twoChannelFolder,
    (root) => put(root, "panoptic/train/z.png", channelsPng([1, 1, 1], [0, 0, 0])),
    /panoptic\/train\/z\.png: expected an image named "z", got none/,
  ],
])("%s is refused", async (_, folder, change, expected) => {
  const root = await folder();
  await change(root);
  await expect((async () => (await open(root)).read(0))()).rejects.toThrow(expected);
});
