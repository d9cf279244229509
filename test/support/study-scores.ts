/** Scores of a study's arms, for tests of its claims. */
import type { Claim, Scores, Verdict } from "../../src/methods/study.ts";

/** Of each arm its scores, by seed; of others there are none. */
export type ScoreTable = Readonly<Record<string, readonly (number | undefined)[]>>;

export function scoresOf(table: ScoreTable): Scores {
  return (arm) => table[arm] ?? null;
}

/** In the order of the claims. */
export function verdictsOf(claims: readonly Claim[], table: ScoreTable): Verdict[] {
  return claims.map(({ judge }) => judge(scoresOf(table)).verdict);
}
