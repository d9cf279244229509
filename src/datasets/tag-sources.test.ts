/** Tags of a plain folder that no list has: of folders, captions and masks. */
import { expect, test } from "vitest";
import { plainFolder, skyAndRoad } from "../../test/support/folders.ts";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { labelledDataset } from "../data/views.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { classFinder } from "../text/class-finder.ts";
import { openTagger } from "../text/open-tagger.ts";
import { openDataset } from "./index.ts";
import { inspectDataset } from "./inspect.ts";
import { inspectText } from "./inspect-text.ts";
import { openTrainingData } from "./training-data.ts";

const classes = [
  { name: "background", background: true },
  { name: "cow", words: ["cow", "calf"] },
  { name: "grass" },
  { name: "tree" },
];

/** A folder with the classes above, and a photograph at each path below images/train. */
async function photographs(paths: readonly string[], { described = true } = {}): Promise<string> {
  const root = temporaryFolder();
  if (described) put(root, "classes.json", JSON.stringify({ classes }));
  for (const [i, path] of paths.entries()) put(root, `images/train/${path}`, await jpeg(16 + i, 12));
  return root;
}

const learned = { labels: ["tags"], images: false } as const;

/** What training is given, as names of classes by photograph. */
async function tagsIn(root: string) {
  const { dataset } = await openTrainingData(platform, root, { learnsFrom: learned });
  const samples = await Promise.all(dataset.ids.map((_, index) => dataset.read(index)));
  return Object.fromEntries(
    samples.map(({ id, labels }) => [id, labels.tags?.map((tag) => dataset.classes[tag].name).join(" ")]),
  );
}

test("folders named after classes are tags, and what lies in none has none", async () => {
  const root = await photographs(["cow+grass/a.jpg", "grass/day/b.jpg", "calf/c.jpg", "background/d.jpg", "e.jpg"]);
  expect(await tagsIn(root)).toEqual({
    "cow+grass/a": "cow grass",
    "grass/day/b": "grass",
    "calf/c": "cow",
    "background/d": "background",
  });
  const report = await inspectDataset(platform, root);
  expect(report.splits[0].labels.tags).toEqual({
    samples: 4,
    perSample: { smallest: 1, median: 1, largest: 2 },
    perClass: [0, 2, 2, 0],
  });
  const text = inspectText(report);
  expect(text).toContain("train: 4 samples (tags, 1 to 2 each)");
  expect(text).toMatch(
    /images\/train: expected tags in tags\.json, got folders such as background\. Their names are the tags\./,
  );
  expect(text).toMatch(/class +colour +train tags\n.*\ncow .* 2\ngrass .* 2\ntree .* 0\n/);
});

test("a mask says more than its folder's name, a list says all", async () => {
  const root = await plainFolder({ train: ["sky/a"], val: ["c"] });
  put(root, "images/train/sky/b.jpg", await jpeg());
  const withTags = async () => (await openDataset(platform, root, "train")).ids;
  expect(await tagsIn(root)).toEqual({ "sky/a": "sky road", "sky/b": "sky" });
  put(root, "tags.json", JSON.stringify({ "train/sky/a": ["road"] }));
  expect(await tagsIn(root)).toEqual({ "sky/a": "road" });
  expect(await withTags()).toEqual(["sky/a"]);
});

test.each<[string, readonly string[], RegExp]>([
  [
    "a name that is no class",
    ["cow+gras/a.jpg", "cow/b.jpg"],
    /images\/train\/cow\+gras: expected a folder called after classes, as cow\+grass, got "gras"\. Did you mean grass\? Or add \{"name":"gras"\} to the classes\.$/,
  ],
  [
    "an empty part",
    ["cow+/a.jpg", "grass/b.jpg"],
    /images\/train\/cow\+: expected a folder called after classes, as cow\+grass, got an empty name in it\. Rename it cow\.$/,
  ],
])("%s is refused in one line", async (_, paths, message) => {
  const root = await photographs(paths);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
  const { splits } = await inspectDataset(platform, root);
  expect(splits[0].problems.map((each) => each.message)).toEqual([expect.stringMatching(message)]);
});

test("a photograph in folders of other tags is refused, another one of its name is not", async () => {
  const root = await photographs(["cow/a.jpg", "grass/a.jpg"]);
  expect(Object.keys(await tagsIn(root))).toEqual(["cow/a", "grass/a"]);
  put(root, "images/train/grass/a.jpg", await jpeg(16, 12)); // the same bytes as the first
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    /images\/train\/grass\/a: expected each photograph in one folder, got it in cow too\. Keep one of them, in cow\+grass if it shows all of these\.$/,
  );
});

test.each<[string, boolean, RegExp]>([
  [
    "no classes.json",
    false,
    /classes\.json: expected labels, or the classes that folders such as bull\+oak name, got no such file\. Write \{"classes":\[\{"name":"background","background":true\},\{"name":"bull"\},\{"name":"oak"\}\]\}\.$/,
  ],
  ["no folder that names a class", true, /images\/train\/bull\+oak: expected labels, or a folder called after classes/],
])("with %s it is said what to write", async (_, described, message) => {
  const root = await photographs(["bull+oak/a.jpg"], { described });
  await expect(openTrainingData(platform, root, { learnsFrom: learned })).rejects.toThrow(message);
});

test("without splits folders of images are tags too, and inspection says what is missing where no class is named", async () => {
  const root = temporaryFolder();
  put(root, "images/cow+grass/a.jpg", await jpeg());
  const { splits } = await inspectDataset(platform, root);
  expect(splits.flatMap(({ notes }) => notes.map(({ message }) => message))).toEqual([
    expect.stringMatching(
      /classes\.json: expected labels, or the classes that folders such as cow\+grass name, got no such file/,
    ),
  ]);
  put(root, "classes.json", JSON.stringify({ classes }));
  expect(await tagsIn(root)).toEqual({ "cow+grass/a": "cow grass" });
});

test("captions say tags where nothing else does", async () => {
  const root = await photographs(["a.jpg", "b.jpg", "c.jpg"]);
  const lines = [
    { image: "train/a.jpg", captions: ["Two calves.", "Animals below trees"] },
    { image: "train/b.jpg", caption: "Nothing of that." },
  ];
  put(root, "captions.jsonl", lines.map((line) => JSON.stringify(line)).join("\n"));
  put(root, "images/train/c.txt", "Cows on grass\nA background of clouds.\n");
  expect(await tagsIn(root)).toEqual({ a: "cow tree", c: "cow grass" });
  const { notes } = await openDataset(platform, root, "train");
  expect(notes).toEqual([
    expect.stringMatching(
      /got captions, of which those of 2 of 3 images name a class\. The classes that captions name are the tags\.$/,
    ),
  ]);
  put(root, "tags.csv", "a,tree\n");
  expect(await tagsIn(root)).toEqual({ a: "tree" });
});

test("tags follow from masks where only tags are wanted, and inspection counts them", async () => {
  const root = await plainFolder({ train: ["a"] });
  put(root, "masks/train/a.png", skyAndRoad());
  const { labels } = await labelledDataset(await openDataset(platform, root, "train"), ["tags"]).read(0);
  expect(labels.tags).toEqual([0, 1]);
  const report = await inspectDataset(platform, root);
  expect(report.splits[0].labels.tags).toEqual({
    samples: 1,
    perSample: { smallest: 2, median: 2, largest: 2 },
    perClass: [1, 1],
    from: "mask",
  });
  expect(inspectText(report)).toContain("train: 1 sample (masks; tags from masks, 2 each)");
});

test("captions of drawn scenes name nearly all that the scenes show, and nothing else", async () => {
  const scenes = await openDataset(platform, "scenes:size=64,train=60", "train");
  const find = classFinder(scenes.classes, await openTagger());
  const counts = { right: 0, wrong: 0, missed: 0 };
  for (const index of scenes.ids.keys()) {
    const { captions = [], tags = [] } = (await scenes.read(index, ["captions", "tags"])).labels;
    const said = new Set(captions.flatMap((caption) => find(caption)));
    for (const tag of said) counts[tags.includes(tag) ? "right" : "wrong"]++;
    for (const tag of tags) if (!said.has(tag)) counts.missed++;
  }
  expect(counts.wrong).toBe(0);
  expect(counts.right / (counts.right + counts.missed)).toBeCloseTo(0.987, 3);
});

test.each(["tags.txt", "ImageSets/Segmentation/tags.txt"])(
  "photographs of VOC's lists may have tags in %s in place of masks",
  async (list) => {
    const root = temporaryFolder();
    for (const name of ["a", "b", "c"]) put(root, `JPEGImages/${name}.jpg`, await jpeg(2, 1));
    put(root, "SegmentationClass/a.png", greyPng(2, 1, [0, 10]));
    put(root, "ImageSets/Segmentation/train.txt", "a\nb\n");
    put(root, list, "b 0 14\nc 3\n");
    expect(await tagsIn(root)).toEqual({ a: "background cow", b: "aeroplane person" });
    const { splits } = await inspectDataset(platform, root);
    expect(splits[0].problems).toEqual([]);
    const notes = splits[0].notes.map(({ message }) => message).join();
    expect(notes).toContain('expected names that a list of a split has, got "c"');
    put(root, "ImageSets/Segmentation/train.txt", "a\nb\nc\n");
    put(root, list, "b 0 14\n");
    const { problems } = (await inspectDataset(platform, root)).splits[0];
    expect(JSON.stringify(problems)).toContain(`Add it, or its tags to ${root}/${list}.`);
    put(root, list, "b 20\n");
    await expect(openDataset(platform, root, "train")).rejects.toThrow("expected numbers from 0 to 19");
  },
);

const cocoPhotographs = async (root: string, names: readonly string[]) => {
  for (const [i, name] of names.entries()) put(root, `${name}.jpg`, await jpeg(3 + i, 2));
};

test.each([
  ["images/train2014", "tags.txt"],
  ["train2014", "annotations/tags.txt"],
  ["images/train2017", "tags.csv"],
])("COCO's photographs in %s may have tags in %s, and nothing else", async (folder, list) => {
  const root = temporaryFolder();
  await cocoPhotographs(root, [`${folder}/a`, `${folder}/b`, `${folder}/c`, `${folder.replace("train", "val")}/d`]);
  put(root, list, "a 0 79\nb,dog\nd 2\n".replace(list.endsWith("csv") ? / /g : ",", list.endsWith("csv") ? "," : " "));
  expect(await tagsIn(root)).toEqual({ a: "person toothbrush", b: "dog" });
  const report = await inspectDataset(platform, root);
  expect([report.layout, report.splits.map(({ split }) => split)]).toEqual(["coco-object", ["train", "val"]]);
  expect(report.splits.flatMap(({ problems }) => problems)).toEqual([]);
  const notes = report.splits[0].notes.map(({ message }) => message).join("\n");
  expect(notes).toBe(
    `${root}/${folder}: 1 of 3 photographs has no label: left out. Add tags to ${root}/${list} to learn from them.`,
  );
  put(root, list, "a 80\n".replace(" ", list.endsWith("csv") ? "," : " "));
  await expect(openDataset(platform, root, "train")).rejects.toThrow("expected numbers from 0 to 79");
  put(root, list, "COCO_a 1\n".replace(" ", list.endsWith("csv") ? "," : " "));
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    `${root}/${list}: expected names of photographs as they are called here, got "COCO_a". Correct them`,
  );
});

test("COCO-Object has tags to learn from beside masks to score with, and says what has neither", async () => {
  const root = temporaryFolder();
  await cocoPhotographs(root, ["images/train2017/a", "images/train2017/b", "images/val2017/d"]);
  put(root, "annotations/val2017/d.png", greyPng(5, 2, [0, 0, 0, 0, 0, 0, 0, 0, 0, 17]));
  await expect(openDataset(platform, root, "train")).rejects.toThrow("Unpack the release again, or add tags.txt.");
  put(root, "tags.json", JSON.stringify({ train: { a: ["dog"] } }));
  expect(await tagsIn(root)).toEqual({ a: "dog" });
  const { labels } = await (await openDataset(platform, root, "val")).read(0);
  expect([...labels.mask!.data.slice(-2)]).toEqual([1, 17]);
  put(root, "annotations/train2017/a.png", greyPng(3, 2, [0, 0, 0, 0, 0, 0]));
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    `annotations/train2017, got none. Add it, or its tags to ${root}/tags.json.`,
  );
  put(root, "tags.json", JSON.stringify({ train: { a: ["dog"], b: ["cat"] } }));
  expect(await tagsIn(root)).toEqual({ a: "dog", b: "cat" });
});

test("a split of COCO's instances may have tags in place of its annotation, or beside it", async () => {
  const root = temporaryFolder();
  const categories = [
    { id: 3, name: "cat" },
    { id: 90, name: "dog" },
  ];
  const box = [[0, 0, 2, 0, 2, 2, 0, 2]];
  const annotation = (file_name: string) =>
    JSON.stringify({
      ...{ categories, images: [{ id: 1, file_name }] },
      annotations: [{ image_id: 1, category_id: 3, segmentation: box, area: 4 }],
    });
  await cocoPhotographs(root, ["train2014/a", "train2014/b", "val2014/d"]);
  put(root, "annotations/instances_val2014.json", annotation("d.jpg"));
  put(root, "tags.txt", "a 0\nb cat dog\n");
  expect(await tagsIn(root)).toEqual({ a: "cat", b: "cat dog" });
  const report = await inspectDataset(platform, root);
  expect([report.layout, report.splits.map(({ split }) => split)]).toEqual(["coco", ["train", "val"]]);
  expect(report.splits.flatMap(({ problems, notes }) => [...problems, ...notes])).toEqual([]);
  // Beside an annotation: tags are those of the list, and photographs that only the list names are read.
  put(root, "annotations/instances_train2014.json", annotation("a.jpg"));
  expect(await tagsIn(root)).toEqual({ a: "cat", b: "cat dog" });
  expect((await inspectDataset(platform, root)).splits[0].notes).toEqual([]);
  put(root, "tags.txt", "a 0\nx cat\n");
  const { notes } = (await inspectDataset(platform, root)).splits[0];
  expect(notes.map(({ message }) => message).join()).toContain('called here, got "x"');
});

test("photographs of VOC and COCO may have saliency maps, found by name, and by folder where names are alike", async () => {
  const map = greyPng(3, 2, [0, 0, 0, 0, 0, 255]);
  const salient = async (root: string, split: "train" | "val") => {
    const dataset = await openDataset(platform, root, split);
    const samples = await Promise.all(dataset.ids.map((_, index) => dataset.read(index)));
    return samples.map(({ id, labels: { saliency } }) => [id, saliency && [...saliency.data].at(-1)]);
  };
  const voc = temporaryFolder();
  await cocoPhotographs(voc, ["JPEGImages/a"]);
  put(voc, "SegmentationClass/other.png", greyPng(1, 1, [0]));
  put(voc, "ImageSets/Segmentation/train.txt", "a\n");
  put(voc, "tags.txt", "a 0\n");
  expect(await salient(voc, "train")).toEqual([["a", undefined]]);
  put(voc, "saliency/a.png", map);
  expect(await salient(voc, "train")).toEqual([["a", 255]]);
  const coco = temporaryFolder();
  for (const split of ["train2014", "val2014"]) await cocoPhotographs(coco, [`images/${split}/a`]);
  put(coco, "tags.txt", "a 0\n");
  put(coco, "saliency/val2014/a.png", greyPng(3, 2, [0, 0, 0, 0, 0, 9]));
  put(coco, "saliency/train2014/a.png", map);
  expect([await salient(coco, "train"), await salient(coco, "val")]).toEqual([[["a", 255]], [["a", 9]]]);
});
