/** COCO's instances as programs write them: no annotation is lost or gets another class without a word. */
import { expect, test } from "vitest";
import { firstClasses } from "../../../test/support/drawn-labels.ts";
import { photographPng, put, temporaryFolder } from "../../../test/support/pictures.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { contentsOf } from "../../runs/data-contents.ts";
import { openDataset, splitsOf } from "../index.ts";
import { inspectDataset } from "../inspect.ts";

const [width, height] = [12, 8];
const categories = [
  { id: 3, name: "cat" },
  { id: 90, name: "dog" },
];
const images = [
  { id: 0, file_name: "a.png", width, height },
  { id: 1, file_name: "b.png", width, height },
];
const box = (left: number, top: number, side: number) => [
  [left, top, left + side, top, left + side, top + side, left, top + side],
];
const annotations = [
  { image_id: 0, category_id: 3, segmentation: box(0, 0, 2), area: 4 },
  { image_id: 1, category_id: 90, segmentation: box(0, 0, 2), area: 4 },
];

const photograph = (seed: number) => photographPng(width, height, seed);

function folderOf(changed: object, file = "annotations.json"): string {
  const root = temporaryFolder();
  put(root, "images/a.png", photograph(1));
  put(root, "images/b.png", photograph(2));
  put(root, file, JSON.stringify({ images, annotations, categories, ...changed }));
  return root;
}

test.each([
  [
    "texts as ids",
    { annotations: annotations.map((each) => ({ ...each, image_id: `${each.image_id}` })) },
    "annotations.json",
  ],
  [
    "addresses as names",
    { images: images.map((each) => ({ ...each, file_name: `https://h/x/${each.file_name}?v=1` })) },
    "coco.json",
  ],
  [
    "names of another case",
    { images: images.map((each) => ({ ...each, file_name: each.file_name.toUpperCase() })) },
    "coco.json",
  ],
  [
    "the paths of Windows",
    { images: images.map((each) => ({ ...each, file_name: `C:\\data\\${each.file_name}` })) },
    "coco.json",
  ],
  ["another name", {}, "my export (2).json"],
  ["CVAT's subset", {}, "annotations/instances_Train.json"],
])("annotations with %s are read", async (_, changed, file) => {
  const root = folderOf(changed, file);
  expect([await firstClasses(root), await splitsOf(platform, root)]).toEqual([["cat", "dog"], ["train"]]);
});

test.each([
  [
    { categories: [...categories, { id: 3, name: "horse" }] },
    'categories[2]: expected an id of its own, got 3 for "cat" and "horse".',
  ],
  [{ categories: [{ id: 3 }, categories[1]] }, "categories[0]: expected a name, got none."],
  [
    { images: [images[0], { ...images[1], id: 0 }] },
    'images[1]: expected an id of its own, got 0 for "a.png" and "b.png".',
  ],
  [
    { annotations: [...annotations, { ...annotations[0], image_id: 77 }] },
    "annotations.json: expected image_id to be the id of one of its images, got 77 and such in 1 of 3 annotations.",
  ],
])("%j is refused", async (changed, message) => {
  await expect(openDataset(platform, folderOf(changed), "train")).rejects.toThrow(message);
});

test("two exports that are called after no split are refused by name", async () => {
  const root = folderOf({}, "one.json");
  put(root, "two.json", JSON.stringify({ images, annotations, categories }));
  const { problems } = await inspectDataset(platform, root);
  expect(problems.map(({ message }) => message)).toEqual([
    `${root}: expected COCO's annotations called after their splits, got one.json, two.json. Call them annotations/train.json and annotations/val.json, or keep one.`,
  ]);
});

test("a category of val that train lacks is told with the file that lacks it", async () => {
  const root = folderOf({}, "annotations/instances_Train.json");
  const more = { images, annotations: [{ ...annotations[0], category_id: 5 }], categories: [{ id: 5, name: "bird" }] };
  put(root, "annotations/instances_Validation.json", JSON.stringify(more));
  expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
  await expect(openDataset(platform, root, "val")).rejects.toThrow(
    `instances_Validation.json: annotations[0]: expected a class of ${root}/annotations/instances_Train.json, got "bird". Add it there, or correct the label.`,
  );
});

test("small things lie on large ones where no area is said, too", async () => {
  const shapes = [
    { image_id: 0, category_id: 3, segmentation: box(0, 0, 2) },
    { image_id: 0, category_id: 90, segmentation: box(0, 0, 6) },
  ];
  const dataset = await openDataset(platform, folderOf({ annotations: shapes }), "train");
  const { labels } = await dataset.read(0);
  const counts = [1, 2].map((index) => labels.mask?.data.filter((label) => label === index).length);
  expect(counts).toEqual([4, 32]);
});

test("photographs that nothing names and shapes that cover nothing are noted, sizes with their photograph", async () => {
  const outside = { image_id: 0, category_id: 3, segmentation: box(40, 40, 3), area: 9 };
  const root = folderOf({ annotations: [...annotations, outside], images: [images[0], { ...images[1], width: 24 }] });
  put(root, "images/c.png", photograph(3));
  const [{ notes, problems }] = (await inspectDataset(platform, root)).splits;
  expect([...notes, ...problems].map(({ message }) => message)).toEqual([
    `${root}/images: expected only photographs that ${root}/annotations.json names, got "c.png". They are passed over.`,
    `${root}/images/a.png: expected shapes that cover pixels of the photograph, got 1 that covers none. Such lie outside, or are thinner than pixels: they label nothing.`,
    expect.stringMatching(
      /annotations\.json: b\.png: expected an annotation of the photograph's 12x8 pixels, got one of 24x8\./,
    ),
  ]);
});

test("what annotations hold is told, whatever their messages begin with", async () => {
  const before = await contentsOf(platform, await openDataset(platform, folderOf({}), "train"));
  const same = await contentsOf(platform, await openDataset(platform, folderOf({}), "train"));
  const moved = [annotations[0], { ...annotations[1], segmentation: box(1, 1, 2) }];
  const after = await contentsOf(platform, await openDataset(platform, folderOf({ annotations: moved }), "train"));
  expect([same, after === before]).toEqual([before, false]);
});
