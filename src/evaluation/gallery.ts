/** Pictures for a report: where the model does worst, and where best. */
import type { Dataset } from "../data/dataset.ts";
import { labelledDataset } from "../data/views.ts";
import type { Image, LabelMap } from "../image/image.ts";
import type { Segmenter, SegmentOptions } from "../prediction/segmenter.ts";
import type { ImageScore } from "./evaluate.ts";

export interface GalleryEntry {
  readonly id: string;
  readonly source: string;
  readonly meanIou: number;
  readonly rank: "best" | "worst";
  readonly image: Image;
  readonly truth: LabelMap;
  readonly prediction: LabelMap;
}

/** Up to `count` best and `count` worst images by mean IoU, worst first in each; no image is in both. */
export function pickImages(
  scores: readonly ImageScore[],
  count: number,
): { readonly best: readonly ImageScore[]; readonly worst: readonly ImageScore[] } {
  const scored = scores.filter(({ meanIou }) => meanIou !== null);
  const ascending = scored.toSorted((a, b) => a.meanIou! - b.meanIou! || a.index - b.index);
  const worst = ascending.slice(0, Math.min(count, Math.ceil(ascending.length / 2)));
  const best = ascending.slice(Math.max(worst.length, ascending.length - count));
  return { best, worst };
}

/**
 * Image, truth and prediction of the best and worst images, best first. They are segmented again, so that an
 * evaluation need not keep its pictures. Hand each to `use`, then let it go: one is in memory at a time.
 */
export async function eachGalleryEntry(
  segmenter: Segmenter,
  dataset: Dataset,
  scores: readonly ImageScore[],
  use: (entry: GalleryEntry) => void | Promise<void>,
  { count = 6, ...options }: SegmentOptions & { count?: number } = {},
): Promise<void> {
  const scored = labelledDataset(dataset, ["mask"]);
  const { best, worst } = pickImages(scores, count);
  const ranked = [
    ...best.toReversed().map((score) => ({ score, rank: "best" as const })),
    ...worst.map((score) => ({ score, rank: "worst" as const })),
  ];
  for (const { score, rank } of ranked) {
    const { image, labels } = await scored.read(score.index);
    if (labels.mask === undefined) continue;
    const { labels: prediction } = await segmenter.segment(image, options);
    const source = scored.source(score.index);
    await use({ id: score.id, source, meanIou: score.meanIou!, rank, image, truth: labels.mask, prediction });
  }
}
