import type { Dataset, Split } from "../data/dataset.ts";
import { type GivenKind, givenKinds } from "../data/labels.ts";
import type { ClassInfo, LabelKind, Labels, Sample } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import type { Color, Image, LabelMap } from "../image/image.ts";
import type { Platform } from "../platform/platform.ts";
import { captionsIn } from "./captions-in.ts";
import type { Entry, Survey } from "./layout.ts";
import { decodeMaskFile } from "./mask-file.ts";
import { labelsOf } from "./mask-labels.ts";
import { mergeProblems } from "./merge-problems.ts";
import { segmentsOf } from "./panoptic-file.ts";
import { type DrawnMask, drawShapes } from "./shapes/draw-shapes.ts";
import type { Remedy } from "./unknown-values.ts";
import { type Lookup, lookupOf, shownGrey } from "./value-map.ts";

/** A data set of the entries that a survey found. Samples are decoded when they are read. */
export function fileDataset(
  platform: Platform,
  { name, place }: Pick<Dataset, "name" | "place">,
  split: Split,
  survey: Survey,
): Dataset {
  const { classes, valueMap, classesFile, entries, remedy } = survey;
  const lookup = lookupOf(valueMap, place, classes);
  const kindsOf = (index: number) => givenKinds.filter((kind) => entries[index].labels[kind] !== undefined);
  return {
    ...{ name, place, classesFile },
    ...{ wordThresholds: survey.wordThresholds, withBackground: survey.withBackground },
    split,
    classes,
    kinds: givenKinds.filter((kind) => entries.some(({ labels }) => labels[kind] !== undefined)),
    ids: entries.map((entry) => entry.id),
    valueMap,
    leftOut: survey.problems.map((found) => found.message),
    notes: mergeProblems(survey.notes).map((found) => found.message),
    kindsOf,
    read: (index, kinds = givenKinds) => readEntry(platform, entries[index], kinds, { lookup, remedy, classes }),
    source: (index) => entries[index].image,
    files: (index) => filesOf(entries[index]),
  };
}

function filesOf({ image, labels: { mask, panoptic, captions, saliency } }: Entry): string[] {
  const text = typeof captions === "string" ? captions : undefined;
  return [image, typeof mask === "object" ? mask.file : mask, panoptic?.file, text, saliency].filter(
    (file) => file !== undefined,
  );
}

/** Decodes one entry with its labels of `kinds`. Throws InputError naming the file at fault. */
async function readEntry(
  platform: Platform,
  { id, image: source, labels: files }: Entry,
  kinds: readonly LabelKind[],
  { lookup, remedy, classes }: { lookup: Lookup; remedy: Remedy; classes: readonly ClassInfo[] },
): Promise<Sample> {
  const asked = <Kind extends GivenKind>(kind: Kind) => (kinds.includes(kind) ? files[kind] : undefined);
  const [mask, panoptic, saliency] = [asked("mask"), asked("panoptic"), asked("saliency")];
  const captions = asked("captions");
  const tags = asked("tags");
  // Numbers of instances need the classes of a mask, whether that is asked for or not.
  const masked = panoptic && "mask" in panoptic ? panoptic.mask : undefined;
  const maskFile = typeof mask === "string" ? mask : masked;
  const settled = await Promise.allSettled([
    platform.decodeImage(source),
    maskFile === undefined ? undefined : decodeMaskFile(platform, maskFile),
    typeof mask === "object" && "unpack" in mask ? mask.unpack() : typeof mask === "object" ? mask : undefined,
    panoptic && platform.decodeMask(panoptic.file),
    saliency === undefined ? undefined : platform.decodeMask(saliency),
    captions === undefined ? undefined : captionsIn(platform, captions),
  ]);
  // The image's fault first, whichever failed earlier.
  for (const each of settled) if (each.status === "rejected") throw each.reason;
  const [image, maskPixels, drawn, ids, grey, sentences] = settled.map((each) =>
    each.status === "fulfilled" ? each.value : undefined,
  ) as [Image, RawPixels?, DrawnMask?, RawPixels?, RawPixels?, (readonly string[])?];
  const drawing = drawn && drawShapes(drawn, image.width, image.height);
  const shown =
    maskPixels && maskFile !== undefined
      ? labelsOf(sameSize(image, source, maskPixels, maskFile, "mask"), lookup, maskFile, remedy)
      : undefined;
  const labels: Labels = {
    ...(drawing && { mask: { width: drawing.width, height: drawing.height, data: drawing.data } }),
    ...(shown && typeof mask === "string" && { mask: shown }),
    ...(ids &&
      panoptic && {
        panoptic: segmentsOf(sameSize(image, source, ids, panoptic.file, "segments"), panoptic, classes, shown),
      }),
    ...(tags && { tags }),
    ...(sentences && { captions: sentences }),
    ...(grey &&
      saliency !== undefined && {
        saliency: greyOf(sameSize(image, source, grey, saliency, "saliency map"), saliency),
      }),
  };
  return { id, source, image: withRemark(image, drawing?.without ?? 0), labels };
}

/** Shapes without pixels are remarked, since they may be meant for another picture or size. */
function withRemark(image: Image, without: number): Image {
  if (without === 0) return image;
  const remark = {
    expected: "expected shapes that cover pixels of the photograph",
    got: `${without} that ${without === 1 ? "covers" : "cover"} none`,
    remedy: "Such lie outside, or are thinner than pixels: they label nothing.",
  };
  return { ...image, remarks: [...(image.remarks ?? []), remark] };
}

type RawPixels = Awaited<ReturnType<Platform["decodeMask"]>>;
type Size = Pick<Image | LabelMap, "width" | "height">;

/** `map`, which must have its image's size. Throws InputError naming both files otherwise. */
function sameSize<Map extends Size>(image: Size, imageFile: string, map: Map, file: string, what: string): Map {
  if (image.width === map.width && image.height === map.height) return map;
  const turned = image.width === map.height && image.height === map.width;
  const remedy = turned
    ? `Turn the ${what}: photographs are turned upright by their EXIF orientation, labels are taken as they are.`
    : `Resize the ${what} by nearest neighbour, or replace one of the two.`;
  const expected = `expected ${image.width}x${image.height} pixels like its image ${imageFile}`;
  throw new InputError(problem(file, expected, `${map.width}x${map.height}`, remedy));
}

function greyOf({ channels, bits, depth, palette, data, width, height }: RawPixels, file: string): LabelMap {
  if (channels === 1 && bits === 8 && (palette === undefined || palette.every(isGrey))) {
    const grey = palette?.map(([red]) => red);
    return { width, height, data: Uint8Array.from(data, (value) => grey?.[value] ?? shownGrey(value, depth)) };
  }
  const got = palette ? "a coloured palette" : `${channels < 3 ? "grey with alpha or" : "colour,"} ${bits} bits`;
  throw new InputError(problem(file, "expected saliency as grey of 8 bits", got, "Save it as 8-bit grey."));
}

function isGrey([red, green, blue]: Color): boolean {
  return red === green && green === blue;
}
