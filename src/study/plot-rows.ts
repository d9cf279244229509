/** Scores of arms that have no shares of the labels, a row for each, as SVG that stands alone. */
import { axis, round } from "../report/document.ts";
import { type Html, html } from "../report/html.ts";
import { cellText, measuresOf, type StudyResults } from "./results.ts";

const width = 640;
const edge = { left: 150, right: 90, top: 10, bottom: 40 };
const row = 24;

/** A dot at the mean and a line as long as the standard deviation to both sides; nothing where no arm was measured. */
export function plotRows(results: StudyResults): Html {
  const { rows } = results;
  const measure = measuresOf(results).join(" or ");
  const measured = rows.flatMap(({ arm, cells: [cell] }) =>
    cell?.mean == null ? [] : [{ arm, cell, mean: 100 * cell.mean, deviation: 100 * cell.deviation }],
  );
  if (measured.length === 0) return html``;
  const height = edge.top + row * measured.length + edge.bottom;
  const most = Math.max(5, ...measured.map(({ mean, deviation }) => 5 * Math.ceil((mean + deviation) / 5)));
  const x = axis(0, most, edge.left, width - edge.right);
  const bottom = height - edge.bottom;
  const ticks = Array.from({ length: Math.floor(most / tickStep(most)) + 1 }, (_, i) => i * tickStep(most));
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${measure} of ${measured.map(({ arm }) => arm.name).join(", ")}; the numbers are in the table" font-family="system-ui, sans-serif" font-size="12" fill="#6b6a63">
${ticks.map(
  (tick) =>
    html`<line x1="${round(x(tick))}" x2="${round(x(tick))}" y1="${edge.top}" y2="${bottom}" stroke="#8a897f" stroke-opacity="0.25"/>
<text x="${round(x(tick))}" y="${bottom + 16}" text-anchor="middle">${tick}</text>`,
)}
<text x="${(edge.left + width - edge.right) / 2}" y="${height - 6}" text-anchor="middle">${measure}, percent</text>
${measured.map(({ arm, cell, mean, deviation }, i) => {
  const y = edge.top + row * (i + 0.5);
  const [from, to] = [Math.max(0, mean - deviation), mean + deviation].map((value) => round(x(value)));
  return html`<text x="${edge.left - 10}" y="${y + 4}" text-anchor="end">${arm.name}</text><line x1="${from}" x2="${to}" y1="${y}" y2="${y}" stroke="#2a78d6" stroke-width="2" stroke-opacity="0.6"/>
<circle cx="${round(x(mean))}" cy="${y}" r="4" fill="#2a78d6"><title>${arm.name}: ${cellText(cell)}</title></circle><text x="${to + 10}" y="${y + 4}">${cellText(cell)}</text>`;
})}
</svg>`;
}

function tickStep(most: number): number {
  return most > 30 ? 10 : 5;
}
