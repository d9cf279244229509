/** Pictures for a report: where the model does worst, and where best. */
import type { Dataset } from "../data/dataset.ts";
import type { Sample } from "../data/sample.ts";
import type { Segmentation, SegmentOptions } from "../prediction/segmentation.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import { type ImageScore, scoredDataset } from "./evaluate.ts";
import { scorerOf } from "./scorer.ts";

export interface GalleryEntry {
  readonly score: number;
  readonly rank: "best" | "worst";
  readonly sample: Sample;
  readonly prediction: Segmentation;
}

/** Up to `count` best and `count` worst images by their score, worst first in each; no image is in both. */
export function pickImages(
  scores: readonly ImageScore[],
  count: number,
): { readonly best: readonly ImageScore[]; readonly worst: readonly ImageScore[] } {
  const scored = scores.filter(({ score }) => score !== null);
  const ascending = scored.toSorted((a, b) => a.score! - b.score! || a.index - b.index);
  const worst = ascending.slice(0, Math.min(count, Math.ceil(ascending.length / 2)));
  const best = ascending.slice(Math.max(worst.length, ascending.length - count));
  return { best, worst };
}

/**
 * Truth and prediction of the best and worst images of an evaluation, best first. They are segmented again, so that an
 * evaluation need not keep its pictures. Hand each to `use`, then let it go: one is in memory at a time.
 */
export async function eachGalleryEntry(
  segmenter: Segmenter,
  dataset: Dataset,
  scores: readonly ImageScore[],
  use: (entry: GalleryEntry) => void | Promise<void>,
  { count = 6, ...options }: SegmentOptions & { count?: number } = {},
): Promise<void> {
  const scored = scoredDataset(dataset, scorerOf(segmenter.card.kind, dataset.classes));
  const { best, worst } = pickImages(scores, count);
  const ranked = [
    ...best.toReversed().map((score) => ({ score, rank: "best" as const })),
    ...worst.map((score) => ({ score, rank: "worst" as const })),
  ];
  for (const { score, rank } of ranked) {
    const sample = await scored.read(score.index);
    const prediction = await segmenter.segment(sample.image, options);
    await use({ score: score.score!, rank, sample, prediction });
  }
}
