/**
 * Average precision of a ranking: the mean, over the true items, of the share of true ones among all that rank at least
 * as high (Everingham et al. 2010 in its continuous form). Equal scores share one rank. Null where nothing is true.
 */
export function averagePrecision(scores: readonly number[], truth: readonly boolean[]): number | null {
  const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a]);
  let found = 0;
  let sum = 0;
  for (let start = 0; start < order.length; ) {
    let end = start;
    let here = 0;
    // At least one item, also where its score is not a number and so not equal to itself.
    do if (truth[order[end]]) here++;
    while (++end < order.length && scores[order[end]] === scores[order[start]]);
    found += here;
    sum += here * (found / end);
    start = end;
  }
  return found === 0 ? null : sum / found;
}

/** Of each class by itself. scores, truth: one row for each image, one column for each class. */
export function averagePrecisions(
  scores: readonly (readonly number[])[],
  truth: readonly (readonly boolean[])[],
): (number | null)[] {
  const classes = scores[0]?.length ?? 0;
  const column = <T>(rows: readonly (readonly T[])[], k: number) => rows.map((row) => row[k]);
  return Array.from({ length: classes }, (_, k) => averagePrecision(column(scores, k), column(truth, k)));
}

/** Mean over the classes that occur; the rest as in `averagePrecisions`. */
export function meanAveragePrecision(...rows: Parameters<typeof averagePrecisions>): number | null {
  return meanOfKnown(averagePrecisions(...rows));
}

/** Null where nothing is known. */
export function meanOfKnown(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
