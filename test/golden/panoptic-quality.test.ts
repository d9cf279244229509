/** Panoptic quality against COCO's own evaluator: small label maps, and folders of PNG files as COCO has them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Named } from "../../src/array/ndarray.ts";
import { evaluatePanopticFiles, type PanopticFilesEvaluation } from "../../src/evaluation/evaluate-panoptic-files.ts";
import {
  addPanopticCounts,
  countSegments,
  type MeanPanopticQuality,
  type PanopticCounts,
  type PanopticQuality,
  panopticCounts,
  panopticScores,
  type ScoredSegments,
} from "../../src/metrics/panoptic-quality.ts";
import { segmentIdsOf } from "../../src/metrics/segment-ids.ts";
import { sourceOf } from "../../src/platform/byte-source.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { decodePng } from "../../src/platform/png-read.ts";
import { putSet, type SetImage } from "../support/panoptic-files.ts";
import { temporaryFolder } from "../support/pictures.ts";
import { openGoldens } from "./manifest.ts";

interface Category {
  readonly id: number;
  readonly isthing: number;
}
interface SegmentEntry {
  readonly id: number;
  readonly category_id: number;
  readonly iscrowd?: number;
  readonly area?: number;
}
type Statistics = Named<{ iou: number; tp: number; fp: number; fn: number }>;
type Quality = PanopticQuality;
type Averages = Named<(Quality & { n: number }) | null>;

interface SmallCase {
  readonly name: string;
  readonly categories: readonly Category[];
  readonly ground_truth: number[][];
  readonly ground_truth_segments: readonly SegmentEntry[];
  readonly prediction: number[][];
  readonly prediction_segments: readonly SegmentEntry[];
  readonly statistics: Statistics;
  readonly average: Averages;
}

type FolderCase = {
  readonly name: string;
  readonly prediction_json: string;
  readonly prediction_folder: string;
  readonly ground_truth_json: string;
  readonly ground_truth_folder: string;
  readonly statistics: Statistics;
  readonly statistics_per_image: Named<Statistics>;
  readonly per_class: Named<Quality>;
} & Averages;

interface Annotations {
  readonly annotations: readonly { image_id: number; file_name: string; segments_info: readonly SegmentEntry[] }[];
  readonly categories?: readonly Category[];
}

const goldens = openGoldens("max-deeplab");

/** The relative tolerance that the manifest suggests for float64; counts are exact. */
function expectNear(got: number | null, expected: number | null, what: string): void {
  const conventions = goldens.manifest.conventions as Named<string>;
  const tolerance = Number(/relative ([\d.e-]+) for float64/.exec(conventions.suggested_tolerance)?.[1]);
  expect(tolerance, "tolerance").toBeGreaterThan(0);
  if (got === null || expected === null) expect(got, what).toBe(expected);
  else expect(Math.abs(got - expected), what).toBeLessThanOrEqual(tolerance * Math.abs(expected));
}

/** Every category is looked at: one that the evaluator does not mention has counted nothing. */
function expectStatistics(got: PanopticCounts, ids: readonly number[], expected: Statistics, what: string): void {
  expect(ids.map(String)).toEqual(expect.arrayContaining(Object.keys(expected)));
  ids.forEach((id, c) => {
    const { iou, tp, fp, fn } = expected[id] ?? { iou: 0, tp: 0, fp: 0, fn: 0 };
    const counted = [got.truePositives[c], got.falsePositives[c], got.falseNegatives[c]];
    expect(counted, `${what}, category ${id}`).toEqual([tp, fp, fn]);
    expectNear(got.iou[c], iou, `${what}, IoU of category ${id}`);
  });
}

function expectQuality(got: PanopticQuality, expected: Quality | null, what: string): void {
  for (const name of ["pq", "sq", "rq"] as const) expectNear(got[name], expected?.[name] ?? null, `${what}, ${name}`);
}

function expectMean(got: MeanPanopticQuality, expected: Averages[string], what: string): void {
  expectQuality(got, expected, what);
  expect(got.classes, `${what}, categories`).toBe(expected?.n ?? 0);
}

const classesOf = (categories: readonly Category[]) => categories.map(({ isthing }) => ({ thing: isthing === 1 }));

function segmentsOf(entries: readonly SegmentEntry[], ids: readonly number[]): ScoredSegments["segments"] {
  return entries.map(({ id, category_id, iscrowd, area }) => ({
    ...{ id, area },
    classIndex: ids.indexOf(category_id),
    crowd: iscrowd === 1,
  }));
}

/** The same as `tessera eval --panoptic` has it, of files. */
function expectEvaluation(
  { classes, ...means }: PanopticFilesEvaluation,
  expected: Averages,
  statistics: Statistics,
  what: string,
): void {
  for (const group of groups) expectMean(means[group], expected[group], `${what}, files, ${group}`);
  for (const { id, iou, truePositives, falsePositives, falseNegatives } of classes) {
    const { iou: sum, tp, fp, fn } = statistics[id] ?? { iou: 0, tp: 0, fp: 0, fn: 0 };
    expect([truePositives, falsePositives, falseNegatives], `${what}, files, category ${id}`).toEqual([tp, fp, fn]);
    expectNear(iou, sum, `${what}, files, IoU of category ${id}`);
  }
}

const groups = ["all", "things", "stuff"] as const;

const readJson = (file: string): unknown => JSON.parse(readFileSync(join(goldens.folder, file), "utf8"));

async function checkSmall(golden: SmallCase): Promise<void> {
  const ids = golden.categories.map(({ id }) => id);
  const map = (rows: number[][], entries: readonly SegmentEntry[]): ScoredSegments => ({
    width: rows[0].length,
    height: rows.length,
    data: Uint32Array.from(rows.flat()),
    segments: segmentsOf(entries, ids),
  });
  const counts = panopticCounts(classesOf(golden.categories));
  const truth = map(golden.ground_truth, golden.ground_truth_segments);
  countSegments(counts, truth, map(golden.prediction, golden.prediction_segments), golden.name);
  expectStatistics(counts, ids, golden.statistics, golden.name);
  const scores = panopticScores(counts);
  for (const group of groups) expectMean(scores[group], golden.average[group], `${golden.name}, ${group}`);

  const root = temporaryFolder();
  const set = (rows: number[][], segments_info: readonly SegmentEntry[]): SetImage => ({
    ...{ image_id: 1, rows, segments_info },
  });
  // The evaluator knows them by id alone.
  const named = golden.categories.map((category) => ({ ...category, name: `category ${category.id}` }));
  const truths = putSet(root, "truth", [set(golden.ground_truth, golden.ground_truth_segments)], named);
  const guesses = putSet(root, "guess", [set(golden.prediction, golden.prediction_segments)]);
  if (golden.average.all === null) {
    await expect(evaluatePanopticFiles(nodePlatform, guesses, truths)).rejects.toThrow("expected segments to score");
    return;
  }
  const evaluation = await evaluatePanopticFiles(nodePlatform, guesses, truths);
  expectEvaluation(evaluation, golden.average, golden.statistics, golden.name);
}

async function checkFolders(golden: FolderCase): Promise<void> {
  const truths = readJson(golden.ground_truth_json) as Required<Annotations>;
  const predictions = readJson(golden.prediction_json) as Annotations;
  const ids = truths.categories.map(({ id }) => id);
  const open = async (folder: string, { file_name, segments_info }: Annotations["annotations"][number]) => {
    const path = join(goldens.folder, folder, file_name);
    const png = segmentIdsOf(await decodePng(sourceOf(readFileSync(path)), path), path);
    return { ...png, segments: segmentsOf(segments_info, ids) };
  };
  const total = panopticCounts(classesOf(truths.categories));
  for (const truth of truths.annotations) {
    const where = `${golden.name}, image ${truth.image_id}`;
    const prediction = predictions.annotations.find(({ image_id }) => image_id === truth.image_id);
    const counts = panopticCounts(classesOf(truths.categories));
    countSegments(
      counts,
      await open(golden.ground_truth_folder, truth),
      prediction && (await open(golden.prediction_folder, prediction)),
      where,
    );
    expectStatistics(counts, ids, golden.statistics_per_image[truth.image_id] ?? {}, where);
    addPanopticCounts(total, counts);
  }
  expectStatistics(total, ids, golden.statistics, golden.name);
  const scores = panopticScores(total);
  for (const group of groups) expectMean(scores[group], golden[group], `${golden.name}, ${group}`);
  ids.forEach((id, c) => {
    expectQuality(scores.perClass[c], golden.per_class[id] ?? null, `${golden.name}, category ${id}`);
  });

  const path = (name: string) => join(goldens.folder, name);
  const evaluation = await evaluatePanopticFiles(
    nodePlatform,
    path(golden.prediction_json),
    path(golden.ground_truth_json),
    { predictionMasks: path(golden.prediction_folder), truthMasks: path(golden.ground_truth_folder) },
  );
  expectEvaluation(evaluation, golden, golden.statistics, golden.name);
  for (const { id, ...quality } of evaluation.classes) {
    expectQuality(quality, golden.per_class[id] ?? null, `${golden.name}, files, category ${id}`);
  }
}

describe("max-deeplab", () => {
  // What a file holds says which of the two kinds it is. A set that has none gets one test, skipped.
  const names = goldens.names.filter((name) => name.startsWith("pq"));
  for (const name of names.length > 0 ? names : ["pq"]) {
    goldens.covers(name, async ({ file }) => {
      const { cases } = readJson(file!) as { cases: readonly (SmallCase | FolderCase)[] };
      expect(cases.length).toBeGreaterThan(0);
      for (const golden of cases) {
        if ("prediction_folder" in golden) await checkFolders(golden);
        else await checkSmall(golden);
      }
    });
  }
});
