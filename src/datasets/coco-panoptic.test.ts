/** COCO's panoptic annotation as it was published. */
import { expect, test } from "vitest";
import { png, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { openDataset, splitsOf } from "./index.ts";
import { countProblems, inspectDataset } from "./inspect.ts";

const categories = [
  { id: 1, name: "cat", isthing: 1 },
  { id: 200, name: "grass", isthing: 0 },
];
const annotation = (file_name: string) => ({
  ...{ image_id: 5, file_name },
  segments_info: [
    { id: 7, category_id: 1, iscrowd: 0, area: 2 },
    { id: 300, category_id: 200, iscrowd: 0, area: 2 },
  ],
});
/** Ids 7, 7, 300, 300, in a row. */
const ids = () => png({ width: 4, height: 1, depth: 8, colorType: 2, values: [7, 0, 0, 7, 0, 0, 44, 1, 0, 44, 1, 0] });
const photograph = (seed: number) =>
  png({
    width: 4,
    height: 1,
    depth: 8,
    colorType: 2,
    values: Array.from({ length: 12 }, (_, at) => seed * 9 + at * 13),
  });

test.each([
  ["annotations/", "2017", "images/"],
  ["", "", ""],
])("the published folders %spanoptic_train%s are read", async (place, year, images) => {
  const root = temporaryFolder();
  for (const [at, split] of ["train", "val"].entries()) {
    const json = { categories, images: [{ id: 5, file_name: "a.jpg" }], annotations: [annotation(`${split}.png`)] };
    put(root, `${place}panoptic_${split}${year}.json`, JSON.stringify(json));
    put(root, `${place}panoptic_${split}${year}/${split}.png`, ids());
    put(root, `${images}${split}${year}/${split}.png`, photograph(at));
  }
  expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
  const dataset = await openDataset(platform, root, "val");
  expect(dataset.name.startsWith("coco-panoptic ")).toBe(true);
  expect(dataset.classes.map(({ name, thing, categoryId }) => [name, thing, categoryId])).toEqual([
    ["cat", true, 1],
    ["grass", false, 200],
  ]);
  const { labels } = await dataset.read(0);
  expect(Array.from(labels.panoptic?.data ?? [])).toEqual([7, 7, 300, 300]);
  expect(labels.panoptic?.segments.map(({ classIndex }) => classIndex)).toEqual([0, 1]);
  expect(countProblems(await inspectDataset(platform, root))).toBe(0);
});

test("photographs and maps that are missing are named", async () => {
  const root = temporaryFolder();
  put(root, "annotations/panoptic_val2017.json", JSON.stringify({ categories, annotations: [annotation("a.png")] }));
  await expect(openDataset(platform, root, "val")).rejects.toThrow(
    "val2017/a.jpg: expected this photograph, named in ",
  );
  put(root, "val2017/a.png", photograph(1));
  await expect(openDataset(platform, root, "val")).rejects.toThrow(
    "panoptic_val2017/a.png: expected this map of segments, named in ",
  );
});

test("a map of segments that was written with blue first is told as such", async () => {
  const root = temporaryFolder();
  const json = { categories, images: [{ id: 5, file_name: "a.jpg" }], annotations: [annotation("a.png")] };
  put(root, "annotations/panoptic_train2017.json", JSON.stringify(json));
  const values = [0, 0, 7, 0, 0, 7, 0, 1, 44, 0, 1, 44];
  put(root, "annotations/panoptic_train2017/a.png", png({ width: 4, height: 1, depth: 8, colorType: 2, values }));
  put(root, "train2017/a.png", photograph(1));
  await expect((await openDataset(platform, root, "train")).read(0)).rejects.toThrow(
    "got 458752 at column 0, row 0. Its red and blue have changed places: save the picture with red first.",
  );
});
