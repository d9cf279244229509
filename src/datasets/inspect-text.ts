/** An inspection's report as plain text for a terminal. */
import { kindsText, labelKinds } from "../data/labels.ts";
import { listed, oneLine } from "../errors.ts";
import { formatColor } from "../image/color.ts";
import { countProblems, type InspectReport, type SplitReport } from "./inspect.ts";
import type { Range } from "./label-tally.ts";
import type { Problem } from "./layout.ts";

/** Most lines of one kind; `--json` has them all. */
const shownLines = 50;

/** report → lines without colours, ending with a line that counts the problems. */
export function inspectText(report: InspectReport): string {
  const lines: string[] = [
    `${oneLine(report.path)}: ${report.layout === undefined ? "no known layout" : report.layout}`,
  ];
  if (report.classes.length > 0) {
    const colored = Object.keys(report.valueMap).some((key) => key.startsWith("#"));
    const ignored = Object.keys(report.valueMap).filter((key) => report.valueMap[key] === "ignore");
    const code = colored ? "colours" : "values";
    const unlabelled = ignored.length === 0 ? "none" : shorten(ignored);
    const coded =
      Object.keys(report.valueMap).length === 0 ? "" : `, masks coded by ${code}, unlabelled: ${unlabelled}`;
    lines.push(`${report.classes.length} ${report.classes.length === 1 ? "class" : "classes"}${coded}`);
  }
  if (report.splits.some(({ kinds }) => kinds.includes("panoptic"))) lines.push(thingsText(report.classes));
  for (const split of report.splits) lines.push("", ...splitLines(split));
  if (report.splits.some((split) => split.classes.length > 0 || hasOwnTags(split))) {
    lines.push("", ...classLines(report));
  }
  lines.push(...problemLines("Problems", report.problems), ...problemLines("Notes", report.notes));
  if (report.layout === undefined) {
    lines.push("", "Layouts that can be read:");
    for (const { name, about, drawing, missing } of report.layouts) {
      lines.push("", `${name}: ${about}; missing here: ${missing.join(", ") || "nothing"}`, indent(drawing));
    }
  }
  const count = countProblems(report);
  const notes = report.splits.reduce((sum, split) => sum + split.notes.length, report.notes.length);
  const noted = notes === 0 ? "" : `, ${notes} ${notes === 1 ? "note" : "notes"}`;
  const found = count === 0 ? "No problems" : count === 1 ? "1 problem" : `${count} problems`;
  lines.push("", `${found}${noted}.`);
  return lines.join("\n");
}

/** `things: car, person; stuff: sky`; what nobody calls a thing is stuff, as whatever learns from segments takes it. */
function thingsText(classes: InspectReport["classes"]): string {
  const names = (isThing: boolean) =>
    listed(
      classes.filter(({ thing }) => (thing === true) === isThing).map(({ name }) => oneLine(name)),
      12,
    ) || "none";
  return `things: ${names(true)}; stuff: ${names(false)}`;
}

function splitLines(split: SplitReport): string[] {
  const { samples, readable, width, height } = split;
  const labels = labelsText(split);
  const unread = samples - readable;
  const lines = [
    `${split.split}: ${samples} ${samples === 1 ? "sample" : "samples"} (${labels})${unread > 0 ? `, ${unread} unreadable` : ""}`,
  ];
  if (width !== undefined && height !== undefined) lines.push(`  width ${span(width)}, height ${span(height)} pixels`);
  return [...lines, ...problemLines("Problems", split.problems, "  "), ...problemLines("Notes", split.notes, "  ")];
}

/** `392 masks, 392 tags (1 to 7 each)`; without counts where every sample has the only kind. */
function labelsText({ labels, kinds, readable }: SplitReport): string {
  if (kinds.length === 0) return "no labels";
  if (readable === 0) return kindsText(kinds);
  const parts = labelKinds.flatMap((kind) => {
    const report = labels[kind];
    if (report === undefined) return [];
    const { samples, perSample, things, from } = report;
    const many =
      perSample &&
      `${perSample.smallest === perSample.largest ? perSample.smallest : `${perSample.smallest} to ${perSample.largest}`} each`;
    const count = samples === readable ? "" : `${samples} with `;
    const source = from === undefined ? "" : ` from ${kindsText([from])}`;
    return [
      `${count}${kindsText([kind])}${source}${many ? `, ${many}` : ""}${things === undefined ? "" : `, ${things} of things in all`}`,
    ];
  });
  return parts.join("; ");
}

function span({ smallest, median, largest }: Range): string {
  return smallest === largest ? String(smallest) : `${smallest} to ${largest} (median ${median})`;
}

/** A table: a row for each class, its share of the labelled pixels and its images in each split, and how many are tagged so. */
function classLines({ classes, splits }: InspectReport): string[] {
  const masked = splits.filter((split) => split.classes.length > 0);
  const tagged = splits.filter(hasOwnTags);
  const unlabelled = masked.map(({ classes: counts, ignoredPixels }) => {
    const pixels = counts.reduce((sum, { pixels }) => sum + pixels, ignoredPixels);
    return percent(pixels === 0 ? 0 : ignoredPixels / pixels);
  });
  const header = [
    ...["class", "colour"],
    ...masked.flatMap(({ split }) => [`${split} share`, "images"]),
    ...tagged.map(({ split }) => `${split} tags`),
  ];
  const rows = classes.map(({ name, color }, i) => [
    ...[oneLine(name), formatColor(color)],
    ...masked.flatMap((split) => [percent(split.classes[i].frequency), String(split.classes[i].images)]),
    ...tagged.map(({ labels }) => String(labels.tags?.perClass?.[i] ?? 0)),
  ]);
  if (masked.length > 0) {
    rows.push(["(unlabelled, of all)", "", ...unlabelled.flatMap((share) => [share, ""]), ...tagged.map(() => "")]);
  }
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  return [header, ...rows].map((row) =>
    row
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])))
      .join("  ")
      .trimEnd(),
  );
}

/** Tags that do not follow from masks, whose images the table counts already. */
function hasOwnTags({ labels: { tags } }: SplitReport): boolean {
  return tags !== undefined && tags.from === undefined;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0 && share < 0.001 ? 3 : 1)} %`;
}

function problemLines(title: string, problems: readonly Problem[], margin = ""): string[] {
  if (problems.length === 0) return [];
  const lines = problems.slice(0, shownLines).map(({ message }) => oneLine(`${margin}  ${message}`));
  const more = problems.length - lines.length;
  if (more > 0) lines.push(`${margin}  … and ${more} more; --json lists all`);
  return [`${margin}${title}:`, ...lines];
}

function shorten(keys: readonly string[]): string {
  return keys.length > 16 ? `${keys.slice(0, 16).join(", ")} …` : keys.join(", ");
}

function indent(text: string): string {
  return text.replace(/^/gm, "    ");
}
