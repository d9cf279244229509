/** What the paper says of its starts and of the noise, to be judged by runs of the study. */
import { type Claim, compare, judgeAll, judgeTogether } from "../study.ts";

/** few: the share of the labels at which single choices are compared. What needs fewer labels than there are is not judged. */
export function claims(fractions: readonly number[], few: number): readonly Claim[] {
  const [fewest, most] = [Math.min(...fractions), Math.max(...fractions)];
  const source = "Brempong et al. 2022";
  return [
    {
      text: "ddep is best at every share of the labels",
      source,
      judge: (scores) =>
        judgeTogether(
          ["none", "supervised", "dep"].map((other) =>
            judgeAll(
              fractions.map((fraction) => compare(scores, "ddep", other, fraction)),
              `ddep − ${other}`,
            ),
          ),
        ),
    },
    {
      text: "dep beats none when labels are few",
      source,
      judge: (scores) => judgeAll([fewest < 1 ? compare(scores, "dep", "none", fewest) : null], "dep − none"),
    },
    {
      text: "dep beats supervised when labels are few, and supervised overtakes it as labels grow",
      source,
      judge: (scores) =>
        judgeTogether([
          judgeAll([fewest < most ? compare(scores, "dep", "supervised", fewest) : null], "dep − supervised"),
          judgeAll([compare(scores, "supervised", "dep", most)], "supervised − dep"),
        ]),
    },
    {
      text: "predicting the noise beats predicting the image",
      source,
      judge: (scores) => judgeAll([compare(scores, "ddep", "ddep-image", few)], "noise − image"),
    },
    {
      text: "a fixed level of 0.22 is not beaten by levels drawn from 0.2 to 0.3 (by more than a standard error)",
      source,
      judge: (scores) =>
        judgeAll(
          [compare(scores, "ddep", "ddep-sampled", few)],
          "fixed − drawn",
          ({ difference, error }) => difference >= -(error ?? 0),
        ),
    },
    {
      text: "a wider decoder helps, even from random weights",
      source,
      judge: (scores) =>
        judgeTogether([
          judgeAll([compare(scores, "none-x2", "none", few)], "none ×2 − ×1"),
          judgeAll([compare(scores, "ddep-x2", "ddep", few)], "ddep ×2 − ×1"),
        ]),
    },
    {
      text: "the gain of ddep over random weights stays with the wider decoder",
      source,
      judge: (scores) => judgeAll([compare(scores, "ddep-x2", "none-x2", few)], "ddep ×2 − none ×2"),
    },
  ];
}
