import { oneLine } from "../errors.ts";
import type { PanopticFilesEvaluation } from "../evaluation/evaluate-panoptic-files.ts";
import type { PanopticQuality } from "../metrics/panoptic-quality.ts";

/** Panoptic quality as a table for a terminal: classes that occur, then the means. */
export function panopticText(evaluation: PanopticFilesEvaluation): string {
  const { predictions, truth, images, segments, classes, absent, all, things, stuff } = evaluation;
  const counted = classes.filter(({ pq }) => pq !== null);
  const width = Math.max("class".length, "all".length, ...counted.map(({ name }) => oneLine(name).length));
  const row = (name: string, quality: readonly string[], counts: readonly string[]) =>
    [name.padEnd(width), ...quality.map((text) => text.padStart(6)), ...counts.map((text) => text.padStart(7))].join(
      " ",
    );
  const sum = (of: "truePositives" | "falsePositives" | "falseNegatives", thing?: boolean) =>
    counted.reduce((total, each) => (thing === undefined || each.thing === thing ? total + each[of] : total), 0);
  const mean = (name: string, quality: PanopticQuality, thing?: boolean) =>
    row(name, percents(quality), [
      String(sum("truePositives", thing)),
      String(sum("falsePositives", thing)),
      String(sum("falseNegatives", thing)),
    ]);
  const lines = [
    `${predictions} against ${truth}: ${images.toLocaleString("en")} ${images === 1 ? "image" : "images"}, ${segments.toLocaleString("en")} segments`,
    "",
    row("class", ["PQ %", "SQ %", "RQ %"], ["found", "false", "missed"]),
    ...counted.map((each) =>
      row(oneLine(each.name), percents(each), [
        String(each.truePositives),
        String(each.falsePositives),
        String(each.falseNegatives),
      ]),
    ),
    "",
    row("mean", ["PQ %", "SQ %", "RQ %"], ["found", "false", "missed"]),
    `${mean("all", all)}  over ${classesText(all.classes)}`,
    `${mean("things", things, true)}  over ${classesText(things.classes)}`,
    `${mean("stuff", stuff, false)}  over ${classesText(stuff.classes)}`,
  ];
  // Large lists of categories have mostly such; --json names them.
  if (absent.length > 0) lines.push(`left out, since in neither truth nor predictions: ${classesText(absent.length)}`);
  return lines.map(oneLine).join("\n");
}

function percents({ pq, sq, rq }: PanopticQuality): string[] {
  return [pq, sq, rq].map((value) => (value === null ? "–" : (100 * value).toFixed(1)));
}

function classesText(count: number): string {
  return `${count} ${count === 1 ? "class" : "classes"}`;
}
