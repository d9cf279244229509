import { oneLine } from "../errors.ts";
import { classTable, type Evaluation } from "../evaluation/evaluate.ts";
import { measureText } from "../metrics/measure.ts";

/** Scores as a table for a terminal. */
export function evaluationText(evaluation: Evaluation): string {
  const { dataset, split, images, absent, measures } = evaluation;
  const { unit, rows } = classTable(evaluation);
  const width = Math.max(5, ...rows.map(({ name }) => oneLine(name).length));
  const row = (name: string, values: readonly string[]) =>
    [name.padEnd(width), ...values.map((value) => value.padStart(12))].join(" ");
  const total = rows.reduce((sum, { amount }) => sum + amount, 0);
  const columns = rows[0]?.measures.map(({ name }) => `${name} %`) ?? [];
  const lines = [
    `${dataset}, split ${split}: ${images} images, ${total.toLocaleString("en")} labelled ${unit}`,
    "",
    row("class", columns),
    ...rows.map(({ name, measures: own }) =>
      row(
        oneLine(name),
        own.map(({ value }) => (value === null ? "–" : (100 * value).toFixed(1))),
      ),
    ),
    "",
    measures.map((measure) => `${measure.name} ${measureText(measure)}`).join(", "),
  ];
  if (absent.length > 0) {
    lines.push(`in neither truth nor predictions, so left out of the means: ${absent.join(", ")}`);
  }
  return lines.map(oneLine).join("\n");
}
