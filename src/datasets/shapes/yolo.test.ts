/** data.yaml as people and programs write it: every number keeps its class, and what is wrong is refused. */
import { expect, test } from "vitest";
import { firstClasses } from "../../../test/support/drawn-labels.ts";
import { photographPng, png, put, temporaryFolder } from "../../../test/support/pictures.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { openDataset, splitsOf } from "../index.ts";
import { inspectDataset } from "../inspect.ts";
import { yamlFields } from "./yaml-fields.ts";

const size = 8;

const photograph = (seed: number) => photographPng(size, size, seed);

const square = "0 0 0.5 0 0.5 0.5 0 0.5";

/** Each number's line in a file of its own. */
function folderOf(list: string | null, numbers: readonly string[], listFile = "data.yaml"): string {
  const root = temporaryFolder();
  if (list !== null) put(root, listFile, list);
  for (const [at, number] of numbers.entries()) {
    put(root, `images/train/${at}.png`, photograph(at));
    put(root, `labels/train/${at}.txt`, `${number} ${square}\n`);
  }
  return root;
}

test.each([
  ["names:\n  1: dog\n  0: cat\n", ["0", "1"], ["cat", "dog"]],
  ["names: {1: dog, 0: cat}\n", ["0", "1"], ["cat", "dog"]],
  ["names:\n  0: cat\n  5: dog\n", ["0", "5"], ["cat", "dog"]],
  ["names:\n  '0': cat\n  \"1\": dog\n", ["0", "1"], ["cat", "dog"]],
  ["names: ['cat, tabby', \"dog\"]\n", ["0", "1"], ["cat, tabby", "dog"]],
  ["names: ['cat [big]', 'dog']\n", ["0", "1"], ["cat [big]", "dog"]],
  ["names: [cat, # tabby\n dog]\n", ["0", "1"], ["cat", "dog"]],
  [
    "\ufeff# c\r\nnames: # all\r\n  # first\r\n  0: 'cat #1'\r\n\r\n  1: dog\r\nnc: 2\r\n",
    ["0", "1"],
    ["cat #1", "dog"],
  ],
  ["names: [\"caf\\u00e9\", 'it''s']\n", ["0", "1"], ["café", "it's"]],
  ["names: &list\n- cat\n- dog\n", ["0", "1"], ["cat", "dog"]],
  ["names: [\n  'cat',\n  'dog'\n]\n", ["0", "1"], ["cat", "dog"]],
])("the numbers of %j keep their classes", async (yaml, numbers, names) => {
  expect(await firstClasses(folderOf(yaml, numbers))).toEqual(names);
});

test.each(["classes.txt", "labels/classes.txt", "obj.names"])(
  "without data.yaml, classes are those of %s",
  async (file) => {
    const root = folderOf("cat\ndog\n", ["1", "0"], file);
    expect([await firstClasses(root), (await inspectDataset(platform, root)).layout]).toEqual([["dog", "cat"], "yolo"]);
  },
);

test.each([
  ["names: ['', cat, dog]\n", "0", "data.yaml: names: expected a name for class 0, got none."],
  ["names: [cat, cat]\n", "0", 'got "cat" for 0 and 1. Rename one of the two.'],
  ["names: {0: cat, x: dog}\n", "0", 'expected numbers of classes, got "x".'],
  ["nc: 3\nnames: [cat, dog]\n", "0", "expected as many names as nc: 3 says, got 2 names."],
  ["names: cat\n", "0", 'data.yaml: names: expected a list of classes, got "cat". Write names: [cat, dog]'],
  ["names: {0: cat, 5: dog}\n", "1", "line 1: expected a class of 0, 5, got 1. Correct it, or add its name to "],
  ["names: [cat, dog]\n", "cat", "line 1: expected a class from 0 to 1, got cat."],
  [null, "0", "data.yaml: expected the names of the classes, got no such file. Write a line such as names: [cat, dog]"],
])("%j is refused", async (yaml, number, message) => {
  await expect(openDataset(platform, folderOf(yaml, [number]), "train")).rejects.toThrow(message);
});

test("photographs lie where data.yaml says, in folders or in lists", async () => {
  const root = temporaryFolder();
  put(root, "data.yaml", "path: ..\ntrain: set/a/images\nval: val.txt\nnames: [cat]\n");
  put(root, "set/a/images/day/1.png", photograph(1));
  put(root, "set/a/labels/day/1.txt", `0 ${square}`);
  put(root, "set/b/images/2.png", photograph(2));
  put(root, "set/b/labels/2.txt", `0 ${square}`);
  put(root, "val.txt", "./set/b/images/2.png\r\n/home/them/set/b/images/3.png\r\n");
  const report = await inspectDataset(platform, root);
  expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
  expect(report.splits.map(({ readable, classes }) => [readable, classes[1].pixels])).toEqual([
    [1, 16],
    [1, 16],
  ]);
  expect(report.splits[1].problems.map(({ message }) => message)).toEqual([
    `${root}/val.txt: expected the photograph of line 2, got /home/them/set/b/images/3.png, which is not there. Add it, or remove the line.`,
  ]);
});

test("a text file without its photograph is told but for lists, and a val that is train is none", async () => {
  const root = folderOf("train: images/train\nval: images/train\nnames: [cat]\n", ["0"]);
  put(root, "labels/train/other.txt", `0 ${square}`);
  for (const list of ["classes.txt", "labels.txt"]) put(root, `labels/train/${list}`, "cat\n");
  const { splits } = await inspectDataset(platform, root);
  expect(splits.map(({ split, problems }) => [split, ...problems.map(({ message }) => message)])).toEqual([
    [
      "train",
      `${root}/labels/train/other.txt: expected an image named "other", got none. Add the image or remove the text file.`,
    ],
  ]);
});

test("settings of other programs beside images and masks are no list of YOLO's", async () => {
  const root = temporaryFolder();
  put(root, "config.yaml", "names: mine\n");
  put(root, "images/train/a.png", photograph(1));
  put(
    root,
    "masks/train/a.png",
    png({ width: size, height: size, depth: 8, colorType: 0, values: new Uint8Array(size * size) }),
  );
  put(root, "classes.txt", "cat\ndog\n");
  expect((await inspectDataset(platform, root)).layout).toBe("folder");
});

test("fields of YAML end where the next begins", () => {
  const fields = yamlFields(
    'path: "a b" # here\ntrain:\n  - x\n  - y\nnames: {0: a, 1: b}\nurl: http://x.y/z\nnone:\n',
  );
  expect([...fields]).toEqual([
    ["path", "a b"],
    ["train", ["x", "y"]],
    [
      "names",
      new Map([
        ["0", "a"],
        ["1", "b"],
      ]),
    ],
    ["url", "http://x.y/z"],
    ["none", []],
  ]);
});

test.each([
  ["a list that names their folder", "train: train\nnames: [cat, dog]\n", "data.yaml", "train"],
  ["a list of names", "cat\ndog\n", "classes.txt", "train"],
  ["a list among them", "cat\ndog\n", "classes.txt", "."],
])("labels beside their photographs, with %s, are no captions", async (_, list, file, folder) => {
  const root = temporaryFolder();
  put(root, file, list);
  for (const at of [0, 1]) {
    put(root, `${folder}/${at}.png`, photograph(at));
    put(root, `${folder}/${at}.txt`, `${1 - at} ${square}\n`);
  }
  expect(await firstClasses(root)).toEqual(["dog", "cat"]);
  const { layout, splits } = await inspectDataset(platform, root);
  expect([layout, splits[0].notes, splits[0].problems]).toEqual(["yolo", [], []]);
});

test.each([
  ["0 4 4 30 4 30 20", "Divide x by the photograph's width and y by its height."],
  [`0 ${square} 0.87`, "Leave out a number, such as the confidence at the end"],
  [`0,${square.replaceAll(" ", ",")}`, "Write spaces between the numbers."],
  ["0 0.5 0.5 0.5 0.5 nan 1", "Correct it."],
])("the line %j is told what mends it", async (line, remedy) => {
  const root = folderOf("names: [cat]", ["0"]);
  put(root, "labels/train/0.txt", line);
  const [problem] = (await inspectDataset(platform, root)).splits[0].problems;
  expect(problem.message).toContain(`from 0 to 1, got ${line.slice(0, 40)}. ${remedy}`);
});

test("numbers that count from 1 are told with the line that names them so", async () => {
  const root = folderOf("names: [cat, dog]", ["1", "2"]);
  const [problem] = (await inspectDataset(platform, root)).splits[0].problems;
  expect(problem.message).toContain("got 2. Correct it, or add its name to");
  const line = /If they count from 1, write (.*)\.$/.exec(problem.message)?.[1];
  put(root, "data.yaml", `${line}\n`);
  expect(await firstClasses(root)).toEqual(["cat", "dog"]);
});

test("a list without names is not said to be missing", async () => {
  const root = folderOf("train: images/train", ["0"]);
  expect((await inspectDataset(platform, root)).problems[0].message).toContain(
    "expected the names of the classes, got no line of them in data.yaml. Write a line such as",
  );
});
