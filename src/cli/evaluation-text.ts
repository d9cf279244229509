import { oneLine } from "../errors.ts";
import type { Evaluation } from "../evaluation/evaluate.ts";

/** Scores as a table for a terminal. */
export function evaluationText(evaluation: Evaluation): string {
  const { dataset, split, images, pixels, classes, absent } = evaluation;
  const width = Math.max(5, ...classes.map(({ name }) => oneLine(name).length));
  const row = (name: string, ...values: readonly string[]) =>
    [name.padEnd(width), ...values.map((value) => value.padStart(9))].join(" ");
  const lines = [
    `${dataset}, split ${split}: ${images} images, ${pixels.toLocaleString("en")} labelled pixels`,
    "",
    row("class", "IoU %", "accuracy", "boundary"),
    ...classes.map(({ name, iou, accuracy, boundaryIou }) =>
      row(oneLine(name), share(iou), share(accuracy), share(boundaryIou)),
    ),
    "",
    row("mean", share(evaluation.meanIou), share(evaluation.meanAccuracy), share(evaluation.meanBoundaryIou)),
    `pixel accuracy ${share(evaluation.pixelAccuracy)}, frequency-weighted IoU ${share(evaluation.frequencyWeightedIou)}`,
  ];
  if (absent.length > 0) lines.push(`in neither masks nor predictions, so left out of the means: ${absent.join(", ")}`);
  return lines.map(oneLine).join("\n");
}

function share(value: number | null): string {
  return value === null ? "–" : (100 * value).toFixed(1);
}
