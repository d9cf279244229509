import { expect, test } from "vitest";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { labelledDataset, spreadDataset } from "../data/views.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { findLayout, openDataset, splitsOf } from "./index.ts";

/** Three photographs of 3x1 pixels: a to train on, b to score, c in no list. Masks hold `values`. */
async function context(root: string, values: readonly number[] = [0, 1, 59]): Promise<string> {
  for (const name of ["a", "b", "c"]) put(root, `JPEGImages/${name}.jpg`, await jpeg(3, 1));
  for (const name of ["a", "b"]) put(root, `SegmentationClassContext/${name}.png`, greyPng(3, 1, values));
  put(root, "ImageSets/SegmentationContext/train.txt", "a\n");
  put(root, "ImageSets/SegmentationContext/val.txt", "b\n");
  return root;
}

test("background is unlabelled among 59 classes", async () => {
  const dataset = await openDataset(platform, await context(temporaryFolder()), "train");
  expect([dataset.ids, [...((await dataset.read(0)).labels.mask?.data ?? [])]]).toEqual([["a"], [255, 0, 58]]);
  const { classes } = dataset;
  expect([classes.length, classes[0].name, classes[58].name]).toEqual([59, "aeroplane", "wood"]);
});

test("background is a class among 60, and the others keep their names and colours", async () => {
  const root = await context(temporaryFolder());
  const dataset = await openDataset(platform, root, "train", { layout: "pascal-context-60" });
  expect([...((await dataset.read(0)).labels.mask?.data ?? [])]).toEqual([0, 1, 59]);
  const { classes } = dataset;
  expect([classes.length, classes[0].name, new Set(classes.map(({ name }) => name)).size]).toEqual([
    ...[60, "background", 60],
  ]);
  expect(classes.slice(1)).toEqual((await openDataset(platform, root, "train")).classes);
});

test("59 classes name the layout that has the background too, whose threshold is the authors'", async () => {
  const root = await context(temporaryFolder());
  const known = async (layout?: string) => {
    const dataset = await openDataset(platform, root, "val", layout === undefined ? {} : { layout });
    const { wordThresholds, withBackground } = spreadDataset(labelledDataset(dataset, ["mask"]), 1);
    return [wordThresholds, withBackground];
  };
  expect(await known()).toEqual([undefined, "pascal-context-60"]);
  expect(await known("pascal-context-60")).toEqual([{ official: 0.35, paper: 0.5 }, undefined]);
});

test("photographs in no list are unlabelled", async () => {
  const root = await context(temporaryFolder());
  const { ids, kinds } = await openDataset(platform, root, "unlabelled");
  expect([ids, kinds, await splitsOf(platform, root)]).toEqual([["c"], [], ["train", "val", "unlabelled"]]);
});

test.each(["", "VOC2010", "VOCdevkit/VOC2010"])("it is found in the folder %s", async (below) => {
  const root = temporaryFolder();
  await context(`${root}/${below}`);
  expect((await findLayout(platform, root)).layout.name).toBe("pascal-context");
});

test.each([
  ["pascal-context", "ImageSets/SegmentationContext/train.txt"],
  ["voc", "ImageSets/Segmentation/train.txt"],
])("a VOC 2010 folder with both kinds of masks is %s where it has %s", async (layout, list) => {
  const root = temporaryFolder();
  for (const folder of ["JPEGImages", "SegmentationClass", "SegmentationClassContext"]) put(root, `${folder}/x`, "");
  put(root, "ImageSets/Segmentation/train.txt", "a\n");
  put(root, list, "a\n");
  expect((await findLayout(platform, root)).layout.name).toBe(layout);
});

test("a value above 59 is refused", async () => {
  const dataset = await openDataset(platform, await context(temporaryFolder(), [0, 60, 1]), "val");
  await expect(dataset.read(0)).rejects.toThrow(
    /b\.png: expected class values 0 to 59, got 60 at column 1, row 0 \(33 % of the pixels\)\. Pascal Context masks hold 0 to 59/,
  );
});
