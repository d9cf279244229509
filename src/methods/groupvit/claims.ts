/** What the paper's tables 1 to 4 say, to be judged by runs of the study. */
import { above, type Claim, compare, judgeAll, judgeTogether, type Scores } from "../study.ts";

const claim = (text: string, table: number, judge: Claim["judge"]): Claim => ({
  ...{ text, source: `Xu et al. 2022, table ${table}`, judge },
});

/** What the multi-label loss brings each kind of assignment, seed by seed: under names of their own. */
function gains(scores: Scores): Scores {
  const gain = (arm: string, other: string) => {
    const [a, b] = [scores(arm), scores(other)];
    if (a === null || b === null) return null;
    return a.map((value, seed) => {
      const against = b[seed];
      return value === undefined || against === undefined ? undefined : value - against;
    });
  };
  return (name) => (name === "soft" ? gain("soft-multi", "soft") : gain("hard-multi", "hard"));
}

export const claims: readonly Claim[] = [
  claim("hard assignment beats soft, with and without the multi-label loss", 1, (scores) =>
    judgeTogether([above(scores, "hard", "soft"), above(scores, "hard-multi", "soft-multi")]),
  ),
  claim("the multi-label loss helps both", 1, (scores) =>
    judgeTogether([above(scores, "soft-multi", "soft"), above(scores, "hard-multi", "hard")]),
  ),
  // As the table has it (+13.1 and +2.6); the sentence below it names them the other way round.
  claim("it helps soft assignment more than hard", 1, (scores) =>
    judgeAll([compare(gains(scores), "soft", "hard")], "gain of soft − gain of hard"),
  ),
  claim("more group tokens are better: 64 than 32 than 16", 2, (scores) =>
    judgeTogether([above(scores, "32-to-8", "16-to-8"), above(scores, "hard-multi", "32-to-8")]),
  ),
  claim("8 groups are better than 4 and than 16", 2, (scores) =>
    judgeTogether([above(scores, "16-to-8", "16-to-4"), above(scores, "hard-multi", "64-to-16")]),
  ),
  claim("two grouping stages are better than one", 3, (scores) => above(scores, "two-stages", "hard-multi")),
  claim("groups beat a network without them, trained alike", 4, (scores) => above(scores, "two-stages", "pixelwise")),
];
