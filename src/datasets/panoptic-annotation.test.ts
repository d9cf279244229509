/** Categories as classes, and names of files. */
import { expect, test } from "vitest";
import { classesOf, parseAnnotation, segmentsFrom } from "./panoptic-annotation.ts";

const read = (categories: readonly object[], files: readonly string[] = []) => {
  const annotations = files.map((name) => ({ file_name: name, segments_info: [{ id: 1, category_id: 1 }] }));
  return parseAnnotation(JSON.stringify({ categories, annotations }), "train.json");
};
const many = (count: number) => Array.from({ length: count }, (_, id) => ({ id, name: `c${id}` }));
const sky = { id: 1, name: "sky" };

test.each<[string, readonly object[], string]>([
  ["more than 254", many(331), "categories: expected 1 to 254 classes, got 331."],
  ["none", [], "categories: expected 1 to 254 classes, got 0."],
  ["one name for two", [sky, { id: 2, name: "sky" }], 'categories[1].name: expected a name of its own, got "sky".'],
  ["an empty name", [{ id: 1, name: " " }], 'categories[0].name: expected a name, got " ".'],
  ["one id for two", [sky, { id: 1, name: "sea" }], "categories[1].id: expected an id of its own, got 1."],
])("categories with %s are no classes", (_, categories, message) => {
  expect(() => classesOf(read(categories))).toThrow(`train.json: ${message}`);
});

test("254 categories are classes, in their order", () => {
  expect(classesOf(read(many(254))).map(({ name }) => name)).toEqual(many(254).map(({ name }) => name));
});

test("two dots are a part of a name, and no way out of the folder", () => {
  const known = segmentsFrom(read([sky], ["wait...what.png", "a..b.png"]), [{ ...sky, color: [0, 0, 0] }], "");
  expect([...known.keys()]).toEqual(["wait...what", "a..b"]);
  for (const name of ["../a.png", "b/../../a.png", "b\\..\\a.png", ""]) {
    expect(() => segmentsFrom(read([sky], [name]), [], "")).toThrow("annotations[0].file_name: expected a file's name");
  }
});

test("an image that is annotated twice is refused", () => {
  expect(() => segmentsFrom(read([sky], ["a.png", "a.png"]), [{ ...sky, color: [0, 0, 0] }], "")).toThrow(
    'annotations[1].file_name: expected each image once, got "a.png"',
  );
});

test.each([0, -3])("a segment of %i pixels is refused where it is read", (area) => {
  const segment = { id: 1, category_id: 1, area };
  const text = JSON.stringify({ categories: [sky], annotations: [{ file_name: "a.png", segments_info: [segment] }] });
  expect(() => segmentsFrom(parseAnnotation(text, "train.json"), [{ ...sky, color: [0, 0, 0] }], "")).toThrow(
    `train.json: annotations[0].segments_info[0].area: expected pixels, more than 0, got ${area}. Correct it, or remove the segment.`,
  );
});
