import { expect, test } from "vitest";
import { tagLinesFrom } from "./tag-lists.ts";

const classes = ["background", "cow", "red car", "sheep"].map((name) => ({ name, color: [0, 0, 0] as const }));
const tagsIn = (text: string, split = "train") =>
  Object.fromEntries([...tagLinesFrom(text, "tags.csv", split, classes).byId].map(([id, tags]) => [id, [...tags]]));

test.each<[string, string]>([
  ["commas and a heading", "image,tags\na.jpg,cow,red car\nb.jpg\nc.jpg,sheep\n"],
  ["tabs", "a\tcow\tred car\nb\nc\tsheep"],
  ["spaces, with quotes around names that hold some", 'a  cow "red car"\nb\nc sheep'],
  ["empty cells between tabs", 'a\t\t"cow"\tred car\nb\nc\tsheep'],
  ["semicolons, quotes, and Windows' ends of lines", '\ufeff"a.jpg";"cow";"red car"\r\nb.jpg;\r\nc.jpg;sheep\r\n'],
  ["several tags in a column", "name,tags\na.jpg,cow|red car\nb.jpg,\nc.jpg,sheep"],
  ["numbers that leave out the background, as VOC's and COCO's lists", "a 0 1\nb\nc 2\n"],
  ["a 0 or 1 for each class", "image,cow,red car,sheep\na,1,1,0\nb,0,0,0\nc,0,0,1"],
])("tags are read from lines with %s", (_, text) => {
  expect(tagsIn(text)).toEqual({ a: [1, 2], b: [], c: [3] });
});

test("names may say their split, and those of others are passed over", () => {
  expect(tagsIn("train/a.jpg,cow\nval/b.jpg,sheep")).toEqual({ a: [1] });
  expect(tagsIn("train/a.jpg,cow\nval/b.jpg,sheep", "val")).toEqual({ b: [3] });
});

test.each<[string, string, RegExp]>([
  [
    "another class",
    "a,cow\nb,caw",
    /tags\.csv: b: expected the name of a class in classes\.json, got "caw"\. Did you mean cow/,
  ],
  ["a number beyond the classes", "a 0\nb 3", /tags\.csv: line 2: expected numbers from 0 to 2, .* got 3\./],
  [
    "something else than 0 and 1",
    "id,cow,sheep\na,1,yes",
    /tags\.csv: line 2: expected 0 or 1 for each class, got "yes"/,
  ],
  [
    "a column that is no class",
    "image,cow,horse\na,1,0",
    /tags\.csv: line 1: expected names of classes as columns, got "horse"\. .*Add the class, or remove the column\./,
  ],
  ["an image twice", "a,cow\na,sheep", /tags\.csv: line 2: expected each image once, got "a" twice/],
])("%s is refused", (_, text, message) => {
  expect(() => tagsIn(text)).toThrow(message);
});

test("several tags in quotes, and commas in names, are read as they are written", () => {
  expect(tagsIn('image,tags\n"a, b.jpg","cow,sheep"\nc.jpg,"cow"\n')).toEqual({ "a, b": [1, 3], c: [1] });
});
