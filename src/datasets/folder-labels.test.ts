/** Every kind of label in a plain folder; `folder-segments.test.ts` has those of segments. */
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { plainFolder } from "../../test/support/folders.ts";
import { greyPng, jpeg, pattern, png, put, temporaryFolder } from "../../test/support/pictures.ts";
import type { Split } from "../data/dataset.ts";
import { labelledDataset } from "../data/views.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset, splitsOf } from "./index.ts";
import { inspectDataset } from "./inspect.ts";
import { inspectText } from "./inspect-text.ts";

const open = (root: string, split: Split = "train") => openDataset(platform, root, split);

test("captions need neither classes nor masks, whether listed or beside the images", async () => {
  const root = temporaryFolder();
  for (const name of ["a", "b", "c"]) put(root, `images/train/${name}.jpg`, await jpeg());
  put(
    root,
    "captions.jsonl",
    '{"image": "train/a.jpg", "captions": ["One.", " Two. "]}\n\n{"image":"val/a.jpg","caption":"No."}\n{"image":"b","caption":"Three."}\n',
  );
  put(root, "images/train/b.txt", "Four.\r\n\r\nFive.\n");
  const dataset = await open(root);
  expect([dataset.ids, dataset.kinds, dataset.classes, await splitsOf(platform, root)]).toEqual([
    ["a", "b"],
    ["captions"],
    [],
    ["train", "unlabelled"],
  ]);
  expect([(await dataset.read(0)).labels.captions, (await dataset.read(1)).labels.captions]).toEqual([
    ["One.", "Two."],
    ["Four.", "Five."],
  ]);
  expect((await open(root, "unlabelled")).ids).toEqual(["c"]);
});

test.each([
  ["not JSON", "{", /captions\.jsonl: line 1: expected JSON, got broken JSON/],
  ["no image", '{"captions":["x"]}', /line 1: expected the image's name, got none/],
  ["no captions", '\n{"image":"a.jpg","captions":[]}', /line 2: expected captions that are not empty, got \[\]/],
  ["an empty caption", '{"image":"a.jpg","captions":[" "]}', /expected captions that are not empty/],
])("a line of captions with %s is refused", async (_, text, expected) => {
  const root = temporaryFolder();
  put(root, "images/train/a.jpg", await jpeg());
  put(root, "captions.jsonl", text);
  await expect(open(root)).rejects.toThrow(expected);
});

test("tags are class indices, by split or of any split", async () => {
  for (const tags of [{ train: { "a.jpg": ["road", "sky", "road"] }, val: { a: ["sky"] } }, { a: ["road", "sky"] }]) {
    const root = await plainFolder({ train: ["a"] });
    put(root, "tags.json", JSON.stringify(tags));
    const { kinds, read } = await open(root);
    expect([kinds, (await read(0)).labels.tags]).toEqual([
      ["mask", "tags"],
      [0, 1],
    ]);
  }
});

test.each([
  [
    '{"train": {"a": ["rode"]}}',
    /tags\.json: a: expected the name of a class in classes\.json, got "rode"\. Did you mean road/,
  ],
  ['{"train": {"a": "road"}}', /tags\.json: a: expected a list of class names, got "road"/],
  ["[]", /tags\.json: expected a JSON object, got \[\]/],
])("the tags %s are refused", async (text, expected) => {
  const root = await plainFolder();
  put(root, "tags.json", text);
  await expect(open(root)).rejects.toThrow(expected);
});

test("saliency is grey of 8 bits", async () => {
  const root = await plainFolder({ train: ["a"] });
  put(
    root,
    "saliency/train/a.png",
    greyPng(
      16,
      12,
      Array.from({ length: 192 }, (_, i) => i),
    ),
  );
  const { kinds, read } = await open(root);
  expect([kinds, (await read(0)).labels.saliency?.data[77]]).toEqual([["mask", "saliency"], 77]);
  put(root, "saliency/train/a.png", png({ width: 16, height: 12, depth: 8, colorType: 2, values: pattern(16, 12, 3) }));
  await expect(read(0)).rejects.toThrow(/saliency\/train\/a\.png: expected saliency as grey of 8 bits, got colour/);
  expect((await read(0, ["mask"])).labels.mask?.data[0]).toBe(255); // other files are not opened
});

test.each([1, 2, 4] as const)(
  "saliency of %i bits is stretched to 255, and so are grey masks that code colours",
  async (depth) => {
    const root = await plainFolder({ train: ["a"] });
    const white = 2 ** depth - 1;
    const values = Array.from({ length: 192 }, (_, i) => (i < 96 ? white : i < 150 ? 1 : 0));
    const map = png({ width: 16, height: 12, depth, colorType: 0, values });
    put(root, "saliency/train/a.png", map);
    const { saliency } = (await (await open(root)).read(0)).labels;
    expect([saliency?.data[0], saliency?.data[100], saliency?.data[191]]).toEqual([255, 255 / white, 0]);
    const grey = ({ 1: "#ffffff", 2: "#555555", 4: "#111111" } as const)[depth];
    const classes = [
      { name: "dark", color: "#000000" },
      { name: "light", color: "#ffffff", colors: ["#ffffff", ...(depth === 1 ? [] : [grey])] },
    ];
    put(root, "classes.json", JSON.stringify({ colorCoded: true, classes }));
    put(root, "masks/train/a.png", map);
    const { mask } = (await (await open(root)).read(0)).labels;
    expect([mask?.data[0], mask?.data[100], mask?.data[191]]).toEqual([1, 1, 0]);
  },
);

test("samples that lack a kind are passed over by what needs it, and known by what they have", async () => {
  const root = await plainFolder({ train: ["a", "b"] });
  put(root, "images/train/c.jpg", await jpeg());
  put(root, "captions.jsonl", ["a", "c"].map((name) => `{"image":"train/${name}.jpg","caption":"x"}\n`).join(""));
  const dataset = await open(root);
  expect([dataset.ids, dataset.ids.map((_, i) => dataset.kindsOf?.(i))]).toEqual([
    ["a", "b", "c"],
    [["mask", "captions"], ["mask"], ["captions"]],
  ]);
  expect([labelledDataset(dataset, ["mask"]).ids, labelledDataset(dataset, ["mask", "captions"]).ids]).toEqual([
    ["a", "b"],
    ["a"],
  ]);
});

test("labels in one folder are read with the photographs of another", async () => {
  const photographs = await plainFolder({ train: ["a"], val: ["c"] });
  const root = `${photographs}/objects`;
  put(root, "classes.json", '{"classes":["thing"], "ignoreIndex": 255}');
  put(root, "masks/train/a.png", greyPng(16, 12, new Array(192).fill(0)));
  await expect(open(root)).rejects.toThrow(
    `Its photographs may be those of ${photographs}/images: add --images ${photographs}`,
  );
  const dataset = await openDataset(platform, root, "train", { images: photographs });
  expect([dataset.name, dataset.source(0), (await dataset.read(0)).labels.mask?.data[0]]).toEqual([
    ...[`folder ${root}, images of ${photographs}`, `${photographs}/images/train/a.jpg`, 0],
  ]);
  await expect(openDataset(platform, root, "train", { images: root })).rejects.toThrow(
    "expected a folder that holds images/, got none there",
  );
  await expect(openDataset(platform, root, "train", { images: photographs, layout: "voc" })).rejects.toThrow(
    "expected the layout folder",
  );
});

test("inspection counts every kind and notes what contradicts", async () => {
  const root = await plainFolder({ train: ["a", "b"] });
  put(root, "tags.json", JSON.stringify({ train: { a: ["sky"], z: ["sky"] } }));
  const report = await inspectDataset(platform, root);
  const [train] = report.splits;
  expect(train.labels).toEqual({
    mask: { samples: 2 },
    tags: { samples: 1, perSample: { smallest: 1, median: 1, largest: 1 }, perClass: [1, 0] },
  });
  expect(train.notes.map(({ message }) => message)).toEqual([
    expect.stringMatching(/tags\.json: expected names of images in .*images\/train, got "z"\. Correct them/),
    expect.stringMatching(/images\/train\/a\.jpg: expected tags for all that labels show, got none of "road"\./),
  ]);
  expect(inspectText(report)).toContain("train: 2 samples (masks; 1 with tags, 1 each)");
});

test.each<[string, (root: string) => unknown]>([
  [
    "captions beside an image in UTF-16",
    (root) => put(root, "images/train/a.txt", Buffer.from("\ufeffA car.", "utf16le")),
  ],
  [
    "captions beside an image in UTF-16 without its mark",
    (root) => put(root, "images/train/a.txt", Buffer.from("A car.", "utf16le")),
  ],
  [
    "captions beside an image in Latin-1",
    (root) => put(root, "images/train/a.txt", Buffer.from("caf\u00e9", "latin1")),
  ],
  ["tags in Latin-1", (root) => put(root, "tags.json", Buffer.from('{"caf\u00e9": ["sky"]}', "latin1"))],
  [
    "captions in Latin-1",
    (root) => put(root, "captions.jsonl", Buffer.from('{"image":"a","caption":"caf\u00e9"}', "latin1")),
  ],
])("%s are refused", async (_, spoil) => {
  const root = await plainFolder({ train: ["a"] });
  spoil(root);
  await expect((async () => (await open(root)).read(0))()).rejects.toThrow("expected UTF-8 text, got another encoding");
});

test("two text files of one image are a problem, and one beside a line of captions is noted", async () => {
  const root = await plainFolder({ train: ["a"] });
  put(root, "images/train/a.txt", "One.");
  put(root, "captions.jsonl", '{"image":"train/a.jpg","caption":"Two."}');
  const { labels } = await (await open(root)).read(0);
  expect(labels.captions).toEqual(["One."]);
  const { notes } = (await inspectDataset(platform, root)).splits[0];
  expect(notes.map(({ message }) => message)).toEqual([
    `${root}/images/train/a.txt: expected captions in one place, got some in ${root}/captions.jsonl too. These are read.`,
  ]);
  put(root, "images/train/a.TXT", "Three.");
  await expect(open(root)).rejects.toThrow('a.txt: expected one text file named "a", got another in');
});

test("photographs and labels in folders inside go together by their names below the split", async () => {
  const root = temporaryFolder();
  put(root, "classes.json", JSON.stringify({ classes: ["sky", "road"] }));
  const grey = (value: number) => greyPng(16, 12, new Uint8Array(16 * 12).fill(value));
  for (const name of ["day/a", "night.2/a", "b"]) {
    put(root, `images/train/${name}.jpg`, await jpeg());
    put(root, `masks/train/${name}.png`, grey(name === "b" ? 1 : 0));
    put(root, `saliency/train/${name}.png`, grey(0));
  }
  put(root, "captions.jsonl", '{"image": "train/day/a.jpg", "caption": "A road."}\n');
  const dataset = await open(root);
  expect(dataset.ids).toEqual(["b", "day/a", "night.2/a"]);
  expect([dataset.kindsOf?.(0), dataset.kindsOf?.(1)]).toEqual([
    ["mask", "saliency"],
    ["mask", "captions", "saliency"],
  ]);
  expect((await dataset.read(1)).labels.captions).toEqual(["A road."]);
  const problems = (await inspectDataset(platform, root)).splits.flatMap((split) => split.problems);
  expect(problems.filter(({ message }) => !/mean|copy|same/.test(message))).toEqual([]);
  rmSync(`${root}/masks/train/day/a.png`);
  put(root, "masks/train/day/c.png", grey(0));
  await expect(open(root)).rejects.toThrow('masks/train/day/c.png: expected an image named "day/c", got none.');
});
