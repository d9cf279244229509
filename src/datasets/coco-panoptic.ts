/** COCO's panoptic annotation as it was published (Kirillov et al. 2019): a JSON and a folder of PNGs for each split. */

import { labelledSplits, type Split } from "../data/dataset.ts";
import { InputError, problem } from "../errors.ts";
import { joinPath } from "../platform/join-path.ts";
import { listBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import type { Entry, Folders, Layout, Problem, Survey } from "./layout.ts";
import { filesIfThere, makeProblem, sortById } from "./pairs.ts";
import { classesOf, type PanopticAnnotation, parseAnnotation, segmentsFrom } from "./panoptic-annotation.ts";
import { splitNames } from "./split-names.ts";
import { readUtf8 } from "./text-file.ts";

const drawing = `
FOLDER/
  annotations/panoptic_train2017.json    or panoptic_train.json, or in FOLDER itself; also val
  annotations/panoptic_train2017/        PNGs of segment ids, beside the JSON
  train2017/NAME.jpg                     photographs; or images/train2017, images/train, train
`.trim();

interface Place {
  readonly annotation: string;
  /** What the split is called there, such as train2017. */
  readonly name: string;
}

async function placeOf(platform: Platform, root: string, split: Split): Promise<Place | null> {
  for (const name of splitNames[split].flatMap((each) => [`${each}2017`, each])) {
    for (const folder of [joinPath(root, "annotations"), root]) {
      const annotation = joinPath(folder, `panoptic_${name}.json`);
      if ((await platform.exists(annotation)) === "file") return { annotation, name };
    }
  }
  return null;
}

async function parse(platform: Platform, file: string): Promise<PanopticAnnotation> {
  return parseAnnotation(await readUtf8(platform, file, listBytes), file);
}

async function survey(platform: Platform, { root }: Folders, split: Split): Promise<Survey> {
  const place = await placeOf(platform, root, split);
  if (place === null) {
    const file = joinPath(root, `annotations/panoptic_${split}2017.json`);
    const remedy = "Add it, or --val-fraction 0.2 for val.";
    throw new InputError(problem(file, "expected the annotation of the split", "no such file", remedy));
  }
  const parsed = await parse(platform, place.annotation);
  const first = split === "train" ? null : await placeOf(platform, root, "train");
  const listing = first === null ? parsed : await parse(platform, first.annotation);
  const things = new Map(listing.categories.map(({ name, thing }) => [name, thing]));
  const classes = classesOf(listing).map((each) => ({ ...each, thing: things.get(each.name) === true }));
  const segments = segmentsFrom(parsed, classes, listing.file);
  const masks = place.annotation.replace(/\.json$/, "");
  const images = new Map<string, string>();
  for (const folder of [joinPath("images", place.name), place.name, joinPath("images", split), split]) {
    const found = await filesIfThere(platform, joinPath(root, folder), "image");
    for (const [id, path] of found.byId) if (!images.has(id)) images.set(id, path);
  }
  const maps = await filesIfThere(platform, masks, "mask");
  const problems: Problem[] = [...maps.problems];
  const entries: Entry[] = [];
  for (const [id, { file, segments: list }] of segments) {
    const [image, map] = [images.get(id), maps.byId.get(id)];
    if (image !== undefined && map !== undefined) {
      entries.push({ id, image, labels: { panoptic: { file: map, segments: list } } });
    } else {
      const missing = image === undefined ? joinPath(root, place.name, `${id}.jpg`) : joinPath(masks, file);
      const expected = `expected this ${image === undefined ? "photograph" : "map of segments"}, named in ${place.annotation}`;
      problems.push(makeProblem(missing, expected, "none", "Add it, or remove it from the annotation."));
    }
  }
  return { classes, valueMap: {}, entries: sortById(entries), problems, notes: [], remedy: "Restore the annotation." };
}

export const cocoPanoptic: Layout = {
  name: "coco-panoptic",
  about: "COCO's panoptic annotation as published",
  drawing,
  signs: [],
  async recognizes(platform, root) {
    return (await this.splits(platform, { root, images: root })).length > 0;
  },
  async splits(platform, { root }) {
    const found: Split[] = [];
    for (const split of labelledSplits) if ((await placeOf(platform, root, split)) !== null) found.push(split);
    return found;
  },
  survey,
};
