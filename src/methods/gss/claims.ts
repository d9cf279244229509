/** What the paper says in tables 1 to 3 and 6, judged by runs of ours. */
import { harmonicMean } from "../../metrics/harmonic-mean.ts";
import { above, type Claim, judgeTogether, notAbove, type Scores } from "../study.ts";

/** Places of drawn scenes that the `domains` part is tested on, and trained on. */
export const otherPlaces = ["meadow", "lake", "winter"] as const;
export const knownPlaces = ["street", "beach"] as const;

const claim = (source: string, text: string, judge: Claim["judge"]): Claim => ({
  ...{ text, source: `Chen et al. 2023, ${source}`, judge },
});

/** Harmonic means over the places that no run has seen, by seed: of `ff` those of `ff-meadow`, `ff-lake`, … */
export function overPlaces(scores: Scores): Scores {
  return (arm) => {
    const each = otherPlaces.map((place) => scores(`${arm}-${place}`));
    const seeds = Math.min(...each.map((values) => values?.length ?? 0));
    if (seeds === 0) return null;
    return Array.from({ length: seeds }, (_, seed) => {
      const values = each.map((all) => all?.[seed]);
      return harmonicMean(values.map((value) => value ?? null)) ?? undefined;
    });
  };
}

export const claims: readonly Claim[] = [
  claim("table 1", "colours that lie apart are given back better than random ones", (scores) =>
    above(scores, "ff", "ff-r"),
  ),
  claim("table 1", "training the colours gains nothing (no more than a standard error)", (scores) =>
    notAbove(scores, "tf", "ff"),
  ),
  claim("table 1", "training the colours together with what reads them is worse than training neither", (scores) =>
    above(scores, "ff", "tt"),
  ),
  claim("table 1", "colours are read better by convolutions that were trained", (scores) => above(scores, "ft", "ff")),
  claim("table 1", "and best by attention within windows", (scores) =>
    judgeTogether(["ff", "ff-r", "ft", "tf", "tt"].map((other) => above(scores, "ft-w", other))),
  ),
  claim("table 2", "the discrete VAE with maskiges gives masks back best", (scores) =>
    judgeTogether(["vq-colors", "vq-classes"].map((other) => above(scores, "ff", other))),
  ),
  claim("table 2", "a VQ gives masks back better by channels of classes than by maskiges", (scores) =>
    above(scores, "vq-classes", "vq-colors"),
  ),
  claim("table 3", "learning classes of pixels besides helps", (scores) => above(scores, "grid-8-pixels", "grid-8")),
  claim("table 3", "smaller tokens help", (scores) => above(scores, "grid-4-pixels", "grid-8-pixels")),
  claim("table 3", "window attention over all levels helps", (scores) =>
    above(scores, "grid-4-whole", "grid-4-pixels"),
  ),
  claim(
    "table 6",
    "reading colours by attention helps in places that no run has seen (harmonic mean over them)",
    (scores) => above(overPlaces(scores), "ft-w", "ff"),
  ),
];
