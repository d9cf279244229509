/**
 * n / Σ 1/x: the mean of scores on several data sets that a single bad one pulls down (Lambert et al. 2020, MSeg). 0 where one of them is 0;
 * null of nothing, or where one is unknown.
 *
 * values: each 0 or above.
 */
export function harmonicMean(values: readonly (number | null)[]): number | null {
  if (values.length === 0) return null;
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += 1 / value;
  }
  return values.length / sum;
}
