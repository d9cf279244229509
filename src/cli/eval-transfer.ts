/** `eval` of a model on a data set of other classes, and its mean over several of them. */

import type { Dataset } from "../data/dataset.ts";
import { InputError, problem } from "../errors.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";
import { harmonicMean } from "../metrics/harmonic-mean.ts";
import { type Measure, measureText } from "../metrics/measure.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import type { Options, Values } from "./command.ts";

export const transferOptions = {
  map: {
    kind: "text",
    placeholder: "FILE",
    help: 'JSON that maps the model\'s classes to those of the data set, {"car": "vehicle", "sky": null}: null for none; equal names need no entry',
  },
  with: {
    kind: "list",
    placeholder: "FILE",
    help: "scores of the model on another data set, as --out wrote them; may be repeated: also the harmonic mean of all mean IoUs",
  },
} as const satisfies Options;

type TransferOptions = Values<typeof transferOptions>;

/** The segmenter under the data set's classes where a map is given. Throws InputError for files that are no such map. */
export async function transferred(
  platform: Platform,
  segmenter: Segmenter,
  { classes }: Pick<Dataset, "classes">,
  { map: file }: TransferOptions,
): Promise<Segmenter> {
  if (file === undefined) return segmenter;
  const { classMapFrom, mappedSegmenter } = await import("../evaluation/class-map.ts");
  const map = classMapFrom(await readJson(platform, file), file, { from: segmenter.card.classes, to: classes });
  return mappedSegmenter(segmenter, classes, map);
}

async function readJson(platform: Platform, file: string): Promise<unknown> {
  const text = await platform.readText(file);
  try {
    return parseJson(text);
  } catch {
    throw new InputError(problem(file, "expected JSON", "other text", "Correct the file."));
  }
}

interface Scored {
  readonly dataset: string;
  readonly meanIou: number | null;
}

/** What other files say of the same model. Throws InputError for files that are no scores of a class per pixel. */
export async function otherScores(
  platform: Platform,
  { with: files = [] }: TransferOptions,
): Promise<readonly Scored[]> {
  return Promise.all(
    files.map(async (file) => {
      const { dataset, meanIou } = ((await readJson(platform, file)) ?? {}) as Partial<Scored>;
      if (typeof dataset === "string" && (meanIou === null || typeof meanIou === "number")) return { dataset, meanIou };
      throw new InputError(
        problem(
          file,
          "expected scores that tessera eval --out wrote of a class per pixel",
          "other JSON",
          "Name such a file.",
        ),
      );
    }),
  );
}

/** The harmonic mean over this and others; null where there are none. Throws InputError where this has no mean IoU. */
export function meanOverDatasets(evaluation: Evaluation, others: readonly Scored[]): Measure | null {
  if (others.length === 0) return null;
  if (evaluation.kind !== "semantic") {
    throw new InputError(`--with: expected a model of a class per pixel, got one of segments. Leave it out.`);
  }
  const all = [...others.map(({ meanIou }) => meanIou), evaluation.meanIou];
  return { name: `harmonic mean IoU of ${all.length} data sets`, value: harmonicMean(all), unit: "share" };
}

/** `harmonic mean IoU of 2 data sets 52.6 %: camvid 64.1 %, voc 44.6 %`. */
export function meanText(mean: Measure, evaluation: Evaluation, others: readonly Scored[]): string {
  const own = { dataset: evaluation.dataset, meanIou: evaluation.kind === "semantic" ? evaluation.meanIou : null };
  const parts = [...others, own].map(({ dataset, meanIou }) => {
    return `${dataset} ${measureText({ value: meanIou, unit: "share" })}`;
  });
  return `${mean.name} ${measureText(mean)}: ${parts.join(", ")}`;
}
