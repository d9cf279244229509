/** A linear layer on features that stay as they are: what they are worth for classes, by its scores elsewhere. */

export interface LinearProbe {
  /** features of one photograph → a score for each class; larger is likelier. */
  scores(features: readonly number[]): number[];
}

/** Passes over all photographs, and the rate of the first. */
const passes = 300;
const rate = 0.05;
/** Pulls weights towards 0, so that a class with few photographs is not learned by heart. */
const decay = 1e-3;

/**
 * Logistic regression by Adam on all photographs at once, deterministic: over the classes where each photograph has one, otherwise of each
 * class for itself. Features are brought to mean 0 and deviation 1 beforehand.
 *
 * features: one row for each photograph; truth: the same, one column for each class.
 */
export function linearProbe(
  features: readonly (readonly number[])[],
  truth: readonly (readonly boolean[])[],
): LinearProbe {
  const [count, width, classes] = [features.length, features[0].length, truth[0].length];
  const mean = Array.from({ length: width }, (_, d) => features.reduce((sum, row) => sum + row[d], 0) / count);
  const deviation = mean.map((m, d) => Math.sqrt(features.reduce((sum, row) => sum + (row[d] - m) ** 2, 0) / count));
  // A feature that is always the same says nothing, and neither does the last, which is 1, for the bias.
  const scaled = (row: readonly number[]) => [
    ...row.map((x, d) => (deviation[d] > 0 ? (x - mean[d]) / deviation[d] : 0)),
    1,
  ];
  const rows = features.map(scaled);
  const exclusive = truth.every((row) => row.filter(Boolean).length <= 1);
  const weights = Array.from({ length: classes }, () => new Float64Array(width + 1));
  const [first, second] = [0, 1].map(() => weights.map((row) => new Float64Array(row.length)));
  for (let pass = 1; pass <= passes; pass++) {
    const gradients = weights.map((row) => row.map((w, d) => (d === width ? 0 : decay * w)));
    for (const [i, row] of rows.entries()) {
      const logits = weights.map((w) => dot(w, row));
      const likely = exclusive ? softmax(logits) : logits.map((z) => 1 / (1 + Math.exp(-z)));
      for (let k = 0; k < classes; k++) {
        const error = (likely[k] - (truth[i][k] ? 1 : 0)) / count;
        for (let d = 0; d <= width; d++) gradients[k][d] += error * row[d];
      }
    }
    const step = (rate * (1 + Math.cos((Math.PI * (pass - 1)) / passes))) / 2;
    for (let k = 0; k < classes; k++) {
      for (let d = 0; d <= width; d++) {
        first[k][d] = 0.9 * first[k][d] + 0.1 * gradients[k][d];
        second[k][d] = 0.999 * second[k][d] + 0.001 * gradients[k][d] ** 2;
        const size = Math.sqrt(second[k][d] / (1 - 0.999 ** pass)) + 1e-8;
        weights[k][d] -= (step * first[k][d]) / (1 - 0.9 ** pass) / size;
      }
    }
  }
  return {
    scores(row) {
      const x = scaled(row);
      return weights.map((w) => dot(w, x));
    },
  };
}

function dot(a: Float64Array, b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[i] * b[i];
  return sum;
}

function softmax(logits: readonly number[]): number[] {
  const largest = Math.max(...logits);
  const powers = logits.map((z) => Math.exp(z - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
