/** A look through the data before the first step: what is learned from and scored on, so that its faults cost seconds. */

import { type Coverage, coverageNotes, singleClass } from "../data/class-coverage.ts";
import { CopyFinder, sharedPicture } from "../data/copies.ts";
import { type Dataset, whereOf } from "../data/dataset.ts";
import { Findings } from "../data/findings.ts";
import { classStatistics } from "../data/statistics.ts";
import { labelledDataset, withRead } from "../data/views.ts";
import { InputError } from "../errors.ts";
import type { ImageSize, Platform } from "../platform/platform.ts";

export interface Looked {
  readonly platform: Platform;
  readonly dataset: Dataset;
  readonly validation: Dataset | null;
  /** Where `dataset` is a part of the labelled samples. */
  readonly labels: { readonly of: number; readonly seed: number } | null;
  readonly onBadImage: "fail" | "skip";
  readonly onProgress: (done: number, total: number) => void;
}

export interface Seen {
  /** Share of the labelled pixels of each class; empty without masks. */
  readonly frequencies: readonly number[];
  /** Of the images that were looked at, in pixels. */
  readonly sizes: readonly ImageSize[];
  /** Lines about samples that could not be read. */
  readonly skipped: readonly string[];
  /** Lines about what is worth knowing of the data before it is learned from. */
  readonly notes: readonly string[];
}

/** Samples that the statistics are made of: enough for frequencies, and at most a minute. */
const surveyed = 400;

/** Reads a part of train and of what is scored on. Throws InputError for a bad file, and where nothing can be learned. */
export async function lookThrough(options: Looked): Promise<Seen> {
  const { platform, dataset, onBadImage } = options;
  const copies = new CopyFinder();
  const { frequencies, sizes, skipped, coverage, findings } = await lookAtTrain(options, copies);
  // Found now, a bad file costs seconds; found when the model is scored, all the training before.
  const scored = options.validation && labelledDataset(options.validation, ["mask"]);
  const val = scored === null || scored.ids.length === 0 ? null : await coverageOf(scored, onBadImage, copies);
  const shared = [...copies.copies(), ...copies.nearCopies()].map(({ message }) => message);
  if (shared.length === 0 && scored !== null) shared.push(...(await sameFiles(platform, dataset, scored)));
  const notes = [...findings, ...shared, ...(coverage === null ? [] : checkCoverage(options, coverage, val))];
  return { frequencies, sizes, skipped, notes };
}

/** What masks to score on show. Throws InputError for one that cannot be read. */
async function coverageOf(scored: Dataset, onBadImage: "fail" | "skip", copies: CopyFinder): Promise<Coverage> {
  const watched = withRead(scored, async (index, kinds) => {
    const sample = await scored.read(index, kinds);
    copies.compare(scored.split, sample.source, sample.image);
    return sample;
  });
  const { pixels, ignoredPixels, counted } = await classStatistics(watched, { onBadImage, maxSamples: surveyed });
  return { pixels, ignoredPixels, counted, of: scored.ids.length };
}

/** Lines about classes without pixels. Throws InputError where a single class has them all; of few labels that is noted. */
function checkCoverage({ dataset, labels }: Looked, train: Coverage, val: Coverage | null): string[] {
  const asked = {
    where: dataset.classesFile ?? whereOf(dataset),
    classes: dataset.classes,
    valueMap: dataset.valueMap,
    train,
    val,
  };
  const single = singleClass(asked);
  if (single !== undefined && labels === null && train.counted === train.of) throw new InputError(single);
  return [...(single === undefined ? [] : [single]), ...coverageNotes(asked)];
}

/** Files that both splits have under one name: of large data sets not all pictures are looked at. */
async function sameFiles(platform: Platform, dataset: Dataset, scored: Dataset): Promise<string[]> {
  if (Math.max(dataset.ids.length, scored.ids.length) <= surveyed) return [];
  const known = new Map(dataset.ids.map((id, index) => [id, index]));
  const names = scored.ids
    .map((id, index) => [known.get(id), index] as const)
    .filter(([trained]) => trained !== undefined);
  const stride = Math.max(1, Math.floor(names.length / surveyed));
  const pairs = names
    .filter((_, at) => at % stride === 0)
    .map(([trained, index]) => [dataset.source(trained ?? 0), scored.source(index)]);
  const same: (readonly string[])[] = [];
  for (const files of pairs) {
    const [a, b] = await Promise.all(files.map((file) => platform.shared.fileFacts(file)));
    if (a === null || b === null || a.size !== b.size) continue;
    const [first, second] = await Promise.all(files.map((file) => platform.shared.hashFile(file, "sha1")));
    if (first === second) same.push(files);
  }
  if (same.length === 0) return [];
  const others = same.length === 1 ? "" : `, and ${same.length - 1} more like it among ${pairs.length} of one name`;
  const [[train, file]] = same;
  return [sharedPicture(scored.split, file, `a copy of ${train}${others}`)];
}

/** What train shows of itself: every size and remark, and how often its classes occur. */
async function lookAtTrain({ dataset, onBadImage, onProgress }: Looked, copies: CopyFinder) {
  const sizes: ImageSize[] = [];
  const found = new Findings();
  const watched = withRead(dataset, async (index, kinds) => {
    const sample = await dataset.read(index, kinds);
    const { width, height } = sample.image;
    sizes.push({ width, height });
    found.addSample(sample);
    copies.addTrained(sample.source, sample.image);
    return sample;
  });
  if (dataset.kinds.includes("mask")) {
    const looked = { onBadImage, onProgress, maxSamples: surveyed };
    const { frequencies, skipped, ...counts } = await classStatistics(watched, looked);
    if (frequencies.every((share) => share === 0)) {
      throw new InputError(
        `${whereOf(dataset)}: expected labelled pixels in the masks, got none. Check the masks and their value map.`,
      );
    }
    const coverage = { ...counts, of: dataset.ids.length };
    return { frequencies, sizes, skipped, coverage, findings: found.lines() };
  }
  const stride = Math.max(1, Math.floor(dataset.ids.length / 32));
  const skipped: string[] = [];
  for (let index = 0; index < dataset.ids.length; index += stride) {
    try {
      await watched.read(index);
    } catch (error) {
      if (onBadImage === "fail" || !(error instanceof InputError)) throw error;
      skipped.push(error.message);
    }
  }
  if (sizes.length === 0) throw new InputError(skipped[0]);
  return { frequencies: [], sizes, skipped, coverage: null, findings: found.lines() };
}
