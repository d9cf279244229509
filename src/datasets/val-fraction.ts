/** A part of `train` as `val`, where a data set has no split to score on. */

import { Random } from "../array/random.ts";
import { InputError, problem } from "../errors.ts";
import type { Layout, Survey } from "./layout.ts";

/**
 * The layout with `fraction` of the samples of train in val, drawn by their names alone: the same whoever asks, wherever
 * the data set lies. Its readers throw InputError where there is a val already, or where it would take none or all of train.
 */
export function partedLayout(layout: Layout, fraction: number): Layout {
  return {
    ...layout,
    async splits(platform, folders) {
      const found = await layout.splits(platform, folders);
      return found.includes("train") && !found.includes("val")
        ? ["train", "val", ...found.filter((each) => each !== "train")]
        : found;
    },
    async survey(platform, folders, split) {
      if (split !== "train" && split !== "val") return layout.survey(platform, folders, split);
      if ((await layout.splits(platform, folders)).includes("val")) {
        const got = "one to score on already";
        throw new InputError(
          problem(folders.root, "expected no split val beside --val-fraction", got, "Leave --val-fraction out."),
        );
      }
      const survey = await layout.survey(platform, folders, "train");
      const isVal = drawn(survey, fraction, folders.root);
      const entries = survey.entries.filter(({ id }) => isVal.has(id) === (split === "val"));
      const isTrain = split === "train";
      return { ...survey, entries, problems: isTrain ? survey.problems : [], notes: isTrain ? survey.notes : [] };
    },
  };
}

function drawn({ entries }: Survey, fraction: number, where: string): ReadonlySet<string> {
  const ids = entries.map(({ id }) => id).sort((a, b) => (a < b ? -1 : 1));
  const count = Math.max(1, Math.round(fraction * ids.length));
  if (count >= ids.length) {
    const expected = "expected samples to learn from beside those to score on";
    throw new InputError(
      problem(
        where,
        expected,
        `${ids.length} in train, of which --val-fraction takes ${count}`,
        "Add images, or take a smaller part.",
      ),
    );
  }
  return new Set(new Random(0, "val").shuffle(ids).slice(0, count));
}
