import { expect, test } from "vitest";
import { greyPng, jpeg, put, temporaryFolder } from "../../test/support/pictures.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { findLayout, openDataset, splitsOf } from "./index.ts";

/** One photograph of 6x1 pixels to score. */
async function cocoStuff(values: readonly number[]): Promise<string> {
  const root = temporaryFolder();
  put(root, "images/val2017/000000000139.jpg", await jpeg(6, 1));
  put(root, "annotations/val2017/000000000139.png", greyPng(6, 1, values));
  return root;
}

test("things keep their order without gaps, stuff is background, 255 is unlabelled", async () => {
  const root = await cocoStuff([0, 12, 89, 91, 181, 255]); // person, stop sign, toothbrush, two kinds of stuff
  expect([(await findLayout(platform, root)).layout.name, await splitsOf(platform, root)]).toEqual([
    ...["coco-object", ["val"]],
  ]);
  const dataset = await openDataset(platform, root, "val");
  const { data } = (await dataset.read(0)).labels.mask!;
  expect([...data]).toEqual([1, 12, 80, 0, 0, 255]);
  const named = [...data.subarray(0, 4)].map((index) => dataset.classes[index].name);
  expect(named).toEqual(["person", "stop sign", "toothbrush", "background"]);
  expect(dataset.classes.filter(({ background }) => background).map(({ name }) => name)).toEqual(["background"]);
  expect(dataset.classes.length).toBe(81);
});

test("ids that no category has are refused", async () => {
  const dataset = await openDataset(platform, await cocoStuff([0, 11, 0, 0, 0, 0]), "val");
  await expect(dataset.read(0)).rejects.toThrow(
    /got 11 at column 1, row 0 \(\d+ % of the pixels\)\. COCO-Stuff's maps hold 0 to 181 and 255/,
  );
});

test.each([
  ["voc", "JPEGImages SegmentationClass", "diningtable=table pottedplant=plant tvmonitor=monitor", 21],
  [
    "pascal-context-60",
    "JPEGImages SegmentationClassContext ImageSets/SegmentationContext",
    "aeroplane=airplane pottedplant=plant tvmonitor=monitor",
    60,
  ],
])(
  "%s says by which words its classes are asked for, and what is background",
  async (layout, folders, words, count) => {
    const root = temporaryFolder();
    for (const folder of folders.split(" "))
      put(root, `${folder}/${folder === "JPEGImages" ? "b" : "a"}.png`, greyPng(1, 1, [0]));
    put(root, "JPEGImages/a.jpg", await jpeg(1, 1));
    put(root, `ImageSets/Segmentation${layout === "voc" ? "" : "Context"}/val.txt`, "a\n");
    const { classes, wordThresholds } = await openDataset(platform, root, "val", { layout });
    expect(wordThresholds).toEqual(layout === "voc" ? { official: 0.95, paper: 0.9 } : { official: 0.35, paper: 0.5 });
    expect(classes.length).toBe(count);
    expect(classes.filter((each) => each.words).map((each) => `${each.name}=${each.words}`)).toEqual(words.split(" "));
    expect(classes.findIndex(({ background }) => background)).toBe(0);
  },
);
