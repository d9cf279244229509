/** Scores against the share of the labels, one line an arm, as SVG that stands alone. */
import { fractionText } from "../methods/study.ts";
import { axis, round } from "../report/document.ts";
import { type Html, html } from "../report/html.ts";
import { plotRows } from "./plot-rows.ts";
import { cellText, type StudyResults } from "./results.ts";

const [width, height] = [640, 360];
const edge = { left: 52, right: 120, top: 16, bottom: 44 };
/** Readable on white and on dark pages. */
const colors = ["#8a897f", "#2a78d6", "#eb6834", "#1baf7a", "#8c5fd3"];

interface Line {
  readonly name: string;
  readonly points: readonly {
    readonly fraction: number;
    readonly mean: number;
    readonly deviation: number;
    readonly text: string;
  }[];
}

/** Nothing where no arm that is drawn was measured. Without shares of the labels, a row for each arm. */
export function plot(results: StudyResults): Html {
  if (!results.shares) return plotRows(results);
  const lines: Line[] = results.rows
    .filter(({ arm }) => arm.drawn)
    .map(({ arm, cells }) => ({
      name: arm.name,
      points: cells.flatMap((cell) =>
        cell?.mean == null
          ? []
          : [
              {
                fraction: cell.fraction,
                mean: 100 * cell.mean,
                deviation: 100 * cell.deviation,
                text: cellText(cell),
              },
            ],
      ),
    }))
    .filter(({ points }) => points.length > 0);
  if (lines.length === 0) return html``;
  const all = lines.flatMap(({ points }) => points);
  const [low, high] = bounds(all.flatMap(({ mean, deviation }) => [mean - deviation, mean + deviation]));
  const logs = results.fractions.map(Math.log);
  const [first, last] = [Math.min(...logs), Math.max(...logs)];
  // A single share of the labels stands in the middle.
  const along = axis(first, last, edge.left, width - edge.right);
  const x = (fraction: number) => along(Math.log(fraction));
  const y = axis(low, high, height - edge.bottom, edge.top);
  const ticks = Array.from({ length: Math.round((high - low) / 5) + 1 }, (_, i) => low + 5 * i);
  const names = apart(
    lines.map(({ points }) => y(points[points.length - 1].mean)),
    15,
  );
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${results.measure} against the share of the labels, one line each for ${lines.map(({ name }) => name).join(", ")}; the numbers are in the table" font-family="system-ui, sans-serif" font-size="12" fill="#6b6a63">
${ticks.map(
  (tick) =>
    html`<line x1="${edge.left}" x2="${width - edge.right}" y1="${round(y(tick))}" y2="${round(y(tick))}" stroke="#8a897f" stroke-opacity="0.25"/>
<text x="${edge.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
)}
${results.fractions.map(
  (fraction) =>
    html`<text x="${round(x(fraction))}" y="${height - edge.bottom + 18}" text-anchor="middle">${fractionText(fraction)}</text>`,
)}
<text x="${(edge.left + width - edge.right) / 2}" y="${height - 8}" text-anchor="middle">share of the labels</text>
<text transform="translate(14 ${(edge.top + height - edge.bottom) / 2}) rotate(-90)" text-anchor="middle">${results.measure}, percent</text>
${lines.map(({ name, points }, i) => {
  const color = colors[i % colors.length];
  const marks = points.map(({ fraction, mean }) => `${round(x(fraction))},${round(y(mean))}`).join(" ");
  const end = points[points.length - 1];
  return html`<polyline points="${marks}" fill="none" stroke="${color}" stroke-width="2"/>${points.map(
    ({ fraction, mean, deviation, text }) =>
      html`<line x1="${round(x(fraction))}" x2="${round(x(fraction))}" y1="${round(y(mean - deviation))}" y2="${round(y(mean + deviation))}" stroke="${color}" stroke-opacity="0.6"/>
<circle cx="${round(x(fraction))}" cy="${round(y(mean))}" r="3.5" fill="${color}"><title>${name}, ${fractionText(fraction)}: ${text}</title></circle>`,
  )}<text x="${round(x(end.fraction) + 10)}" y="${round(names[i] + 4)}" style="fill: ${color}; font-weight: 600">${name}</text>`;
})}
</svg>`;
}

/** Multiples of 5 around all values. */
function bounds(values: readonly number[]): [number, number] {
  const low = Math.max(0, 5 * Math.floor(Math.min(...values) / 5));
  return [low, Math.max(low + 5, 5 * Math.ceil(Math.max(...values) / 5))];
}

/** Heights for labels at least `gap` apart, each as near to its own as the order allows. */
function apart(heights: readonly number[], gap: number): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const placed = [...heights];
  for (let i = 1; i < order.length; i++) {
    placed[order[i]] = Math.max(placed[order[i]], placed[order[i - 1]] + gap);
  }
  const over = Math.max(0, ...placed.map((value) => value - (height - edge.bottom)));
  return placed.map((value) => value - over);
}
