/** Panoptic segments in a plain folder, and the classes that their annotation names. */
import { renameSync, rmSync } from "node:fs";
import { expect, test } from "vitest";
import { skyAndRoad } from "../../test/support/folders.ts";
import { jpeg, put, raw, temporaryFolder } from "../../test/support/pictures.ts";
import type { Split } from "../data/dataset.ts";
import { labelledDataset } from "../data/views.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";

const open = (root: string, split: Split = "train") => openDataset(platform, root, split);

/** A PNG of segment ids: `above` in the upper half of 16 x 12 pixels, `below` in the lower. */
async function idsPng(above: number, below: number): Promise<Buffer> {
  const data = Uint8Array.from({ length: 16 * 12 * 3 }, (_, i) => {
    const id = i < 16 * 6 * 3 ? above : below;
    return (id >> (8 * (i % 3))) & 255;
  });
  return raw(data, 16, 12, 3).png().toBuffer();
}

const categories = [
  { id: 7, name: "sky", isthing: 0 },
  { id: 9, name: "car", isthing: 1 },
];

function annotation(segments: object[], name = "a.png"): string {
  return JSON.stringify({ categories, annotations: [{ image_id: 1, file_name: name, segments_info: segments }] });
}

const twoSegments = [
  { id: 300, category_id: 7, iscrowd: 0, area: 96 },
  { id: 70_000, category_id: 9, iscrowd: 1, area: 96 },
];

/** images/train/a.jpg with two segments, and no classes.json. */
async function panopticFolder(segments: object[] = twoSegments): Promise<string> {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg());
  put(root, "panoptic/train/a.png", await idsPng(300, 70_000));
  put(root, "panoptic/train.json", annotation(segments));
  return root;
}

test("segments come with their classes, of the annotation's categories where nothing else names classes", async () => {
  const dataset = await open(await panopticFolder());
  const { labels } = await dataset.read(0);
  expect([dataset.kinds, dataset.classes.map(({ name, thing }) => [name, thing])]).toEqual([
    ["panoptic"],
    [
      ["sky", false],
      ["car", true],
    ],
  ]);
  expect(labels.panoptic?.segments).toEqual([
    { id: 300, classIndex: 0, crowd: false, area: 96 },
    { id: 70_000, classIndex: 1, crowd: true, area: 96 },
  ]);
  expect([labels.panoptic?.data[0], labels.panoptic?.data.at(-1)]).toEqual([300, 70_000]);
});

test("masks and tags follow from segments", async () => {
  const { labels } = await labelledDataset(await open(await panopticFolder()), ["mask", "tags"]).read(0);
  expect([labels.mask?.data[0], labels.mask?.data.at(-1), labels.tags]).toEqual([0, 1, [0, 1]]);
});

test("classes.json orders the categories, and things.json says what is a thing", async () => {
  const root = await panopticFolder();
  put(root, "classes.json", JSON.stringify({ classes: ["car", "tree", "sky"] }));
  expect((await open(root)).classes.map(({ thing, categoryId }) => [thing, categoryId])).toEqual([
    [true, 9],
    [undefined, undefined],
    [false, 7],
  ]);
  put(root, "things.json", JSON.stringify(["tree"]));
  const { classes, read } = await open(root);
  expect(classes.map(({ thing }) => thing)).toEqual([false, true, false]);
  expect(classes.map(({ categoryId }) => categoryId)).toEqual([9, undefined, 7]);
  expect((await read(0)).labels.panoptic?.segments.map(({ classIndex }) => classIndex)).toEqual([2, 0]);
});

test("without classes.json the categories of train are the classes of every split, in whatever order", async () => {
  const root = await panopticFolder();
  put(root, "images/val/a.jpg", await jpeg());
  put(root, "panoptic/val/a.png", await idsPng(300, 70_000));
  const val = JSON.parse(annotation(twoSegments));
  put(root, "panoptic/val.json", JSON.stringify({ ...val, categories: [...categories].reverse() }));
  const [train, other] = [await open(root), await open(root, "val")];
  expect(other.classes).toEqual(train.classes);
  const labels = (await other.read(0)).labels.panoptic;
  expect(labels?.segments.map(({ classIndex }) => classIndex)).toEqual([0, 1]);
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
  const renamed = categories.map((each) => (each.id === 9 ? { ...each, name: "boat" } : each));
  put(root, "panoptic/val.json", JSON.stringify({ ...val, categories: renamed }));
  await expect(open(root, "val")).rejects.toThrow(
    /panoptic\/val\.json: .*category_id: expected a class of .*panoptic\/train\.json, got "boat"/,
  );
  const { problems } = await inspectDataset(platform, root);
  expect(problems.map(({ file }) => file)).toEqual([`${root}/panoptic/val.json`]);
});

test("without classes.json things.json says what is a thing, and tags are names of categories", async () => {
  const root = await panopticFolder();
  put(root, "tags.json", '{"train": {"a": ["car"]}}');
  put(root, "things.json", '["sky"]');
  const { classes, read } = await open(root);
  expect([classes.map(({ thing }) => thing), (await read(0)).labels.tags]).toEqual([[true, false], [1]]);
  put(root, "things.json", '["nonsense"]');
  await expect(open(root)).rejects.toThrow(
    'things.json: expected a list of the names of classes that are things, got "nonsense"',
  );
});

test("PNGs of segments without annotation are noted, and an annotation of another name is pointed out", async () => {
  const root = await panopticFolder();
  put(root, "panoptic/train/b.png", await idsPng(1, 1));
  const { splits } = await inspectDataset(platform, root);
  expect(splits[0].notes.map(({ message }) => message.replaceAll(`${root}/`, ""))).toEqual([
    'panoptic/train.json: expected an annotation for every file of panoptic/train, got none for "b". They are passed over.',
  ]);
  renameSync(`${root}/panoptic/train.json`, `${root}/panoptic/panoptic_train2017.json`);
  await expect(open(root)).rejects.toThrow("got only panoptic_train2017.json. Rename it train.json.");
  rmSync(`${root}/panoptic/panoptic_train2017.json`);
  const { problems } = await inspectDataset(platform, root);
  expect(problems[0].message).toMatch(/panoptic\/train\.json: expected the annotation of .*, got no such file/);
});

test.each<[string, (root: string) => unknown, RegExp]>([
  [
    "an id that the annotation lacks",
    (root) => put(root, "panoptic/train.json", annotation(twoSegments.slice(0, 1))),
    /a\.png: expected ids of the annotation's segments, or 0, got 70000 at column 0, row 6\. Add/,
  ],
  [
    "a category that is not there",
    (root) => put(root, "panoptic/train.json", annotation([{ id: 300, category_id: 8 }])),
    /annotations\[0\]\.segments_info\[0\]\.category_id: expected the id of a category, got 8/,
  ],
  [
    "a class that classes.json lacks",
    (root) => put(root, "classes.json", '{"classes":["sky"]}'),
    /expected a class of classes\.json, got "car"/,
  ],
  [
    "an id twice",
    (root) => put(root, "panoptic/train.json", annotation([twoSegments[0], twoSegments[0]])),
    /expected each id once, got "300 twice"/,
  ],
  [
    "no annotation",
    (root) => rmSync(`${root}/panoptic/train.json`),
    /panoptic\/train\.json: expected the annotation of .*, got no such file/,
  ],
  ["broken JSON", (root) => put(root, "panoptic/train.json", "{"), /train\.json: expected JSON, got broken JSON/],
  [
    "another size",
    async (root) => put(root, "panoptic/train/a.png", await raw(new Uint8Array(12), 2, 2, 3).png().toBuffer()),
    /a\.png: expected 16x12 pixels like its image/,
  ],
  [
    "a grey file",
    (root) => put(root, "panoptic/train/a.png", skyAndRoad()),
    /a\.png: expected RGB pixels of 8 bits, got grey/,
  ],
  [
    "a path out of the folder",
    (root) => put(root, "panoptic/train.json", annotation(twoSegments, "../a.png")),
    /file_name: expected a file's name, got "\.\.\/a\.png"/,
  ],
  [
    "unknown things",
    (root) => {
      put(root, "classes.json", '{"classes":["sky","car"]}');
      put(root, "things.json", '["cat"]');
    },
    /things\.json: expected a list of the names.*"cat"\. Did you mean car/,
  ],
])("segments with %s are refused", async (_, change, expected) => {
  const root = await panopticFolder();
  await change(root);
  await expect((async () => (await open(root)).read(0))()).rejects.toThrow(expected);
});
