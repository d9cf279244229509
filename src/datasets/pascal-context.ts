/**
 * Pascal Context (Mottaghi et al. 2014): the photographs of PASCAL VOC 2010 with a class for every pixel. The 59 most
 * frequent classes are kept, the rest is background. 4,998 images to train on, 5,105 to score.
 */

import type { ClassInfo } from "../data/sample.ts";
import type { Layout } from "./layout.ts";
import type { ValueMap } from "./value-map.ts";
import { vocColor } from "./voc-color.ts";
import { vocFolders } from "./voc-folders.ts";

const drawing = `
FOLDER/                                       VOC2010, or the folder above it
  JPEGImages/NAME.jpg                         photographs; those that no list names are unlabelled
  SegmentationClassContext/NAME.png           a pixel is 1 to 59, or 0 for background
  ImageSets/SegmentationContext/train.txt     names of the split, one a line; also val.txt
`.trim();

/** In the order of the values in the masks, from 0. */
const names = `
background aeroplane bag bed bedclothes bench bicycle bird boat book bottle building bus cabinet car cat ceiling chair
cloth computer cow cup curtain dog door fence floor flower food grass ground horse keyboard light motorbike mountain
mouse person plate platform pottedplant road rock sheep shelves sidewalk sign sky snow sofa table track train tree truck
tvmonitor wall water window wood
`
  .trim()
  .split(/\s+/);

/** What open-vocabulary evaluation asks for in place of the names (Xu et al. 2022; the authors' code). */
const words: Readonly<Record<string, string>> = { aeroplane: "airplane", pottedplant: "plant", tvmonitor: "monitor" };

const classes: readonly ClassInfo[] = names.map((name, value) => ({
  ...{ name, color: vocColor(value) },
  ...(value === 0 && { background: true }),
  ...(name in words && { words: [words[name]] }),
}));

/** Class 0 is the class of mask value `first`; smaller values are unlabelled. */
function valuesFrom(first: number): ValueMap {
  return Object.fromEntries(names.map((_, value) => [String(value), value < first ? "ignore" : value - first]));
}

const folders = {
  masks: "SegmentationClassContext",
  lists: "ImageSets/SegmentationContext",
  remedy: "Pascal Context masks hold 0 to 59: correct the mask, or use the plain folder layout for other classes.",
};

const signs = ["JPEGImages", folders.masks, folders.lists];

export const pascalContext: Layout = {
  name: "pascal-context",
  about: "Pascal Context, 59 classes, background unlabelled",
  drawing,
  signs,
  ...vocFolders({
    ...folders,
    classes: classes.slice(1),
    valueMap: valuesFrom(1),
    withBackground: "pascal-context-60",
  }),
};

export const pascalContext60: Layout = {
  name: "pascal-context-60",
  about: "Pascal Context, 59 classes and background",
  drawing,
  signs,
  onlyByName: true,
  ...vocFolders({ ...folders, classes, valueMap: valuesFrom(0), wordThresholds: { official: 0.35, paper: 0.5 } }),
};
