/** What the paper's ablations say (tables 3 to 5 of Wang et al. 2021, as the specification reads them), to be judged by runs of the study. */
import { above, type Claim, judgeTogether, notAbove } from "../study.ts";

const claim = (text: string, subject: string, judge: Claim["judge"]): Claim => ({
  ...{ text, source: `Wang et al. 2021, ablations of ${subject}`, judge },
});

export const claims: readonly Claim[] = [
  claim("axial attention in place of 3×3 convolutions helps", "scaling", (scores) => above(scores, "axial", "base")),
  claim("larger pictures help a network with axial attention", "scaling", (scores) =>
    above(scores, "large-axial", "axial"),
  ),
  claim("a second climb of the decoder helps, a third one little more", "scaling", (scores) =>
    judgeTogether([above(scores, "hourglass", "base"), notAbove(scores, "hourglasses", "hourglass")]),
  ),
  claim("longer training helps, twice and four times", "scaling", (scores) =>
    judgeTogether([above(scores, "twice", "base"), above(scores, "four-times", "twice")]),
  ),
  claim("pixels that read slots (P2M) matter", "the transformer", (scores) => above(scores, "base", "no-p2m")),
  claim("slots that read slots (M2M) matter less than that", "the transformer", (scores) =>
    above(scores, "no-m2m", "no-p2m"),
  ),
  claim("transformers at stride 8 help, at stride 4 no more", "the transformer", (scores) =>
    judgeTogether([above(scores, "stride-8", "base"), notAbove(scores, "stride-4", "stride-8")]),
  ),
  claim("similarity RQ × SQ beats RQ + SQ", "the losses", (scores) => above(scores, "base", "sum")),
  claim("the semantic loss helps", "the losses", (scores) => above(scores, "base", "no-semantic")),
  claim("the mask-ID loss helps", "the losses", (scores) => above(scores, "no-semantic", "instance-alone")),
  claim("instance discrimination helps", "the losses", (scores) => above(scores, "instance-alone", "pq-alone")),
];
