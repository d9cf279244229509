import type { Dataset, Split } from "../data/dataset.ts";
import type { Sample } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import type { Image, LabelMap } from "../image/image.ts";
import type { Platform } from "../platform/platform.ts";
import type { Entry, Survey } from "./layout.ts";
import { type Lookup, labelsOf, lookupOf } from "./value-map.ts";

/** A data set of the entries that a survey found; `name` is layout and place. Samples are decoded when they are read. */
export function pairedDataset(platform: Platform, name: string, split: Split, survey: Survey): Dataset {
  const { classes, valueMap, entries, remedy } = survey;
  const lookup = lookupOf(valueMap, name);
  const labelled = entries.length > 0 && entries.every((entry) => entry.mask !== undefined);
  return {
    name,
    split,
    classes,
    kinds: labelled ? ["masks"] : [],
    ids: entries.map((entry) => entry.id),
    valueMap,
    leftOut: survey.problems.map((found) => found.message),
    read: (index) => readEntry(platform, entries[index], lookup, remedy),
    readImage: (index) => readImage(platform, entries[index]),
    source: (index) => entries[index].image,
  };
}

/** Decodes one entry. Throws InputError naming the file at fault. */
export async function readEntry(platform: Platform, entry: Entry, lookup: Lookup, remedy: string): Promise<Sample> {
  const { id, image: source, mask } = entry;
  if (mask === undefined) return readImage(platform, entry);
  const [decoded, stored] = await Promise.allSettled([platform.decodeImage(source), platform.decodeMask(mask)]);
  if (decoded.status === "rejected") throw decoded.reason; // the image's fault first, whichever failed earlier
  if (stored.status === "rejected") throw stored.reason;
  const [image, raw] = [decoded.value, stored.value];
  requireSameSize(image, source, raw, mask);
  return { id, source, image, labels: labelsOf(raw, lookup, mask, remedy) };
}

async function readImage(platform: Platform, { id, image: source }: Entry): Promise<Sample> {
  return { id, source, image: await platform.decodeImage(source) };
}

type Size = Pick<Image | LabelMap, "width" | "height">;

/** Throws InputError naming both files when an image and its mask differ in size. */
export function requireSameSize(image: Size, imageFile: string, mask: Size, maskFile: string): void {
  if (image.width === mask.width && image.height === mask.height) return;
  const turned = image.width === mask.height && image.height === mask.width;
  const remedy = turned
    ? "Turn the mask: photographs are turned upright by their EXIF orientation, masks are taken as they are."
    : "Resize the mask by nearest neighbour, or replace one of the two.";
  const expected = `expected ${image.width}x${image.height} pixels like its image ${imageFile}`;
  throw new InputError(problem(maskFile, expected, `${mask.width}x${mask.height}`, remedy));
}
