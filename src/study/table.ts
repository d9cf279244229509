/** A study's results as text: the table of scores, and the paper's claims with what became of them. */
import type { Verdict } from "../methods/study.ts";
import { cellText, columnsOf, measuresOf, type StudyResults } from "./results.ts";

export const verdictText: Readonly<Record<Verdict, string>> = {
  held: "held",
  "not held": "NOT held",
  "not measured": "not measured",
};

/** What the numbers are, one line. */
export function aboutTable(results: StudyResults): string {
  const { seeds, rows, shares } = results;
  const measure = measuresOf(results).join(" or ");
  const fewer = rows.some(({ cells }) => cells.some((cell) => cell?.values.some((value) => value === undefined)));
  const spread = seeds === 1 ? "one seed" : `mean ± standard deviation over ${seeds} seeds`;
  const some = fewer ? ", or the number of them in brackets" : "";
  const by = shares ? "; by share of the labels" : "";
  return `${measure[0].toUpperCase()}${measure.slice(1)}, percent, ${whenScored(results)}; ${spread}${some}${by}.`;
}

/** Where runs are scored on the way, too, the best weights are taken: what was chosen on the images that count says so. */
function whenScored({ settings }: StudyResults): string {
  const last = settings.findLast((setting) => setting.startsWith("evaluateEvery="));
  return last === undefined || last === "evaluateEvery=0"
    ? "at the end of training"
    : "by the weights that scored highest on the way";
}

/** What all runs share, one line. */
export function aboutRuns({ recipe, settings, encoder }: StudyResults): string {
  const begun = encoder === null ? "" : `, encoder ${encoder}`;
  return `recipe ${recipe}${settings.length === 0 ? "" : ` with ${settings.join(" ")}`}${begun}`;
}

/** What differences of scores are in. */
export function pointsText(results: StudyResults): string {
  const measures = measuresOf(results);
  return `points of ${measures.length === 1 ? measures[0] : "the score"}`;
}

function cells(results: StudyResults): string[][] {
  const { heads, cells } = columnsOf(results);
  return [["", ...heads], ...results.rows.map((row) => [row.arm.name, ...cells(row).map(cellText)])];
}

/** For the terminal. */
export function tableText(results: StudyResults): string {
  const rows = cells(results);
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join("  "),
  );
  const claims = results.claims.map(
    ({ text, verdict, evidence }) => `${verdictText[verdict].padEnd(12)}  ${text}${evidence ? ` (${evidence})` : ""}`,
  );
  return [aboutTable(results), "", ...lines, "", "What the paper says, and what these runs say:", ...claims].join("\n");
}

/** For a README. command: what made it, as typed. */
export function tableMarkdown(results: StudyResults, dataset: string, command: string): string {
  const row = (texts: readonly string[]) => `| ${texts.join(" | ")} |`;
  const [head, ...body] = cells(results);
  const claims = results.claims.map(({ text, source, verdict, evidence }) =>
    row([text, source, verdict === "held" ? "held" : `**${verdict}**`, evidence.replaceAll(" |", ";") || "–"]),
  );
  return [
    `${aboutTable(results)} Data set ${dataset}, ${aboutRuns(results)}: \`${command.replaceAll("`", "'")}\``,
    "",
    ...[row(head), row(head.map((_, i) => (i === 0 ? "---" : "--:"))), ...body.map(row)],
    "",
    ...[
      row(["claim", "source", "here", `${pointsText(results)}, mean ± standard error`]),
      "|---|---|---|---|",
      ...claims,
    ],
    "",
  ].join("\n");
}
