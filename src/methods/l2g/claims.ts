/** What the paper says of its ablations, to be judged by runs of the study. */
import { above, type Claim, compare, judgeAll } from "../study.ts";

const claim = (text: string, judge: Claim["judge"]): Claim => ({ text, source: "Jiang et al. 2022, ablations", judge });

export const claims: readonly Claim[] = [
  claim("local-to-global transfer beats the class maps of a network that classifies whole views", (scores) =>
    above(scores, "l2g", "plain-cam"),
  ),
  claim("class maps of a plain network are worse through a sliding window than of whole photographs", (scores) =>
    above(scores, "plain-cam", "sliding-window"),
  ),
  claim("the shape transfer from saliency is better than the attention transfer alone", (scores) =>
    above(scores, "shape", "l2g"),
  ),
  claim("classification of whole views beside the transfer pulls attention to few parts, and is worse", (scores) =>
    above(scores, "l2g", "global-tags"),
  ),
  claim("several local views are better than one", (scores) => above(scores, "l2g", "one-view")),
  claim("uniform and random views do not differ (by more than a standard error)", (scores) =>
    judgeAll(
      [compare(scores, "l2g", "uniform")],
      "random − uniform",
      // How far seeds lie apart is what this is measured by: of one seed nothing can be said.
      ({ difference, error }) => error === null || Math.abs(difference) <= error,
    ),
  ),
  claim("pixel correlation helps", (scores) => above(scores, "l2g", "without-correlation")),
];
