/** Lists of classes that other programs leave beside masks. */
import { expect, test } from "vitest";
import { greyPng, jpeg, png, put, raw, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { parseListedClasses } from "./class-lists.ts";
import { openDataset } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";

const red = [255, 0, 0] as const;
const green = [0, 255, 0] as const;

test.each<[string, string, string, readonly (readonly [string, number, (readonly number[])?])[]]>([
  [
    "CVAT",
    "labelmap.txt",
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\napple:255,0,0::\n",
    [
      ["background", 0, [0, 0, 0]],
      ["apple", 1, red],
    ],
  ],
  [
    "CVAT without colours",
    "labelmap.txt",
    "background:::\napple:::\n",
    [
      ["background", 0],
      ["apple", 1],
    ],
  ],
  [
    "SegNet's tools",
    "class_dict.csv",
    "name,r,g,b\nsky, 0, 0, 0\napple, 255, 0, 0\n",
    [
      ["sky", 0, [0, 0, 0]],
      ["apple", 1, red],
    ],
  ],
  [
    "CamVid",
    "label_colors.txt",
    "255 0 0\tapple\n0 255 0\tgreen leaf\n",
    [
      ["apple", 0, red],
      ["green leaf", 1, green],
    ],
  ],
  [
    "Roboflow",
    "_classes.csv",
    "Pixel Value, Class\n0, background\n3, apple\n",
    [
      ["background", 0],
      ["apple", 3],
    ],
  ],
  [
    "labelme",
    "labels.txt",
    "__ignore__\n_background_\napple\n",
    [
      ["_background_", 0],
      ["apple", 1],
    ],
  ],
  [
    "names alone, from Windows",
    "class_names.txt",
    "\ufeffbackground\r\ngreen apple\r\n\r\n",
    [
      ["background", 0],
      ["green apple", 1],
    ],
  ],
  [
    "names with numbers",
    "classes.txt",
    "0: background\n2: apple\n",
    [
      ["background", 0],
      ["apple", 2],
    ],
  ],
  [
    "Datumaro",
    "dataset_meta.json",
    '{"label_map": {"0": "background", "1": "apple"}, "segmentation_colors": [[0,0,0],[255,0,0]]}',
    [
      ["background", 0, [0, 0, 0]],
      ["apple", 1, red],
    ],
  ],
  [
    "transformers",
    "id2label.json",
    '{"0": "background", "1": "apple"}',
    [
      ["background", 0],
      ["apple", 1],
    ],
  ],
  [
    "transformers, the other way round",
    "label2id.json",
    '{"background": 0, "apple": 1}',
    [
      ["background", 0],
      ["apple", 1],
    ],
  ],
  [
    "colours in hexadecimal first",
    "label_colors.txt",
    "#000000 background\n#FF0000 apple\n",
    [
      ["background", 0, [0, 0, 0]],
      ["apple", 1, red],
    ],
  ],
  [
    "colours in hexadecimal last",
    "label_colors.txt",
    "red apple,#ff0000\nleaf,#00ff00\n",
    [
      ["red apple", 0, red],
      ["leaf", 1, green],
    ],
  ],
  [
    "a column of colours",
    "class_dict.csv",
    "name,color\r\napple,#ff0000\r\nleaf,#00ff00\r\n",
    [
      ["apple", 0, red],
      ["leaf", 1, green],
    ],
  ],
  [
    "colours and names with commas in them",
    "class_dict.csv",
    'name,rgb\n"apple, ""red""","255,0,0"\nleaf,"(0, 255, 0)"\n',
    [
      ['apple, "red"', 0, red],
      ["leaf", 1, green],
    ],
  ],
  [
    "names that begin with #",
    "classes.txt",
    "# all of them\nbackground\n#1 apple\nleaf\n",
    [
      ["background", 0],
      ["#1 apple", 1],
      ["leaf", 2],
    ],
  ],
])("the list of %s is read", (_, file, text, expected) => {
  const { classes } = parseListedClasses(text, file);
  expect(classes.map(({ name, value, color }) => (color ? [name, value, color] : [name, value]))).toEqual(expected);
});

test.each([
  ["nothing", "labels.txt", "\n", "labels.txt: expected 1 to 254 classes, got 0. "],
  ["a name twice", "labels.txt", "a\nb\na\n", 'labels.txt: expected names and values of their own, got "a" twice.'],
  ["names that are none", "id2label.json", '{"a": "b"}', 'id2label.json: expected names by value, got "a": "b".'],
  [
    "unknown columns",
    "classes.csv",
    "colour of it,what\n1,2\n",
    'classes.csv: expected columns that are known, got "colour of it,what".',
  ],
])("a list of %s is refused", (_, file, text, message) => {
  expect(() => parseListedClasses(text, file)).toThrow(message);
});

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
  },
);

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
