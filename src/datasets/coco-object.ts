/** COCO-Object: the 80 things of COCO against everything else, from the maps of COCO-Stuff 164k (Caesar et al. 2018). */

import type { Split } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { distinctColors } from "../image/palette.ts";
import { joinPath, lastPart } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { describedIn } from "./classes-file.ts";
import { cocoPanoptic } from "./coco-panoptic.ts";
import { type CocoTags, cocoPhotographFolders, cocoTagList, cocoTags, misnamedTags, untagged } from "./coco-tags.ts";
import type { Entry, Folders, Layout, Survey } from "./layout.ts";
import { filesBelow, filesById, filesIfThere, makeProblem, pair, sortById } from "./pairs.ts";
import { withSaliency } from "./saliency-maps.ts";
import { annotationsIn } from "./shapes/coco-files.ts";
import type { ValueMap } from "./value-map.ts";

const drawing = `
FOLDER/
  images/val2017/NAME.jpg          photographs; also images/train2017; beside tags also 2014, and without images/
  annotations/val2017/NAME.png     stuffthingmaps of COCO-Stuff: a pixel is its category's id less 1, 255 is unlabelled
  tags.txt                         tags, here or in annotations, also .csv or .json: such photographs need no map
  saliency/val2017/NAME.png        saliency maps, grey, for methods that learn from these; or all of them in saliency/
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

const classes: readonly ClassInfo[] = [
  { name: "background", color: [0, 0, 0], thing: false, background: true },
  ...distinctColors(names.length).map((color, index) => ({ name: names[index], color, thing: true })),
];

const known: readonly Split[] = ["train", "val"];

/** Folders of a split's photographs, and those of its maps: COCO-Stuff's where it has published some, and any beside a list of tags. */
async function placesOf(platform: Platform, root: string, split: Split, tags: string | undefined) {
  const own = joinPath(root, "images", `${split}2017`);
  const found =
    tags === undefined
      ? (await platform.exists(own)) === "folder"
        ? [own]
        : []
      : await cocoPhotographFolders(platform, root, split, { years: true });
  return found.map((images) => ({ images, masks: joinPath(root, "annotations", lastPart(images)) }));
}

async function splits(platform: Platform, { root }: Folders): Promise<Split[]> {
  const tags = await cocoTagList(platform, root);
  const found: Split[] = [];
  for (const split of known) if ((await placesOf(platform, root, split, tags)).length > 0) found.push(split);
  return found;
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  if (!known.includes(split)) {
    throw new InputError(problem(root, "COCO-Object has the splits train and val", split, "Choose one of them."));
  }
  const tagList = await cocoTagList(platform, root);
  const places = await placesOf(platform, root, split, tagList);
  const needed = joinPath(root, "images", `${split}2017`);
  if (places.length === 0)
    throw new InputError(problem(needed, "expected a folder", "no such folder", "Unpack the release again."));
  const remedy = "COCO-Stuff's maps hold 0 to 181 and 255: take the stuffthingmaps as they were published.";
  // The threshold is that of the code of Xu et al. 2022.
  const usual = { classes, valueMap, wordThresholds: { official: 0.95 }, remedy };
  const tags = tagList === undefined ? undefined : await cocoTags(platform, root, split, { file: tagList, classes });
  const found = await Promise.all(places.map((place) => surveyPlace(platform, place, tags)));
  const entries = sortById(found.flatMap((each) => each.entries));
  const misnamed = tags && misnamedTags(tags, new Set(entries.map(({ id }) => id)));
  return {
    ...{ ...usual, entries },
    problems: [...(misnamed?.problems ?? []), ...found.flatMap(({ problems }) => problems)],
    notes: [...(misnamed?.notes ?? []), ...found.flatMap(({ notes }) => notes)],
  };
}

/** Photographs with their maps, their tags or both. Where there are tags but no maps, photographs without tags are left out. */
async function surveyPlace(
  platform: Platform,
  { images: imageFolder, masks: maskFolder }: { readonly images: string; readonly masks: string },
  tags: CocoTags | undefined,
): Promise<Pick<Survey, "entries" | "problems" | "notes">> {
  const hasMasks = (await platform.exists(maskFolder)) === "folder";
  if (!hasMasks && tags === undefined) {
    const remedy = "Unpack the release again, or add tags.txt.";
    throw new InputError(problem(maskFolder, "expected a folder", "no such folder", remedy));
  }
  const images = await (tags === undefined ? filesById : filesBelow)(platform, imageFolder, "image");
  const masks = await filesIfThere(platform, maskFolder, "mask");
  if (tags === undefined) return pair(images, masks, (id) => joinPath(maskFolder, `${id}.png`));
  const { entries: masked, problems, notes } = pair(images, masks, null);
  const byMask = new Map(masked.map((entry) => [entry.id, entry]));
  const entries: Entry[] = [];
  const bare: string[] = [];
  for (const [id, image] of images.byId) {
    const [mask, named] = [byMask.get(id), tags.byId.get(id)];
    if (mask === undefined && named === undefined) bare.push(image);
    else entries.push({ id, image, labels: { ...mask?.labels, ...(named && { tags: named }) } });
  }
  const missing = bare.map((image) => {
    const expected = `expected its mask in ${maskFolder}`;
    return makeProblem(image, expected, "none", `Add it, or its tags to ${tags.file}.`);
  });
  return {
    entries,
    problems: [...problems, ...(hasMasks ? missing : [])],
    notes: [...notes, ...(hasMasks ? [] : untagged(imageFolder, tags.file, bare.length, images.byId.size))],
  };
}

/** Its maps and their photographs, or photographs of a year and tags, where no annotation or list says which classes they are of. */
async function recognizes(platform: Platform, root: string): Promise<boolean> {
  const isFolder = async (sign: string) => (await platform.exists(joinPath(root, sign))) === "folder";
  if ((await Promise.all(signs.map(isFolder))).every((isThere) => isThere)) return true;
  if ((await cocoTagList(platform, root)) === undefined || (await describedIn(platform, root)) !== null) return false;
  for (const split of known) {
    if ((await cocoPhotographFolders(platform, root, split, { years: true })).length === 0) continue;
    return !(await cocoPanoptic.recognizes!(platform, root)) && (await annotationsIn(platform, root)).size === 0;
  }
  return false;
}

const signs: readonly string[] = ["images/val2017", "annotations/val2017"];

export const cocoObject: Layout = {
  name: "coco-object",
  about: "COCO-Object, 80 things and background, from COCO-Stuff 164k",
  drawing,
  signs,
  recognizes,
  splits,
  async survey(platform, folders, split) {
    return withSaliency(platform, folders.root, split, await survey(platform, folders, split));
  },
};
