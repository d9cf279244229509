import { formatColor } from "../image/color.ts";
import type { Image } from "../image/image.ts";
import { relativePath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { encodeClassMask, encodeDataMask, type MaskValues } from "./data-mask.ts";
import { drawOverlay, paintedSegments } from "./draw.ts";
import { encodeForm, type PhotographForm } from "./forms.ts";
import { type Georeference, worldFile } from "./georeference.ts";
import type { InstanceForm } from "./instance-shapes.ts";
import { withLegend } from "./legend.ts";
import type { ModelCard } from "./model.ts";
import type { OutputNames } from "./names.ts";
import { encodeSegmentIds, type SegmentIds, type SegmentRecord, segmentRecords } from "./panoptic-files.ts";
import type { Segmentation } from "./segmentation.ts";

/** What `NAME.json` holds. */
export interface PredictionRecord {
  /** The photograph, as it was named. */
  readonly image: string;
  readonly width: number;
  readonly height: number;
  readonly model: {
    readonly source: string;
    readonly method: string;
    readonly recipe: string;
    readonly version: string;
  };
  /** All classes, in order of index; shares sum to 1 where every pixel has a class. */
  readonly classes: readonly {
    readonly index: number;
    readonly name: string;
    readonly color: string;
    readonly pixels: number;
    readonly share: number;
    /** Of a semantic model: the mean of its scores where it won; null where it did not. */
    readonly score?: number | null;
  }[];
  /** Where the photograph says where on the earth it lies. */
  readonly georeference?: Georeference;
  /** Of a panoptic model. */
  readonly segments?: readonly SegmentRecord[];
}

export type PredictionWriter = Pick<
  Platform,
  "writeFile" | "remove" | "encodeIndexedPng" | "encodeGrey16Png" | "encodeImage"
>;

/** The record of one prediction. */
export function recordOf(
  photograph: string,
  result: Segmentation,
  card: ModelCard,
  source: string,
  {
    georeference,
    instances = null,
  }: {
    readonly georeference?: Georeference | undefined;
    /** The shape of things; null: none. */
    readonly instances?: InstanceForm | null | undefined;
  } = {},
): PredictionRecord {
  const { width, height } = result.labels;
  return {
    image: photograph,
    width,
    height,
    model: { source, method: card.method, recipe: card.recipe, version: card.version },
    classes: card.classes.map(({ name, color }, index) => ({
      index,
      name,
      color: formatColor(color),
      pixels: result.areas[index],
      share: result.areas[index] / (width * height),
      ...(result.scores && { score: result.scores[index] }),
    })),
    ...(georeference && { georeference }),
    ...(result.panoptic && { segments: segmentRecords(result.panoptic, card.classes, instances) }),
  };
}

/**
 * Writes the mask (palette PNG of class indices, which says their names, or what the data set's own masks hold; 255 where a panoptic model found nothing), the segments' ids where the
 * model gives them, other forms, a world file where the photograph has a place on the earth, the overlay (PNG; drawn into `image`, which it changes) and the record. The record comes last: where it is, all is there. Each file is whole or absent.
 */
export async function writePrediction(
  platform: PredictionWriter,
  names: OutputNames,
  image: Image,
  result: Segmentation,
  card: ModelCard,
  record: PredictionRecord,
  {
    overlay = true,
    legend = false,
    segmentIds = "rgb",
    maskValues = "classes",
    forms = [],
  }: {
    overlay?: boolean;
    legend?: boolean;
    segmentIds?: SegmentIds;
    maskValues?: MaskValues;
    forms?: readonly PhotographForm[];
  } = {},
): Promise<void> {
  const colors = card.classes.map(({ color }) => color);
  const { labels, panoptic } = result;
  // All is encoded before anything is written, and a photograph whose files cannot all be written keeps none.
  const mask =
    maskValues === "data"
      ? await encodeDataMask(platform, labels, card)
      : await encodeClassMask(platform, labels, card.classes);
  const files: [string, Uint8Array | string | readonly Uint8Array[]][] = [[names.mask, mask]];
  if (record.georeference !== undefined) files.push([names.world, worldFile(record.georeference)]);
  for (const form of forms) {
    const photograph = relativePath(names.record, record.image);
    const { georeference } = record;
    files.push([names.forms[form], await encodeForm(form, result, card, { platform, photograph, georeference })]);
  }
  if (panoptic !== undefined) {
    files.push([names.segments, await encodeSegmentIds(platform, panoptic, segmentIds)]);
  }
  if (overlay) {
    // Level 2 takes two thirds of the usual level's time; photographs hardly get smaller beyond it.
    const segments = panoptic && paintedSegments(panoptic, card.classes);
    const background = panoptic === undefined ? card.classes.findIndex((each) => each.background) : -1;
    const drawn = drawOverlay(image, segments ?? labels, segments?.colors ?? colors, { untouched: background });
    const named = panoptic?.segments.map(({ classIndex }) => card.classes[classIndex]);
    const regions = segments && named && { map: segments, names: named };
    const picture = legend ? withLegend(drawn, labels, card.classes, regions) : drawn;
    files.push([names.overlay, await platform.encodeImage(picture, "png", { compression: 2 })]);
  }
  files.push([names.record, `${JSON.stringify(record, null, 2)}\n`]);
  const written: string[] = [];
  try {
    for (const [name, content] of files) {
      await platform.writeFile(name, content);
      written.push(name);
    }
  } catch (error) {
    for (const name of written) await platform.remove(name);
    throw error;
  }
}
