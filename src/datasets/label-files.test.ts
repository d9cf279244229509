/** Which images the lists of labels mean. */
import { expect, test } from "vitest";
import { captionsFrom, tagsFrom } from "./label-files.ts";

const classes = ["sky", "road"].map((name) => ({ name, color: [0, 0, 0] as const }));
const tags = (value: unknown, split = "train") => tagsFrom(JSON.stringify(value), "tags.json", split, classes);
const line = (image: string, words = "x") => `${JSON.stringify({ image, caption: words })}\n`;
const captions = (text: string, split = "train") => captionsFrom(text, "captions.jsonl", split);

test.each([
  "train/a.jpg",
  "./train/a.jpg",
  "images/train/a.jpg",
  "./images/train/a.jpg",
  "train\\a.jpg",
  ".\\images\\train\\a",
  "train/a.HEIC",
  "train/a.jxl",
])("%s is the image a of train, and of no other split", (path) => {
  const { byId, loose } = captions(line(path));
  expect([[...byId], loose.size]).toEqual([[["a", ["x"]]], 0]);
  expect(captions(line(path), "val").byId.size).toBe(0);
  expect([...tags({ [path]: ["road"] }).byId]).toEqual([["a", [1]]]);
  expect(tags({ [path]: ["road"] }, "val").byId.size).toBe(0);
  expect([...tags({ train: { [path]: ["road", "sky"] } }).byId]).toEqual([["a", [0, 1]]]);
});

test("folders inside are part of the name", () => {
  expect([...captions(line("images/train/b/c/a.jpg"), "train").byId.keys()]).toEqual(["b/c/a"]);
});

test("a name without folder is of any split, however its accents are written", () => {
  const name = "caf\u0065\u0301.jpg";
  for (const split of ["train", "val"]) {
    expect([...captions(line(name), split).loose]).toEqual(["caf\u00e9"]);
    expect([...tags({ [name]: ["sky"] }, split).loose]).toEqual(["caf\u00e9"]);
  }
});

test.each([
  ["training/a.jpg", 'line 2: expected train, val, test or unlabelled, got "training". Did you mean train?'],
  ["images/vla/a.jpg", 'line 2: expected train, val, test or unlabelled, got "vla". Did you mean val?'],
  ["/data/train/a.jpg", 'line 2: expected train, val, test or unlabelled, got "/data/train/a.jpg".'],
])("captions of %s are refused, not dropped", (path, message) => {
  expect(() => captions(`${line("val/b")}${line(path)}`, "val")).toThrow(`captions.jsonl: ${message}`);
});

test.each([
  ["an empty file", "", "captions.jsonl: expected captions, a line for each image, got none. Write"],
  ["a line with two kinds", '{"image":"a","caption":"x","captions":["y"]}', "expected caption or captions, got both."],
  ["a line without a name", '{"caption":"x"}', "expected the image's name, got none."],
])("%s of captions is refused", (_, text, message) => {
  expect(() => captions(text)).toThrow(message);
});

test("lines of one image are joined in their order, in a time that grows with the lines alone", () => {
  const many = captions(Array.from({ length: 40_000 }, (_, i) => line("train/a.jpg", `${i}`)).join("")).byId.get("a");
  expect([many?.length, many?.[0], many?.at(-1)]).toEqual([40_000, "0", "39999"]);
});

test.each<[unknown, string]>([
  [{ trian: { a: ["sky"] } }, 'tags.json: expected train, val, test or unlabelled, got "trian". Did you mean train?'],
  [{ version: 1, train: { a: ["sky"] } }, 'tags.json: expected train, val, test or unlabelled, got "version".'],
  [{ train: { a: ["sky"] }, val: ["sky"] }, 'tags.json: val: expected images with their tags, got ["sky"].'],
  [{ val: { "train/a.jpg": ["sky"] } }, "tags.json: train/a.jpg: expected an image of val, got one of train."],
  [{ "training/a.jpg": ["sky"] }, 'tags.json: training/a.jpg: expected train, val, test or unlabelled, got "training"'],
  [{ train: { a: ["sky"], "a.jpg": ["road"] } }, 'tags.json: a.jpg: expected each image once, got "a" twice.'],
])("the tags %j are refused", (value, message) => {
  expect(() => tags(value)).toThrow(message);
});
