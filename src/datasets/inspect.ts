/** Looks at a whole data set and reports all that is wrong with it, instead of stopping at the first bad file. */

import { loadAhead } from "../data/ahead.ts";
import { coverageNotes, singleClass } from "../data/class-coverage.ts";
import { CopyFinder } from "../data/copies.ts";
import type { Dataset, Split } from "../data/dataset.ts";
import { Findings } from "../data/findings.ts";
import { kindsText, sourceOf } from "../data/labels.ts";
import type { ClassInfo, LabelKind, Sample } from "../data/sample.ts";
import { ClassCounter } from "../data/statistics.ts";
import { InputError, listed, problem } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { type CaptionOptions, openCaptions } from "./captions/open-captions.ts";
import type { CaptionPlace } from "./captions/place.ts";
import { fileDataset } from "./file-dataset.ts";
import {
  captionsAt,
  findLayout,
  isScenes,
  type OpenOptions,
  openDataset,
  type Place,
  splitsOf,
  straysAt,
} from "./index.ts";
import { type LabelReport, LabelTally, type Range, rangeOf } from "./label-tally.ts";
import type { Problem, Survey } from "./layout.ts";
import { guesses, hints, type LayoutGuess } from "./layout-hints.ts";
import { mergeProblems } from "./merge-problems.ts";
import { UnknownValues, unknownInAll } from "./unknown-values.ts";
import type { ValueMap } from "./value-map.ts";

export interface ClassReport {
  readonly name: string;
  readonly pixels: number;
  readonly images: number;
  /** Share of the labelled pixels. */
  readonly frequency: number;
}

export interface SplitReport {
  readonly split: Split;
  /** Complete samples: image and, in a labelled split, mask. */
  readonly samples: number;
  /** Of these, the ones that can be read. */
  readonly readable: number;
  readonly kinds: readonly LabelKind[];
  /** How many of the readable samples have each kind of label. */
  readonly labels: Readonly<Partial<Record<LabelKind, LabelReport>>>;
  /** Pixels; absent where nothing can be read. */
  readonly width?: Range;
  readonly height?: Range;
  /** Empty where there are no masks. */
  readonly classes: readonly ClassReport[];
  readonly ignoredPixels: number;
  /** What keeps samples from being used. */
  readonly problems: readonly Problem[];
  /** What is worth knowing: files that are not read, images without mask, masks without a label. */
  readonly notes: readonly Problem[];
}

/** Every message is one line that begins with the file and ends with what to do. */
export interface InspectReport {
  readonly path: string;
  /** Name of the layout; absent when none was recognized. */
  readonly layout?: string;
  readonly classes: readonly ClassInfo[];
  readonly valueMap: ValueMap;
  readonly splits: readonly SplitReport[];
  /** What is wrong with the data set as a whole. */
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
  /** Without a layout: those there are, the likeliest first. */
  readonly layouts: readonly LayoutGuess[];
}

export interface InspectOptions extends Pick<OpenOptions, "captionCleaning" | "valFraction"> {
  /** Name of a layout; found by the folder's content when absent. */
  readonly layout?: string;
  /** The folder that holds `images`, where it is another than that of the labels. */
  readonly images?: string;
  /** Called after each sample. */
  readonly onProgress?: (done: number, total: number, split: Split) => void;
}

/**
 * spec: a folder, or `scenes`. Reads every image and mask. Throws InputError only when there is no such folder, and
 * UsageError for an unknown name of a layout.
 */
export async function inspectDataset(
  platform: Platform,
  spec: string,
  { onProgress, ...options }: InspectOptions = {},
): Promise<InspectReport> {
  const report: InspectReport = {
    ...{ path: spec, classes: [], valueMap: {}, splits: [], problems: [], notes: [], layouts: [] },
  };
  if (isScenes(spec, options)) return inspectScenes(platform, spec, report, onProgress);
  const captions = await captionsAt(platform, spec, options);
  if (captions !== undefined) return inspectCaptions(platform, spec, captions, report, options, onProgress);
  let place: Place;
  try {
    place = await findLayout(platform, spec, options);
  } catch (error) {
    if (!(error instanceof InputError) || (await platform.exists(spec)) !== "folder") throw error;
    const notes = await hints(platform, spec);
    return { ...report, problems: [asProblem(spec, error)], notes, layouts: await guesses(platform, spec) };
  }
  return inspectPlace(platform, place, report, onProgress);
}

/** The number of problems, in the data set as a whole and in its splits. */
export function countProblems({ problems, splits }: InspectReport): number {
  return splits.reduce((sum, split) => sum + split.problems.length, problems.length);
}

async function inspectPlace(
  platform: Platform,
  place: Place,
  report: InspectReport,
  onProgress: InspectOptions["onProgress"],
): Promise<InspectReport> {
  const { root, layout } = place;
  const problems: Problem[] = [];
  const splits: SplitReport[] = [];
  let { classes, valueMap, classesFile }: Pick<Survey, "classes" | "valueMap" | "classesFile"> = report;
  const found = await layout.splits(platform, place);
  const strays = await straysAt(platform, place);
  const copies = new CopyFinder();
  for (const split of found.length > 0 ? found : (["train"] as const)) {
    let survey: Survey;
    try {
      survey = await layout.survey(platform, place, split);
    } catch (error) {
      // A broken class list breaks every split with the same words.
      const known = problems.some(({ message }) => error instanceof InputError && message === error.message);
      if (!known) problems.push(asProblem(root, error));
      continue;
    }
    if (survey.classes.length > 0) ({ classes, valueMap, classesFile } = survey);
    const dataset = fileDataset(platform, { name: layout.name, place: root }, split, survey);
    splits.push(await inspectSplit(dataset, root, survey.problems, survey.notes, onProgress, copies));
  }
  problems.push(...copies.copies());
  const isUnlabelled = found.length === 1 && found[0] === "unlabelled";
  const missing = (["train", "val"] as const)
    .filter((needed) => !isUnlabelled && found.length > 0 && !found.includes(needed))
    .map((needed) => {
      const remedy =
        needed === "train"
          ? "Training needs it: put images and their labels there."
          : "Scoring needs it: put images and their labels there, or take a part of train with --val-fraction 0.2.";
      return {
        needed,
        file: root,
        message: problem(root, `expected a split ${needed}`, `only ${found.join(", ")}`, remedy),
      };
    });
  // Training goes without scores.
  for (const { needed, file, message } of missing) if (needed === "train") problems.push({ file, message });
  const covered = coverageIn(classesFile ?? root, { classes, valueMap }, splits);
  problems.push(...covered.problems);
  const unscored = missing.filter(({ needed }) => needed === "val").map(({ file, message }) => ({ file, message }));
  const notes = [...strays, ...unscored, ...covered.notes, ...copies.nearCopies()];
  notes.push(...kindsOfTrainAlone(root, splits));
  if (isUnlabelled) notes.push(await imagesAlone(platform, root));
  return { ...report, layout: layout.name, classes, valueMap, splits, problems, notes: mergeProblems(notes) };
}

async function inspectScenes(
  platform: Platform,
  spec: string,
  report: InspectReport,
  onProgress: InspectOptions["onProgress"],
): Promise<InspectReport> {
  const splits: SplitReport[] = [];
  let [classes, valueMap] = [report.classes, report.valueMap];
  for (const split of await splitsOf(platform, spec)) {
    const dataset = await openDataset(platform, spec, split);
    ({ classes, valueMap } = dataset);
    splits.push(await inspectSplit(dataset, spec, [], [], onProgress));
  }
  return { ...report, layout: "scenes", classes, valueMap, splits };
}

async function inspectCaptions(
  platform: Platform,
  spec: string,
  place: CaptionPlace,
  report: InspectReport,
  options: CaptionOptions,
  onProgress: InspectOptions["onProgress"],
): Promise<InspectReport> {
  const splits: SplitReport[] = [];
  const problems: Problem[] = [];
  for (const split of place.keys()) {
    try {
      // All that is bad is listed, however much it is.
      const dataset = await openCaptions(platform, spec, place, split, { ...options, badPairs: { share: 1 } });
      const left = (dataset.leftOut ?? []).map((message) => ({ file: spec, message }));
      splits.push(await inspectSplit(dataset, spec, left, [], onProgress));
    } catch (error) {
      problems.push(asProblem(spec, error));
    }
  }
  return { ...report, layout: place.values().next().value?.format, splits, problems };
}

async function inspectSplit(
  dataset: Dataset,
  root: string,
  surveyed: readonly Problem[],
  known: readonly Problem[],
  onProgress: InspectOptions["onProgress"],
  copies = new CopyFinder(),
): Promise<SplitReport> {
  const { split, classes, kinds } = dataset;
  const problems = [...surveyed];
  const notes = [...known];
  const counter = new ClassCounter(classes.length);
  const tally = new LabelTally(classes);
  const findings = new Findings();
  const unknown: UnknownValues[] = [];
  const widths: number[] = [];
  const heights: number[] = [];
  const samples = dataset.ids.length;
  for await (const { index, value, error } of loadAhead(samples, (i) => dataset.read(i))) {
    if (value === undefined) {
      if (error instanceof UnknownValues) unknown.push(error);
      else problems.push(asProblem(faultyIn(dataset, index, error), error));
    } else {
      widths.push(value.image.width);
      heights.push(value.image.height);
      if (value.labels.mask !== undefined) counter.add(value.labels.mask);
      tally.add(value);
      findings.addSample(value);
      if (split === "train") copies.addTrained(value.source, value.image);
      else if (split !== "unlabelled") copies.compare(split, value.source, value.image);
      if (isBlank(value)) {
        notes.push({
          file: value.source,
          message: problem(
            value.source,
            "expected labelled pixels",
            "only unlabelled ones",
            "Nothing is learned here.",
          ),
        });
      }
    }
    onProgress?.(index + 1, samples, split);
  }
  if (unknown.length > 0) problems.push(unknownAsProblem(unknown));
  if (samples === 0) {
    const message = problem(root, `expected samples in the split ${split}`, "none", "Add images and labels.");
    problems.push({ file: root, message });
  }
  notes.push(...findings.problems(), ...tally.notes());
  const counts = counter.result();
  return {
    ...{ split, samples, readable: widths.length, kinds, ignoredPixels: counts.ignoredPixels },
    ...{ problems: mergeProblems(problems), notes: mergeProblems(notes) },
    labels: tally.reports(),
    ...(widths.length > 0 && { width: rangeOf(widths), height: rangeOf(heights) }),
    classes: !kinds.includes("mask")
      ? []
      : classes.map(({ name }, i) => ({
          ...{ name, pixels: counts.pixels[i], images: counts.images[i], frequency: counts.frequencies[i] },
        })),
  };
}

/** Values without a class, of all masks together. */
function unknownAsProblem(errors: readonly UnknownValues[]): Problem {
  const files = errors.map(({ message }) => message.slice(0, message.indexOf(": expected")));
  if (errors.length === 1) return { file: files[0], message: errors[0].message };
  const where = `${files[0]} and ${errors.length - 1} other ${errors.length === 2 ? "mask" : "masks"}`;
  return { file: files[0], message: unknownInAll(where, errors), files };
}

function isBlank({ labels: { mask } }: Sample): boolean {
  return mask?.data.every((label) => label === IGNORE) ?? false;
}

/** The file that an error of a sample is about: its own file that the message begins with, or its photograph. */
function faultyIn({ files, source, ids }: Dataset, index: number, error: unknown): string {
  const message = error instanceof Error ? error.message : "";
  const isShared = (file: string) => ids.length > 1 && files?.(index === 0 ? 1 : 0).includes(file);
  return files?.(index).find((file) => message.startsWith(`${file}: `) && !isShared(file)) ?? source(index);
}

/** An expected error as a problem of the file that it names, `place` or in it; our own bugs go on as they are. */
function asProblem(place: string, error: unknown): Problem {
  if (!(error instanceof InputError)) throw error;
  const { message } = error;
  const named = message.slice(0, Math.max(0, message.indexOf(": ")));
  return { file: named.startsWith(place) ? named : place, message };
}

/** Kinds of labels that train has and val lacks. */
function kindsOfTrainAlone(root: string, splits: readonly SplitReport[]): Problem[] {
  const [train, val] = (["train", "val"] as const).map((name) => splits.find(({ split }) => split === name));
  const missing = val ? (train?.kinds ?? []).filter((kind) => sourceOf(kind, val.kinds) === undefined) : [];
  return missing.map((kind) => {
    const message = problem(
      root,
      `expected ${kindsText([kind])} in val as in train`,
      "none",
      "Add them, unless nothing needs them there.",
    );
    return { file: root, message };
  });
}

/** Enough to pretrain with, so no problem; what looks like labels and is not read is named. */
async function imagesAlone(platform: Platform, root: string): Promise<Problem> {
  const lists: string[] = [];
  for (const folder of ["", "annotations", "labels", "masks"]) {
    const place = folder === "" ? root : joinPath(root, folder);
    if ((await platform.exists(place)) !== "folder") continue;
    const others = (await platform.list(place)).filter((name) =>
      /^[^.].*\.(?:json|jsonl|xml|csv|ya?ml|txt)$/i.test(name),
    );
    lists.push(...others.filter((name) => !isKnown(name)).map((name) => (folder === "" ? name : `${folder}/${name}`)));
  }
  const got =
    lists.length === 0 ? "" : `, and ${listed(lists, 3)}, which ${lists.length === 1 ? "is" : "are"} not understood`;
  const remedy = "Training and scoring with labels need images and masks there.";
  const expected = "expected the splits train and val";
  return { file: root, message: problem(root, expected, `only unlabelled images${got}`, remedy) };
}

/** Lists that say themselves what is wrong with them, and texts for people. */
function isKnown(name: string): boolean {
  return (
    /^(?:readme|licen[cs]e)\b/i.test(name) || /^(?:tags\.\w+|captions\.jsonl|classes\.\w+|things\.json)$/.test(name)
  );
}

/** Classes without pixels; a single class in train is a problem, since nothing can be learned of it. */
function coverageIn(
  file: string,
  known: Pick<InspectReport, "classes" | "valueMap">,
  splits: readonly SplitReport[],
): { problems: Problem[]; notes: Problem[] } {
  const coverageOf = (name: Split) => {
    const found = splits.find(({ split, classes }) => split === name && classes.length > 0);
    if (found === undefined || (found.ignoredPixels === 0 && found.classes.every(({ pixels }) => pixels === 0)))
      return null;
    const { ignoredPixels, readable } = found;
    return { pixels: found.classes.map(({ pixels }) => pixels), ignoredPixels, counted: readable, of: readable };
  };
  const train = coverageOf("train");
  if (train === null) return { problems: [], notes: [] };
  const asked = { ...known, where: file, train, val: coverageOf("val") };
  const single = singleClass(asked);
  if (single !== undefined) return { problems: [{ file, message: single }], notes: [] };
  return { problems: [], notes: coverageNotes(asked).map((message) => ({ file, message })) };
}
