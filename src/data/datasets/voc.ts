/** PASCAL VOC 2012 segmentation (Everingham et al. 2010), and data sets that copy its folders. */
import { InputError, problem } from "../../errors.ts";
import type { Color } from "../../image/image.ts";
import type { Platform } from "../../platform/platform.ts";
import type { Split } from "../dataset.ts";
import { allSplits, type Entry, type Layout, type Problem, type Survey } from "../layout.ts";
import { filesById, joinPath, makeProblem, sortById } from "../pairs.ts";
import type { ClassInfo } from "../sample.ts";
import type { ValueMap } from "../value-map.ts";

const drawing = `
FOLDER/                                    VOC2012, or the folder above it
  JPEGImages/NAME.jpg                      photographs
  SegmentationClass/NAME.png               palette PNG: a pixel's index is its class, 255 is unlabelled
  ImageSets/Segmentation/train.txt         names of the split, one a line; also val.txt, test.txt
`.trim();

const names =
  "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person " +
  "pottedplant sheep sofa train tvmonitor";

/** The VOC colour map: the bits of the index, three at a time, from the highest bit of red, green and blue down. */
export function vocColor(index: number): Color {
  const color: [number, number, number] = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++) {
    for (let channel = 0; channel < 3; channel++) {
      color[channel] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit);
    }
  }
  return color;
}

const classes: readonly ClassInfo[] = names
  .split(" ")
  .map((name, index) => ({ name, color: vocColor(index), thing: index > 0 }));

const valueMap: ValueMap = {
  ...Object.fromEntries(classes.map((_, index) => [String(index), index])),
  "255": "ignore",
};

const lists = "ImageSets/Segmentation";

async function splits(platform: Platform, root: string): Promise<Split[]> {
  const found: Split[] = [];
  for (const split of allSplits) {
    if ((await platform.exists(joinPath(root, lists, `${split}.txt`))) === "file") found.push(split);
  }
  return found;
}

/** The test split has no masks. */
async function survey(platform: Platform, root: string, split: Split): Promise<Survey> {
  const list = joinPath(root, lists, `${split}.txt`);
  if ((await platform.exists(list)) !== "file") {
    const there = (await splits(platform, root)).join(", ") || "none";
    throw new InputError(
      problem(list, "expected the names of the split", "no such file", `Add it; lists found: ${there}.`),
    );
  }
  const ids = new TextDecoder()
    .decode(await platform.readFile(list))
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const imageFolder = joinPath(root, "JPEGImages");
  const maskFolder = joinPath(root, "SegmentationClass");
  const images = await filesById(platform, imageFolder, "image");
  const masks = await filesById(platform, maskFolder, "mask");
  const problems: Problem[] = [];
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) {
      problems.push(makeProblem(list, "expected each name once", `"${id}" twice`, "Remove one of the lines."));
      continue;
    }
    seen.add(id);
    const [image, mask] = [images.byId.get(id), masks.byId.get(id)];
    if (image === undefined) {
      const missing = joinPath(imageFolder, `${id}.jpg`);
      problems.push(
        makeProblem(missing, `expected this image, named in ${list}`, "none", "Add it or remove the line."),
      );
    } else if (mask === undefined && split !== "test") {
      const missing = joinPath(maskFolder, `${id}.png`);
      problems.push(makeProblem(missing, `expected this mask, named in ${list}`, "none", "Add it or remove the line."));
    } else {
      entries.push({ id, image, ...(mask !== undefined && split !== "test" && { mask }) });
    }
  }
  // Two files of one name matter only where the split reads them.
  const doubled = [...images.problems, ...masks.problems].filter(({ file }) => {
    const name = file.slice(file.lastIndexOf("/") + 1);
    return seen.has(name.slice(0, name.lastIndexOf(".")));
  });
  const remedy = "VOC masks hold 0 to 20 and 255: correct the mask, or use the plain folder layout for other classes.";
  const strays = [...images.strays, ...masks.strays];
  return { classes, valueMap, entries: sortById(entries), problems: [...problems, ...doubled], strays, remedy };
}

export const voc: Layout = {
  name: "voc",
  about: "PASCAL VOC 2012 segmentation, 21 classes",
  drawing,
  signs: ["JPEGImages", "SegmentationClass"],
  splits,
  survey,
};
