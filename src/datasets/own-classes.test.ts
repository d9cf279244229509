/** The classes of masks that another program wrote: those of its list beside them, as the masks hold them. */
import { expect, test } from "vitest";
import { greyPng, jpeg, png, put, raw, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";

const red = [255, 0, 0] as const;
const green = [0, 255, 0] as const;

/** Photographs of three pixels with one mask each, in VOC's folders. */
async function vocFolder(mask: Buffer): Promise<string> {
  const root = temporaryFolder();
  for (const [split, name] of [
    ["train", "a"],
    ["val", "b"],
  ]) {
    put(root, `ImageSets/Segmentation/${split}.txt`, `${name}\n`);
    put(root, `JPEGImages/${name}.jpg`, await jpeg(3, 1));
    put(root, `SegmentationClass/${name}.png`, mask);
  }
  return root;
}

const rgb = () =>
  raw(Uint8Array.of(0, 0, 0, ...green, ...red), 3, 1, 3)
    .png()
    .toBuffer();
const paletteOf = (...colors: (readonly [number, number, number])[]) =>
  png({ width: 3, height: 1, depth: 8, colorType: 3, values: [0, 1, 2], palette: colors });

async function labelsIn(root: string): Promise<[string[], number[]]> {
  const dataset = await openDataset(platform, root, "train");
  const { labels } = await dataset.read(0);
  return [dataset.classes.map(({ name }) => name), [...(labels.mask?.data ?? [])]];
}

const labelmap = "background:0,0,0::\napple:255,0,0::\nleaf:0,255,0::\n";

test.each<[string, () => Promise<Buffer> | Buffer, number[]]>([
  ["colours", rgb, [0, 2, 1]],
  ["a palette in the list's order", () => paletteOf([0, 0, 0], red, green), [0, 1, 2]],
  ["a palette in another order", () => paletteOf([0, 0, 0], green, red), [0, 2, 1]],
  ["a palette of other colours", () => paletteOf([0, 0, 0], [1, 2, 3], [9, 9, 9]), [0, 1, 2]],
  ["grey values", () => greyPng(3, 1, [0, 2, 255]), [0, 2, 255]],
])("masks of %s have the classes of the labelmap beside them, not VOC's", async (_, mask, labels) => {
  const root = await vocFolder(await mask());
  put(root, "labelmap.txt", labelmap);
  expect(await labelsIn(root)).toEqual([["background", "apple", "leaf"], labels]);
});

test.each(["class_names.txt", "SegmentationClass/labels.txt", "ImageSets/classes.txt"])(
  "VOC folders have the classes of %s",
  async (file) => {
    const root = await vocFolder(greyPng(3, 1, [0, 2, 255]));
    put(root, file, "_background_\napple\nleaf\n");
    expect(await labelsIn(root)).toEqual([
      ["_background_", "apple", "leaf"],
      [0, 2, 255],
    ]);
    // What is known of VOC's classes is not of these.
    expect((await openDataset(platform, root, "train")).wordThresholds).toBeUndefined();
  },
);

test("a list that gives two classes one colour is refused where masks hold colours, and read where they hold numbers", async () => {
  const list = "background:0,0,0::\napple:255,0,0::\npear:255,0,0::\nleaf:0,255,0::\n";
  const root = await vocFolder(await rgb());
  put(root, "labelmap.txt", list);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    'labelmap.txt: expected a colour of its own for each class, got #ff0000 for "apple" and "pear". Give one of them another, in the masks too.',
  );
  const numbered = await vocFolder(greyPng(3, 1, [0, 1, 2]));
  put(numbered, "labelmap.txt", list);
  expect((await labelsIn(numbered))[1]).toEqual([0, 1, 2]);
});

test("the line that labelmap.txt is told for a colour works", async () => {
  const root = await vocFolder(await rgb());
  put(root, "labelmap.txt", "background:0,0,0::\napple:255,0,0::\n");
  const { message } = (await inspectDataset(platform, root)).splits[0].problems[0];
  const line = /Add the line (\S+) to /.exec(message)?.[1];
  expect(line).toBe("NAME:0,255,0::");
  put(root, "labelmap.txt", `background:0,0,0::\napple:255,0,0::\n${line}\n`);
  expect(await labelsIn(root)).toEqual([
    ["background", "apple", "NAME"],
    [0, 2, 1],
  ]);
});

test("CVAT's masks are read with the photographs in images, and with folders inside", async () => {
  const root = temporaryFolder();
  put(root, "labelmap.txt", labelmap);
  put(root, "ImageSets/Segmentation/default.txt", "a\nday/b\n");
  for (const name of ["a", "day/b"]) {
    put(root, `images/${name}.jpg`, await jpeg(3, 1));
    put(root, `SegmentationClass/${name}.png`, await rgb());
    put(root, `SegmentationObject/${name}.png`, await rgb());
  }
  expect(await labelsIn(root)).toEqual([
    ["background", "apple", "leaf"],
    [0, 2, 1],
  ]);
  expect((await openDataset(platform, root, "train")).ids).toEqual(["a", "day/b"]);
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
});

test("masks in VOC's colours are read as its classes, without a list", async () => {
  const root = await vocFolder(
    await raw(Uint8Array.of(0, 0, 0, 128, 0, 0, 224, 224, 192), 3, 1, 3)
      .png()
      .toBuffer(),
  );
  const [names, labels] = await labelsIn(root);
  expect([names[1], names.length, labels]).toEqual(["aeroplane", 21, [0, 1, 255]]);
});

test("a list of VOC's own classes changes nothing about them", async () => {
  const root = await vocFolder(greyPng(3, 1, [0, 2, 255]));
  const { classes } = await openDataset(platform, root, "train");
  put(root, "class_names.txt", classes.map(({ name }) => name).join("\n"));
  expect((await openDataset(platform, root, "train")).classes).toEqual(classes);
});

test("two lists that disagree are refused", async () => {
  const root = await vocFolder(greyPng(3, 1, [0, 2, 255]));
  put(root, "labelmap.txt", labelmap);
  put(root, "class_names.txt", "background\npear\n");
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    `${root}/labelmap.txt: expected the classes of ${root}/class_names.txt, got background, apple, leaf here and background, pear there.`,
  );
});

test("a plain folder without classes.json has the classes of a list beside its masks", async () => {
  const root = temporaryFolder();
  for (const [split, name] of [
    ["train", "a"],
    ["val", "b"],
  ]) {
    put(root, `images/${split}/${name}.jpg`, await jpeg(3, 1));
    put(root, `masks/${split}/${name}.png`, await rgb());
  }
  put(root, "class_dict.csv", "name,r,g,b\nsky,0,0,0\napple,255,0,0\nleaf,0,255,0\n");
  expect(await labelsIn(root)).toEqual([
    ["sky", "apple", "leaf"],
    [0, 2, 1],
  ]);
});

test("a value that the list does not name leads to the list", async () => {
  const root = await vocFolder(greyPng(3, 1, [0, 7, 7]));
  put(root, "labels.txt", "background\napple\n");
  const report = await inspectDataset(platform, root);
  expect(countProblems(report)).toBeGreaterThan(0);
  expect(report.splits[0].problems[0].message).toContain(
    `expected class values 0 to 1, 255, got 7 at column 1, row 0 (67 % of the pixels). Write every line of ${root}/labels.txt with its value, such as 7: NAME, or correct the mask.`,
  );
});

test("classes.json is read in VOC's folders, too, and the line of a remedy works", async () => {
  const root = await vocFolder(greyPng(3, 1, [0, 7, 7]));
  put(root, "labels.txt", "0: background\n7: apple\n");
  expect((await openDataset(platform, root, "train")).valueMap).toEqual({ "0": 0, "7": 1, "255": "ignore" });
  put(root, "classes.json", JSON.stringify({ ignoreIndex: 0, classes: [{ name: "leaf", value: 7 }] }));
  const { classes, valueMap, classesFile } = await openDataset(platform, root, "train");
  expect([classes[0].name, valueMap, classesFile]).toEqual(["leaf", { "0": "ignore", "7": 0 }, `${root}/classes.json`]);
});

test("the line that VOC's folders are told for other colours works", async () => {
  const root = await vocFolder(
    png({ width: 3, height: 1, depth: 8, colorType: 2, values: [1, 2, 3, 1, 2, 3, 0, 0, 0] }),
  );
  const told = (await inspectDataset(platform, root)).splits[0].problems[0].message;
  const [, file, line] = /colour in (\S+), by lines such as (\S+), or correct the mask\.$/.exec(told) ?? [];
  expect([file, line]).toEqual([`${root}/labelmap.txt`, "NAME:1,2,3::"]);
  put(root, "labelmap.txt", `background:0,0,0::\n${line}\n`);
  expect((await openDataset(platform, root, "train")).classes.map(({ name }) => name)).toEqual(["background", "NAME"]);
});

/** A plain folder of a photograph of two pixels with its mask. */
async function folderOf(mask: Buffer): Promise<string> {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg(2, 1));
  put(root, "masks/train/a.png", mask);
  return root;
}

test("a palette that shows other classes than its numbers is noted", async () => {
  const palette = [
    [0, 0, 0],
    [0, 255, 0],
    [255, 0, 0],
  ] as const;
  const root = await folderOf(png({ width: 2, height: 1, depth: 8, colorType: 3, values: [1, 2], palette }));
  const classes = ["#000000", "#ff0000", "#00ff00"].map((color, at) => ({
    name: ["none", "apple", "leaf"][at],
    color,
  }));
  put(root, "classes.json", JSON.stringify({ classes }));
  const notesOf = async () => (await inspectDataset(platform, root)).splits[0].notes.map(({ message }) => message);
  expect(await notesOf()).toEqual([
    `${root}/masks/train/a.png: expected the colours of the classes in its palette, got 1 with the colour of "leaf". It is read as "apple". Write "colorCoded": true at the top of ${root}/classes.json if the colours hold.`,
  ]);
  put(root, "classes.json", JSON.stringify({ colorCoded: true, classes }));
  expect(await notesOf()).toEqual([]);
  const { labels } = await (await openDataset(platform, root, "train")).read(0);
  expect([...(labels.mask?.data ?? [])]).toEqual([2, 1]);
});

test("masks that were resized are told by their many values, and each mask by its own name", async () => {
  const root = await folderOf(
    greyPng(
      40,
      1,
      Uint8Array.from({ length: 40 }, (_, at) => at),
    ),
  );
  put(root, "images/train/a.jpg", await jpeg(40, 1));
  put(root, "images/train/b.jpg", await jpeg(40, 2));
  put(root, "masks/train/b.png", "");
  put(root, "images/train/c.jpg", await jpeg(40, 2));
  put(root, "masks/train/c.png", "");
  put(root, "classes.json", '["a", "b"]');
  const problems = (await inspectDataset(platform, root)).splits[0].problems.map(({ message }) => message);
  expect(problems).toEqual([
    `${root}/masks/train/b.png: expected a mask image (PNG), got an empty file. Replace it with an intact copy or remove it. So is 1 other: c.png.`,
    expect.stringContaining(
      "So many come from resizing, or from compression that loses: save masks as PNG from the labels",
    ),
  ]);
});

test.each([
  [
    "classes.json",
    '["apple", "leaf"]',
    [1, 2],
    'If the masks count from 1, write {"name": "apple", "value": 1}, {"name": "leaf", "value": 2} in classes.json. If not: Write',
  ],
  [
    "labels.txt",
    "apple\nleaf\n",
    [1, 2],
    "If the masks count from 1, write 1: apple, 2: leaf in $/labels.txt. If not: ",
  ],
  [
    "classes.json",
    '["apple", "leaf"]',
    [0, 2],
    'If 0 is background, put "background" before the others in classes.json.',
  ],
  ["labels.txt", "apple\nleaf\n", [0, 2], "If 0 is background, begin $/labels.txt with the line background. If not: "],
  [
    "classes.json",
    '["background", "apple"]',
    [0, 2],
    'Write the class as {"name": "apple", "value": 2} in classes.json',
  ],
  [
    "classes.json",
    '{"apple": 0, "leaf": 255}',
    [0, 40, 90, 130, 200, 240, 255],
    "If they come from resizing, save masks as PNG from the labels, and resize them by nearest neighbour. If not: Write",
  ],
  ["classes.json", '[{"name": "apple", "value": 3}]', [3, 1], 'Write the class as {"name": "NAME", "value": 1}'],
])("%s of %s beside masks of %j is told what mends the numbers", async (file, list, values, remedy) => {
  const root = await folderOf(greyPng(values.length, 1, values));
  put(root, "images/train/a.jpg", await jpeg(values.length, 1));
  put(root, file, list);
  const [{ message }] = (await inspectDataset(platform, root)).splits[0].problems;
  expect(message.replaceAll(root, "$")).toContain(`. ${remedy}`);
});

test("Roboflow's masks and list lie beside photographs, and are not told as strays", async () => {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg(2, 1));
  put(root, "images/train/a_mask.png", greyPng(2, 1, [0, 1]));
  put(root, "images/train/_classes.csv", "Pixel Value, Class\n0, background\n1, apple\n");
  const { splits, classes } = await inspectDataset(platform, root);
  expect([classes.map(({ name }) => name), splits[0].notes.length]).toEqual([["background", "apple"], 1]);
});
