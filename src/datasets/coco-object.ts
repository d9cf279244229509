/** COCO-Object: the 80 things of COCO against everything else, from the maps of COCO-Stuff 164k (Caesar et al. 2018). */

import type { Split } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { distinctColors } from "../image/palette.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { Folders, Layout, Survey } from "./layout.ts";
import { filesById, pair } from "./pairs.ts";
import type { ValueMap } from "./value-map.ts";

const drawing = `
FOLDER/
  images/val2017/NAME.jpg          photographs; also images/train2017
  annotations/val2017/NAME.png     stuffthingmaps of COCO-Stuff: a pixel is its category's id less 1, 255 is unlabelled
`.trim();

/** In the order of their ids. */
const names = `
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign,
parking meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie,
suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard,
tennis racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot,
hot dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard,
cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush
`
  .trim()
  .split(/,\s+/);

/** Ids from 1 to 90 that no thing has. */
const unused: ReadonlySet<number> = new Set([12, 26, 29, 30, 45, 66, 68, 69, 71, 83]);

const thingIds = Array.from({ length: 90 }, (_, at) => at + 1).filter((id) => !unused.has(id));

/** Stuff, ids 92 to 182, is background. */
const valueMap: ValueMap = {
  ...Object.fromEntries(thingIds.map((id, index) => [String(id - 1), index + 1])),
  ...Object.fromEntries(Array.from({ length: 91 }, (_, at) => [String(at + 91), 0])),
  "255": "ignore",
};

const folders: readonly (readonly [Split, string])[] = [
  ["train", "train2017"],
  ["val", "val2017"],
];

async function splits(platform: Platform, { root }: Folders): Promise<Split[]> {
  const found: Split[] = [];
  for (const [split, folder] of folders) {
    if ((await platform.exists(joinPath(root, "images", folder))) === "folder") found.push(split);
  }
  return found;
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const folder = folders.find(([name]) => name === split)?.[1];
  if (folder === undefined) {
    throw new InputError(problem(root, "COCO-Object has the splits train and val", split, "Choose one of them."));
  }
  const [imageFolder, maskFolder] = [joinPath(root, "images", folder), joinPath(root, "annotations", folder)];
  for (const needed of [imageFolder, maskFolder]) {
    if ((await platform.exists(needed)) === "folder") continue;
    throw new InputError(problem(needed, "expected a folder", "no such folder", "Unpack the release again."));
  }
  const colors = distinctColors(names.length);
  const classes: readonly ClassInfo[] = [
    { name: "background", color: [0, 0, 0], thing: false, background: true },
    ...names.map((name, index) => ({ name, color: colors[index], thing: true })),
  ];
  const images = await filesById(platform, imageFolder, "image");
  const masks = await filesById(platform, maskFolder, "mask");
  const remedy = "COCO-Stuff's maps hold 0 to 181 and 255: take the stuffthingmaps as they were published.";
  // The threshold is that of the code of Xu et al. 2022.
  const found = pair(images, masks, (id) => joinPath(maskFolder, `${id}.png`));
  return { classes, valueMap, wordThresholds: { official: 0.95 }, ...found, remedy };
}

export const cocoObject: Layout = {
  name: "coco-object",
  about: "COCO-Object, 80 things and background, from COCO-Stuff 164k",
  drawing,
  signs: ["images/val2017", "annotations/val2017"],
  splits,
  survey,
};
