/** PASCAL VOC 2012 segmentation (Everingham et al. 2010), and data sets that copy its folders. */

import type { ClassInfo } from "../data/sample.ts";
import type { Layout } from "./layout.ts";
import type { ValueMap } from "./value-map.ts";
import { vocColor } from "./voc-color.ts";
import { vocFolders } from "./voc-folders.ts";

const drawing = `
FOLDER/                                    VOC2012, or the folder above it
  JPEGImages/NAME.jpg                      photographs, or images/NAME.jpg; those that no list names are unlabelled
  SegmentationClass/NAME.png               palette PNG: a pixel's index is its class, 255 is unlabelled
  ImageSets/Segmentation/train.txt         names of the split, one a line; also val.txt, test.txt
  tags.txt                                 tags, beside that list or here, also .csv or .json: such photographs need no mask
  saliency/NAME.png                        saliency maps, grey, for methods that learn from these
`.trim();

const names =
  "background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person " +
  "pottedplant sheep sofa train tvmonitor";

/** What open-vocabulary evaluation asks for in place of the names (Xu et al. 2022; the authors' code). */
const words: Readonly<Record<string, string>> = { diningtable: "table", pottedplant: "plant", tvmonitor: "monitor" };

const classes: readonly ClassInfo[] = names.split(" ").map((name, index) => ({
  ...{ name, color: vocColor(index), thing: index > 0 },
  ...(index === 0 && { background: true }),
  ...(name in words && { words: [words[name]] }),
}));

const valueMap: ValueMap = {
  ...Object.fromEntries(classes.map((_, index) => [String(index), index])),
  "255": "ignore",
};

export const voc: Layout = {
  name: "voc",
  about: "PASCAL VOC 2012 segmentation, 21 classes",
  drawing,
  signs: ["JPEGImages", "SegmentationClass"],
  alternatives: { JPEGImages: "images" },
  ...vocFolders({
    masks: "SegmentationClass",
    lists: "ImageSets/Segmentation",
    classes,
    valueMap,
    ownLists: true,
    wordThresholds: { official: 0.95, paper: 0.9 },
    remedy:
      "VOC masks hold 0 to 20 and 255: correct the mask, or list classes of your own beside it, in class_names.txt with a name a line.",
  }),
};
