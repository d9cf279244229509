/** Exports of annotation tools, read as they lie; each draws the same masks, with a hole and two disjoint parts. */
import { deflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { photographPng, png, put, temporaryFolder } from "../../../test/support/pictures.ts";
import type { LabelMap } from "../../image/image.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { openDataset, splitsOf } from "../index.ts";
import { countProblems, inspectDataset } from "../inspect.ts";
import { idsOf } from "./annotated.ts";
import { decodeBrush } from "./brush.ts";

const [width, height] = [12, 8];

const photograph = (seed: number) => photographPng(width, height, seed);

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
/** cat alone, row by row. */
const cat = Uint8Array.from(expected.join(""), (letter) => (letter === "1" ? 1 : 0));

function drawn({ data }: Pick<LabelMap, "data">): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from(data.subarray(y * width, (y + 1) * width), (value) => (value === 0 ? "." : String(value))).join(""),
  );
}

async function expectRead(root: string, layout: string, splits: readonly string[], ids = ["a"]): Promise<void> {
  expect(await splitsOf(platform, root)).toEqual(splits);
  const dataset = await openDataset(platform, root, "train");
  expect([dataset.name.split(" ")[0], dataset.classes.map(({ name }) => name), dataset.ids]).toEqual([
    layout,
    ["background", "cat", "dog"],
    ids,
  ]);
  const { labels } = await dataset.read(0);
  expect(drawn(labels.mask as LabelMap)).toEqual(expected);
  const report = await inspectDataset(platform, root);
  expect(countProblems(report)).toBe(0);
}

function runsOf(inside: Uint8Array): number[] {
  const runs = [0];
  for (const value of inside) {
    if (value > 0 !== (runs.length % 2 === 0)) runs.push(0);
    runs[runs.length - 1]++;
  }
  return runs;
}

const cvatLabels =
  "<meta><task><labels><label><name>cat</name><color>#ff0000</color></label><label><name>dog</name></label></labels></task></meta>";
const cvatXml = (shapes: string, attributes = "", meta = cvatLabels) =>
  `<?xml version="1.0" encoding="utf-8"?>\n<annotations><version>1.1</version>${meta}` +
  `<image id="0" name="a.png" ${attributes} width="${width}" height="${height}">${shapes}</image></annotations>`;
const cvatShapes =
  '<polygon label="background" points="2.0,2.0;4.0,2.0;4.0,4.0;2.0,4.0" z_order="1"><attribute name="x">y</attribute></polygon>' +
  '<polygon label="cat" points="1,1;5,1;5,6;1,6" z_order="0"/><box label="dog" xtl="0" ytl="7" xbr="12" ybr="8" z_order="0"/>' +
  '<polygon label="cat" points="8,1;10,1;10,6;8,6" z_order="0"/>';

test.each([
  ["polygons by depth, and boxes", cvatXml(cvatShapes), "images/a.png"],
  [
    "a mask of the brush",
    cvatXml(
      `<mask label="cat" rle="${runsOf(cat).join(", ")}" left="0" top="0" width="${width}" height="${height}" z_order="0"/>` +
        '<box label="dog" xtl="12" ytl="8" xbr="0" ybr="7" rotation="180" z_order="0"/>',
      'subset="Train"',
    ),
    "images/Train/a.png",
  ],
  ["labels that nothing lists", cvatXml(cvatShapes, "", ""), "a.png"],
])("CVAT's %s are read, with holes and parts", async (_, xml, image) => {
  const root = temporaryFolder();
  put(root, "annotations.xml", xml);
  put(root, image, photograph(1));
  await expectRead(root, "cvat", ["train"]);
});

test("subsets of CVAT are splits, and photographs in folders keep apart", async () => {
  const root = temporaryFolder();
  const image = (name: string, subset: string) =>
    `<image id="0" name="${name}" subset="${subset}" width="12" height="8"><box label="cat" xtl="0" ytl="0" xbr="3" ybr="3"/></image>`;
  put(
    root,
    "annotations.xml",
    `<annotations>${cvatLabels}${image("x/1.png", "default")}${image("y/1.png", "default")}${image("x/2.png", "Validation")}${image("x/3.png", "spare")}</annotations>`,
  );
  for (const [at, name] of ["x/1", "y/1", "x/2"].entries()) put(root, `images/${name}.png`, photograph(at));
  expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
  const dataset = await openDataset(platform, root, "train");
  expect(dataset.ids).toEqual(["x/1", "y/1"]);
  expect(dataset.source(1)).toBe(`${root}/images/y/1.png`);
  expect(dataset.notes?.[0]).toMatch(/got "spare"\..* Its images are passed over\./);
});

test.each([
  [cvatXml('<polyline label="cat" points="1,1;2,2"/>'), "a.png: expected shapes that cover pixels, got 1 polyline."],
  [cvatXml('<polygon label="cat" points="1,1;2"/>'), 'polygon 1: expected points such as 1,2;3,4;5,6, got "1,1;2".'],
  [cvatXml('<box label="cat" xtl="0" ytl="0" xbr="nan" ybr="2"/>'), "box 1: expected a number as xbr"],
  [
    cvatXml('<mask label="cat" rle="3, 2" left="0" top="0" width="3" height="3"/>'),
    "mask 1: expected run lengths of 3x3 pixels, got 2 of 5 pixels.",
  ],
  [
    cvatXml('<box label="cow" xtl="0" ytl="0" xbr="1" ybr="2"/>'),
    'annotations.xml, got "cow". Add it there, or correct the label.',
  ],
  [cvatXml("").replace("</image>", ""), "expected XML, got"],
])("CVAT's faults are told: %#", async (xml, message) => {
  const root = temporaryFolder();
  put(root, "annotations.xml", xml);
  put(root, "images/a.png", photograph(1));
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
});

const share = ([x, y]: readonly number[]) => [(x / width) * 100, (y / height) * 100];
const corners = (x0: number, y0: number, x1: number, y1: number) =>
  [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ].map(share);
const region = (type: string, value: object) => ({ type, value, original_width: width, original_height: height });
const polygonRegion = (label: string, points: number[][]) =>
  region("polygonlabels", { points, polygonlabels: [label] });
const dogRegion = region("rectanglelabels", { x: 0, y: 87.5, width: 100, height: 12.5, rectanglelabels: ["dog"] });

/** After the description of the format: pieces of alternating kinds. */
function packBrush(values: readonly number[]): number[] {
  let bits = "";
  const write = (value: number, count: number) => {
    bits += value.toString(2).padStart(count, "0");
  };
  write(values.length, 32);
  write(7, 5);
  for (const size of [3, 4, 7, 15]) write(size - 1, 4);
  for (let at = 0; at < values.length; ) {
    let end = at + 1;
    while (end < values.length && values[end] === values[at]) end++;
    const repeats = end - at > 2;
    if (!repeats) end = Math.min(values.length, at + 5);
    write(repeats ? 1 : 0, 1);
    write(repeats ? 2 : 0, 2);
    end = Math.min(end, at + (repeats ? 128 : 8));
    write(end - at - 1, repeats ? 7 : 3);
    for (let i = at; i < (repeats ? at + 1 : end); i++) write(values[i], 8);
    at = end;
  }
  return bits.match(/.{1,8}/g)!.map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}

const brush = packBrush(Array.from(cat).flatMap((value) => (value === 1 ? [10, 20, 30, 255] : [0, 0, 0, 0])));

test.each([
  [
    "polygons",
    "/data/upload/3/0a1b2c3d-a.png",
    [
      polygonRegion("cat", corners(1, 1, 5, 6)),
      polygonRegion("background", corners(2, 2, 4, 4)),
      polygonRegion("cat", corners(8, 1, 10, 6)),
      dogRegion,
    ],
  ],
  [
    "brushes",
    "/data/local-files/?d=photos%2Fa.png",
    [region("brushlabels", { format: "rle", rle: brush, brushlabels: ["cat"] }), dogRegion],
  ],
])("Label Studio's %s are read, with holes and parts", async (_, image, result) => {
  const root = temporaryFolder();
  const choice = { type: "choices", value: { choices: ["day"] } };
  const tasks = [
    { id: 7, data: { image }, annotations: [{ was_cancelled: true, result: [] }, { result: [choice, ...result] }] },
  ];
  put(root, "project-7-at-2024.json", JSON.stringify(tasks));
  put(root, "images/a.png", photograph(1));
  await expectRead(root, "label-studio", ["train"]);
});

test("turned boxes and ellipses of Label Studio turn as they are seen there; tasks without annotation are noted", async () => {
  const root = temporaryFolder();
  // Turned by a quarter around its top left corner, (6, 1): it lies to the left of it.
  const box = region("rectanglelabels", {
    ...{ x: 50, y: 12.5, width: (2 / 12) * 100, height: (4 / 8) * 100, rotation: 90, rectanglelabels: ["cat"] },
  });
  const ellipse = region("ellipselabels", {
    ...{ x: (9 / 12) * 100, y: (5 / 8) * 100, radiusX: (1 / 12) * 100, radiusY: (1 / 8) * 100, ellipselabels: ["dog"] },
  });
  const tasks = [
    { id: 1, data: { image: "a.png" }, annotations: [{ result: [box, ellipse] }] },
    { id: 2, data: { image: "b.png" }, annotations: [] },
  ];
  put(root, "train.json", JSON.stringify(tasks));
  put(root, "a.png", photograph(1));
  const dataset = await openDataset(platform, root, "train");
  expect(drawn((await dataset.read(0)).labels.mask as LabelMap)).toEqual([
    "............",
    "..1111......",
    "..1111......",
    "............",
    "........22..",
    "........22..",
    "............",
    "............",
  ]);
  expect(dataset.notes?.[0]).toMatch(/expected an annotation of every task, got 1 without/);
});

test("a brush mask that ends early, or is of another size, is refused", () => {
  expect(Array.from(decodeBrush(brush, width, height, "x"))).toEqual(Array.from(cat, (value) => value * 255));
  expect(() => decodeBrush(brush.slice(0, 20), width, height, "x")).toThrow(
    "x: expected a whole brush mask, got 20 bytes",
  );
  expect(() => decodeBrush(brush, width, height + 1, "x")).toThrow(
    "expected a brush mask of 12x9 pixels, got 384 values",
  );
});

const size = { width, height };
const meta = {
  classes: [
    { title: "cat", shape: "polygon", color: "#FF0000" },
    { title: "dog", shape: "bitmap", color: "#00FF00" },
  ],
};
const dogRectangle = {
  classTitle: "dog",
  geometryType: "rectangle",
  points: {
    exterior: [
      [11, 7],
      [0, 7],
    ],
    interior: [],
  },
};
const pixels = (x0: number, y0: number, x1: number, y1: number) => [
  [x0, y0],
  [x1, y0],
  [x1, y1],
  [x0, y1],
];
const polygon = (exterior: number[][], interior: number[][][] = []) => ({
  ...{ classTitle: "cat", geometryType: "polygon", points: { exterior, interior } },
});
function bitmap(alpha: boolean): object {
  const [w, h] = [9, 5];
  const part = Array.from({ length: w * h }, (_, at) => cat[(1 + Math.floor(at / w)) * width + 1 + (at % w)]);
  const file = alpha
    ? png({ ...{ width: w, height: h }, depth: 8, colorType: 6, values: part.flatMap((v) => [255, 255, 255, v * 255]) })
    : png({
        ...{ width: w, height: h },
        depth: 1,
        colorType: 3,
        palette: [
          [0, 0, 0],
          [255, 255, 255],
        ],
        values: part,
      });
  const data = deflateSync(file).toString("base64");
  return { classTitle: "cat", geometryType: "bitmap", bitmap: { data, origin: [1, 1] } };
}

test.each<[string, object[]]>([
  ["polygons of pixels", [polygon(pixels(1, 1, 4, 5), [pixels(2, 2, 3, 3)]), polygon(pixels(8, 1, 9, 5))]],
  ["polygons of places", [polygon(pixels(1, 1, 4.9, 5.9), [pixels(2, 2, 3.9, 3.9)]), polygon(pixels(8, 1, 9.9, 5.9))]],
  ["bitmaps with alpha", [bitmap(true)]],
  ["bitmaps of indices", [bitmap(false)]],
])("Supervisely's %s are read, with holes and parts", async (_, objects) => {
  const root = temporaryFolder();
  put(root, "meta.json", JSON.stringify(meta));
  put(root, "ds0/img/a.png", photograph(1));
  put(root, "ds0/ann/a.png.json", JSON.stringify({ size, objects: [dogRectangle, ...objects] }));
  put(root, "val/img/b.png", photograph(2));
  put(root, "val/ann/b.png.json", JSON.stringify({ size, objects: [dogRectangle, ...objects] }));
  await expectRead(root, "supervisely", ["train", "val"]);
  expect((await openDataset(platform, root, "train")).classes[1].color).toEqual([255, 0, 0]);
});

test.each<[object, string]>([
  [
    {
      classTitle: "cat",
      geometryType: "line",
      points: {
        exterior: [
          [1, 1],
          [2, 2],
        ],
        interior: [],
      },
    },
    'objects[0]: expected a shape that covers pixels, got "line" of 2 points.',
  ],
  [
    {
      classTitle: "cow",
      geometryType: "rectangle",
      points: {
        exterior: [
          [1, 1],
          [2, 2],
        ],
      },
    },
    'meta.json, got "cow". Add it there',
  ],
  [
    { classTitle: "cat", geometryType: "bitmap", bitmap: { data: "AAAA", origin: [0, 0] } },
    "objects[0]: data: expected a deflated PNG in base 64, got something else.",
  ],
])("Supervisely's faults are told: %#", async (object, message) => {
  const root = temporaryFolder();
  put(root, "meta.json", JSON.stringify(meta));
  put(root, "ds0/img/a.png", photograph(1));
  put(root, "ds0/ann/a.png.json", JSON.stringify({ size, objects: [object] }));
  await expect((await openDataset(platform, root, "train")).read(0)).rejects.toThrow(message);
});

test("names without folders are ids where they are unlike", () => {
  expect(idsOf(["x/a.png", "y/b.jpg"])).toEqual(["a", "b"]);
  expect(idsOf(["x/a.png", "y/a.jpg"])).toEqual(["x/a", "y/a"]);
  expect(idsOf(["x/a.png", "x/a.jpg"])).toEqual(["x/a.png", "x/a.jpg"]);
});

test("COCO's photographs of one name in several folders keep apart", async () => {
  const root = temporaryFolder();
  const images = ["s/1.png", "t/1.png"].map((file_name, id) => ({ id, file_name, ...size }));
  const annotations = [{ id: 1, image_id: 1, category_id: 1, segmentation: [[0, 0, 3, 0, 3, 3]] }];
  put(root, "annotations.json", JSON.stringify({ images, annotations, categories: [{ id: 1, name: "cat" }] }));
  for (const { id, file_name } of images) put(root, `images/${file_name}`, photograph(id));
  const dataset = await openDataset(platform, root, "train");
  expect(dataset.ids.map((id, at) => [id, dataset.source(at)])).toEqual([
    ["s/1", `${root}/images/s/1.png`],
    ["t/1", `${root}/images/t/1.png`],
  ]);
});
