import { Findings } from "../data/findings.ts";
import { annotationName } from "../datasets/panoptic-annotation.ts";
import { InputError, Interrupted, problem } from "../errors.ts";
import { lastPart } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { classRuns, classRunsName, openClassRuns, type PhotographRuns } from "./class-runs.ts";
import { dataValues, type MaskValues } from "./data-mask.ts";
import { requireOwnResults, staleResults } from "./earlier-results.ts";
import { instancesName, openAnnotation } from "./folder-annotation.ts";
import { detailFor, type Form } from "./forms.ts";
import { georeferenceOf } from "./georeference.ts";
import type { InstanceForm } from "./instance-shapes.ts";
import { type OutputNames, outputNames, type WrittenNames, writtenNames } from "./names.ts";
import { type SegmentIds, twoChannelIds } from "./panoptic-files.ts";
import type { SegmentOptions } from "./segmentation.ts";
import type { Segmenter } from "./segmenter.ts";
import { type PredictionRecord, type PredictionWriter, recordOf, writePrediction } from "./write.ts";

export interface PredictOptions extends SegmentOptions {
  /** Write `NAME.overlay.png`. */
  readonly overlay?: boolean;
  /** Write names into the overlay, and below it a list of colours. Default: no. */
  readonly legend?: boolean;
  /** How a panoptic model's segment ids are stored. Default `rgb`, as COCO does. */
  readonly segmentIds?: SegmentIds;
  /** The shape of a panoptic model's things, in their records and in `instances.json`. Default: none. */
  readonly instances?: InstanceForm;
  /** What masks hold: class indices (default), or the values of the data set that the model was trained on. */
  readonly maskValues?: MaskValues;
  /** Of each photograph the folder inside that its results lie in, with a slash at its end. Default: none. */
  readonly below?: readonly string[];
  /**
   * Other forms that results are written in, besides. Probabilities are those of semantic models alone; `coco` is one file, `coco.json`,
   * of the folder's photographs, earlier ones as well.
   */
  readonly forms?: readonly Form[];
  /** `fail` stops at the first photograph that cannot be read; `skip` goes on and lists them. */
  readonly onBadImage?: "fail" | "skip";
  /** Called after each photograph, in order of completion. */
  readonly onProgress?: (done: number, total: number, photograph: string) => void;
  /** Stops before the next photograph; then throws Interrupted. */
  readonly signal?: AbortSignal;
}

/** A photograph, the files that were written of it, and no others, and what its record says. */
export interface Predicted extends WrittenNames {
  readonly photograph: string;
  readonly summary: PredictionRecord;
}

export interface PredictResult {
  /** In order of the photographs given. */
  readonly written: readonly Predicted[];
  readonly skipped: readonly { readonly photograph: string; readonly problem: string }[];
  /** What was remarked of photographs' files, such as bands that are left out: a line for each kind. */
  readonly notes: readonly string[];
}

export type PredictPlatform = PredictionWriter &
  Pick<Platform, "decodeImage" | "imageSize" | "exists" | "readText" | "withFile" | "list">;

/** One photograph is decoded, one computed, one written at a time. */
const lanes = 3;
/** Photographs in work at once have at most this many pixels together; a larger one is alone. */
const maxPixelsInWork = 48e6;

/**
 * Segments photographs and writes mask, overlay and record of each into `folder`; of a panoptic model the segments' ids as
 * well, and `panoptic.json`, COCO's annotation of all whose ids lie in the folder, earlier ones too, with `instances.json` of their things
 * where shapes are asked for. Decoding and writing go on beside
 * computing. Names: see `outputNames`; nothing is ever half-written.
 *
 * Throws InputError for a photograph that cannot be read (unless skipped), for a folder that cannot be written, and,
 * before anything is written, where a file would be replaced that is not an earlier result.
 */
export async function predictFiles(
  segmenter: Segmenter,
  platform: PredictPlatform,
  photographs: readonly string[],
  folder: string,
  {
    overlay = true,
    legend = false,
    segmentIds = "rgb",
    instances,
    maskValues = "classes",
    forms: asked = [],
    below = [],
    onBadImage = "fail",
    onProgress,
    signal,
    ...segmentOptions
  }: PredictOptions = {},
): Promise<PredictResult> {
  const panoptic = segmenter.card.kind === "panoptic";
  const forms = asked.filter((form) => form !== "coco");
  const coco = asked.includes("coco");
  const names = outputNames(photographs, folder, {
    reserved: [...(coco ? [classRunsName] : []), ...(panoptic ? [annotationName, instancesName] : [])],
    below,
  });
  const inFolder = (file: string) => file.slice(folder.length + 1);
  const idFiles = names.map(({ segments }) => inFolder(segments));
  const kinds = { overlay, panoptic, forms };
  const detail = detailFor(forms);
  if (panoptic && detail === "probabilities") {
    const expected = "expected a model that scores every class at every pixel for probabilities";
    const remedy = "Leave probabilities out, or write confidence; scores of segments are in the record.";
    throw new InputError(problem(segmenter.source, expected, "a panoptic one", remedy));
  }
  if (!panoptic && forms.includes("semantic")) {
    const expected = "expected a panoptic model for semantic, the class of each pixel however unsure";
    const remedy = "Leave it out: the mask is that.";
    throw new InputError(problem(segmenter.source, expected, "one that gives a class per pixel", remedy));
  }
  await requireOwnResults(platform, names, kinds);
  const annotation = await openAnnotation(platform, folder, idFiles, panoptic ? segmenter.card.classes : null, {
    instances: panoptic && instances !== undefined,
  });
  const masks = names.map(({ mask }) => inFolder(mask));
  const runs = await openClassRuns(platform, folder, masks, segmenter.card, { wanted: coco });
  if (maskValues === "data") dataValues(segmenter.card, segmenter.source);
  await annotation.begin();
  await runs.begin();
  const written: (Made | undefined)[] = new Array(photographs.length);
  const shapes: (PhotographRuns | undefined)[] = new Array(photographs.length);
  const skipped: { photograph: string; problem: string }[] = [];
  const findings = new Findings();
  const room = budget(maxPixelsInWork);
  let next = 0;
  let done = 0;
  let failure: unknown;

  const one = async (index: number): Promise<void> => {
    const photograph = photographs[index];
    let pixels = 0;
    try {
      const image = await readable(onBadImage === "skip" ? skipped : null, photograph, async () => {
        const { width, height } = await platform.imageSize(photograph);
        pixels = width * height;
        await room.take(pixels);
        return platform.decodeImage(photograph);
      });
      if (image === null) return;
      findings.addSample({ id: "", source: photograph, image, labels: {} });
      const found = await segmenter.segment(image, {
        ...{ ...segmentOptions, ...(!panoptic && { scores: true }), ...(detail && { detail }) },
      });
      const isNumbered = segmentIds === "two-channel" && found.panoptic !== undefined;
      const result = isNumbered ? { ...found, panoptic: twoChannelIds(found.panoptic, segmenter.card.classes) } : found;
      const georeference = await georeferenceOf(platform, photograph);
      const record = recordOf(photograph, result, segmenter.card, segmenter.source, { georeference, instances });
      for (const file of await staleResults(platform, names[index], kinds)) await platform.remove(file);
      await writePrediction(platform, names[index], image, result, segmenter.card, record, {
        ...{ overlay, legend, segmentIds, maskValues, forms },
      });
      if (coco) {
        const { labels, scores } = result;
        const { width, height } = labels;
        const file = `${below[index] ?? ""}${lastPart(photograph)}`;
        const found = classRuns(labels, segmenter.card.classes.length, scores);
        shapes[index] = { photograph: file, width, height, mask: masks[index], classes: found };
      }
      written[index] = { photograph, names: names[index], summary: record };
    } finally {
      room.give(pixels);
    }
  };
  const lane = async (): Promise<void> => {
    while (next < photographs.length && failure === undefined && !signal?.aborted) {
      const index = next++;
      try {
        await one(index);
        onProgress?.(++done, photographs.length, photographs[index]);
      } catch (error) {
        failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, photographs.length) }, lane));
  const all = written.filter((entry) => entry !== undefined);
  try {
    const touched = (of: "segments" | "mask") => all.map((each) => inFolder(each.names[of]));
    await annotation.end(panoptic ? all.map((each) => entryOf(each, folder)) : [], touched("segments"));
    await runs.end(
      shapes.filter((entry) => entry !== undefined),
      touched("mask"),
    );
  } catch (error) {
    failure ??= error;
  }
  if (failure !== undefined) throw failure;
  if (signal?.aborted) throw new Interrupted("predict: stopped; what is written is whole.");
  const predicted = all.map(({ photograph, names: own, summary }) => {
    return { photograph, ...writtenNames(own, kinds, summary.georeference !== undefined), summary };
  });
  return { written: predicted, skipped, notes: [...findings.lines(), ...annotation.notes()] };
}

interface Made extends Pick<Predicted, "photograph" | "summary"> {
  readonly names: OutputNames;
}

function entryOf(
  { photograph, names: { segments }, summary: { width, height, segments: records = [] } }: Made,
  folder: string,
) {
  return { photograph, width, height, file: segments.slice(folder.length + 1), segments: records };
}

/** What `read` gives; null when it failed for the photograph's own fault and `skipped` takes such failures. */
async function readable<T>(
  skipped: { photograph: string; problem: string }[] | null,
  photograph: string,
  read: () => Promise<T>,
): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (skipped === null || !(error instanceof InputError)) throw error;
    skipped.push({ photograph, problem: error.message });
    return null;
  }
}

/** Hands out at most `limit` at once, in order of asking; whoever asks for more waits until nothing else is out. */
function budget(limit: number): { take(amount: number): Promise<void>; give(amount: number): void } {
  let out = 0;
  const waiting: { amount: number; start: () => void }[] = [];
  const serve = () => {
    while (waiting.length > 0 && (out === 0 || out + waiting[0].amount <= limit)) {
      const { amount, start } = waiting.shift()!;
      out += amount;
      start();
    }
  };
  return {
    take: (amount) =>
      new Promise((resolve) => {
        waiting.push({ amount, start: resolve });
        serve();
      }),
    give: (amount) => {
      out -= amount;
      serve();
    },
  };
}
