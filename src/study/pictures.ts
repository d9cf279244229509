/** The same photographs segmented by the arms of a study, side by side. */
import type { Dataset } from "../data/dataset.ts";
import { labelledDataset, spreadDataset } from "../data/views.ts";
import { InputError } from "../errors.ts";
import { scorerOf } from "../evaluation/scorer.ts";
import type { Method } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import { openSegmenter } from "../prediction/segmenter.ts";
import { pictureOf } from "../report/picture.ts";
import { openRun } from "../runs/open-run.ts";
import type { Engine } from "../runtime/engine.ts";
import type { StudyResults } from "./results.ts";
import { armName } from "./schedule.ts";

export interface PictureRow {
  readonly id: string;
  readonly pictures: readonly { readonly label: string; readonly image: string; readonly score: number | null }[];
}

/** Photographs that are shown. */
const shown = 4;

/** Image, truth, and what each drawn arm that has a run of this share and seed makes of it. Unreadable images are left out. */
export async function pictureRows(
  platform: Platform,
  engine: Engine,
  folder: string,
  method: Method,
  { plan }: Pick<StudyResults, "plan">,
  validation: Dataset,
  { fraction, seed }: { readonly fraction: number; readonly seed: number },
): Promise<PictureRow[]> {
  const { classes } = validation;
  const rows: { id: string; pictures: PictureRow["pictures"][number][] }[] = [];
  for (const { name, drawn } of plan.arms) {
    const run = `${folder}/runs/${armName(name, fraction, seed)}`;
    if (!drawn || (await platform.exists(`${run}/report.html`)) !== "file") continue;
    const segmenter = await openSegmenter(engine, await openRun(platform, run, { methods: [method] }));
    try {
      // All arms of a study are models of one kind.
      const { truth: kind } = scorerOf(segmenter.card.kind, classes);
      const dataset = spreadDataset(labelledDataset(validation, [kind]), shown);
      for (let index = 0; index < dataset.ids.length; index++) {
        const sample = await dataset.read(index).catch(leaveOut);
        if (sample === null) continue;
        const { id, image, labels: truth } = sample;
        const prediction = await segmenter.segment(image);
        const score = scorerOf(segmenter.card.kind, classes, { boundary: false }).add(sample, prediction);
        const small = await pictureOf(platform, classes, { id, score: "", image, truth, prediction });
        rows[index] ??= {
          id,
          pictures: [
            { label: "image", image: small.image, score: null },
            ...(small.truth === null ? [] : [{ label: "truth", image: small.truth, score: null }]),
          ],
        };
        rows[index].pictures.push({ label: name, image: small.prediction, score });
      }
    } finally {
      await segmenter.close();
    }
  }
  return rows.filter((row) => row !== undefined);
}

/** Scoring has said so before. */
function leaveOut(error: unknown): null {
  if (error instanceof InputError) return null;
  throw error;
}
