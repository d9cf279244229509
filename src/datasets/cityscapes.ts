/** Cityscapes (Cordts et al. 2016), fine annotations: 34 label ids, of which 19 are trained and scored. */

import type { Split } from "../data/dataset.ts";
import { allSplits } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import type { Color } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "./layout.ts";
import { layoutClasses } from "./own-classes.ts";
import { filesById, filesIfThere, imageEntries, makeProblem, pair, sortById } from "./pairs.ts";
import type { ValueMap } from "./value-map.ts";

const drawing = `
FOLDER/
  leftImg8bit/train/CITY/NAME_leftImg8bit.png      photographs; also val and test; train_extra is read as unlabelled
  gtFine/train/CITY/NAME_gtFine_labelIds.png       a pixel is one of the 34 label ids
`.trim();

/** Label id in the masks, name, colour in the official pictures, countable. The order is that of the train ids. */
const trained: readonly (readonly [id: number, name: string, color: Color, thing: boolean])[] = [
  [7, "road", [128, 64, 128], false],
  [8, "sidewalk", [244, 35, 232], false],
  [11, "building", [70, 70, 70], false],
  [12, "wall", [102, 102, 156], false],
  [13, "fence", [190, 153, 153], false],
  [17, "pole", [153, 153, 153], false],
  [19, "traffic light", [250, 170, 30], false],
  [20, "traffic sign", [220, 220, 0], false],
  [21, "vegetation", [107, 142, 35], false],
  [22, "terrain", [152, 251, 152], false],
  [23, "sky", [70, 130, 180], false],
  [24, "person", [220, 20, 60], true],
  [25, "rider", [255, 0, 0], true],
  [26, "car", [0, 0, 142], true],
  [27, "truck", [0, 0, 70], true],
  [28, "bus", [0, 60, 100], true],
  [31, "train", [0, 80, 100], true],
  [32, "motorcycle", [0, 0, 230], true],
  [33, "bicycle", [119, 11, 32], true],
];

const classes: readonly ClassInfo[] = trained.map(([, name, color, thing]) => ({ name, color, thing }));

const valueMap: ValueMap = Object.fromEntries(
  Array.from({ length: 34 }, (_, id) => {
    const index = trained.findIndex(([trainedId]) => trainedId === id);
    return [String(id), index < 0 ? ("ignore" as const) : index];
  }),
);

const imageSuffix = "_leftImg8bit";
const maskSuffix = "_gtFine_labelIds";

/** The images of the coarse annotations, which are not read, are the unlabelled ones. */
function imageRootOf(root: string, split: Split): string {
  return joinPath(root, "leftImg8bit", split === "unlabelled" ? "train_extra" : split);
}

async function splits(platform: Platform, folders: Folders): Promise<Split[]> {
  const { root } = folders;
  const found: Split[] = [];
  for (const split of allSplits) {
    if ((await platform.exists(imageRootOf(root, split))) !== "folder") continue;
    if (split !== "unlabelled" || (await survey(platform, folders, split)).entries.length > 0) found.push(split);
  }
  return found;
}

/** The test split's published masks are blank, so it is read without. */
async function survey(platform: Platform, folders: Folders, split: Split): Promise<Survey> {
  const { root } = folders;
  const imageRoot = imageRootOf(root, split);
  if ((await platform.exists(imageRoot)) !== "folder") {
    const there = (await splits(platform, folders)).join(", ") || "none";
    throw new InputError(
      problem(imageRoot, "expected a folder of cities", "no such folder", `Add it; splits found: ${there}.`),
    );
  }
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  const notes: Problem[] = [];
  for (const city of await platform.list(imageRoot)) {
    const imageFolder = joinPath(imageRoot, city);
    if (city.startsWith(".") || (await platform.exists(imageFolder)) !== "folder") continue;
    const images = await filesById(platform, imageFolder, "image", imageSuffix);
    notes.push(...images.strays);
    if (split === "test" || split === "unlabelled") {
      entries.push(...imageEntries(images));
      problems.push(...images.problems);
      continue;
    }
    const maskFolder = joinPath(root, "gtFine", split, city);
    const masks = await filesIfThere(platform, maskFolder, "mask", maskSuffix);
    const other = masks.byId.size === 0 ? await otherMask(platform, maskFolder) : undefined;
    if (other !== undefined) {
      const remedy = "Rename them so, and say in classes.json beside gtFine what their values or colours mean.";
      problems.push(makeProblem(maskFolder, `expected masks NAME${maskSuffix}.png`, `only such as ${other}`, remedy));
      continue;
    }
    const paired = pair(images, masks, (id) => joinPath(maskFolder, `${id}${maskSuffix}.png`));
    entries.push(...paired.entries);
    problems.push(...paired.problems);
  }
  const remedy = "Cityscapes masks (labelIds) hold 0 to 33: correct the mask, or use the plain folder layout.";
  const masks = entries.flatMap(({ labels: { mask } }) => (typeof mask === "string" ? [mask] : []));
  const places = [root, joinPath(root, "gtFine")];
  const listed = await layoutClasses(platform, places, masks, { classes, valueMap, remedy });
  return { ...listed, entries: sortById(entries), problems, notes };
}

/** A mask of another of Cityscapes' forms. */
async function otherMask(platform: Platform, folder: string): Promise<string | undefined> {
  if ((await platform.exists(folder)) !== "folder") return undefined;
  return (await platform.list(folder)).find((name) => /_(?:labelTrainIds|color|instanceIds)\.png$/.test(name));
}

export const cityscapes: Layout = {
  name: "cityscapes",
  about: "Cityscapes with fine annotations, 19 classes",
  drawing,
  signs: ["leftImg8bit", "gtFine"],
  splits,
  survey,
};
