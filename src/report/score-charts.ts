/** Charts of scores: a bar for each class, and the confusion matrix as a heat map. */
import type { ClassInfo } from "../data/sample.ts";
import type { ClassRow } from "../evaluation/evaluate.ts";
import type { SemanticDetails } from "../evaluation/scorer.ts";
import { colorOf } from "./document.ts";
import { type Html, html } from "./html.ts";

/** `87.3` from 0.873; an en dash where there is no value. */
export function percent(value: number | null): string {
  return value === null ? "–" : (100 * value).toFixed(1);
}

/** The first measure of each class, highest first; classes that do not occur come last. */
export function classBars(classes: readonly ClassInfo[], rows: readonly ClassRow[]): Html {
  const first = (index: number) => rows[index].measures[0].value;
  const order = classes.map((_, i) => i).sort((a, b) => (first(b) ?? -1) - (first(a) ?? -1));
  const what = rows[0]?.measures[0].name ?? "";
  const [row, left, right, width] = [26, 150, 56, 760];
  const length = width - left - right;
  const height = order.length * row + 22;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" style="max-width: ${width}px" aria-label="${what} per class">
${[0, 0.25, 0.5, 0.75, 1].map(
  (share) =>
    html`<line class="${share === 0 ? "axis" : "grid"}" x1="${left + share * length}" x2="${left + share * length}" y1="0" y2="${height - 20}"/>
<text x="${left + share * length}" y="${height - 5}" text-anchor="middle">${100 * share}</text>`,
)}
${order.map((index, place) => {
  const y = place * row;
  const score = first(index);
  const { name } = classes[index];
  const tip = `${name}: ${rows[index].measures.map((each) => `${each.name} ${percent(each.value)}`).join(", ")}`;
  const bar =
    score === null
      ? html`<text class="muted" x="${left + 8}" y="${y + 17}">not in this data</text>`
      : html`<path d="${barPath(left, y + 5, score * length, 15)}" style="fill: var(--series-0)"><title>${tip}</title></path>
<text class="value" x="${Math.round(left + score * length + 7)}" y="${y + 17}">${percent(score)}</text>`;
  return html`<rect x="${left - 20}" y="${y + 7}" width="11" height="11" rx="3" style="fill: ${colorOf(classes[index])}; stroke: var(--border)"/>
<text x="${left - 28}" y="${y + 17}" text-anchor="end">${shorten(name, 20)}</text>${bar}`;
})}
</svg>`;
}

/** A bar that stands flat on the axis and is round at its end. */
function barPath(x: number, y: number, length: number, thickness: number): string {
  const radius = Math.min(4, length);
  const straight = (length - radius).toFixed(1);
  return `M${x},${y}h${straight}a${radius},${radius} 0 0 1 ${radius},${radius}v${thickness - 2 * radius}a${radius},${radius} 0 0 1 ${-radius},${radius}h${-Number(straight)}z`;
}

/**
 * Rows are what the mask says, columns what was predicted, cells the share of the row. Only classes that occur.
 */
export function confusionMap(
  classes: readonly ClassInfo[],
  { confusion: rows }: Pick<SemanticDetails, "confusion">,
): Html {
  const totals = rows.map((row) => row.reduce((sum, count) => sum + count, 0));
  const present = classes.map((_, i) => i).filter((i) => totals[i] > 0 || rows.some((row) => row[i] > 0));
  const cell = present.length > 24 ? 22 : 34;
  const [left, top] = [130, 96];
  const [width, height] = [left + present.length * cell + 40, top + present.length * cell + 6];
  const cells = present.flatMap((truth, y) =>
    present.map((guess, x) => {
      const share = totals[truth] > 0 ? rows[truth][guess] / totals[truth] : 0;
      const tip = `${classes[truth].name} predicted as ${classes[guess].name}: ${percent(share)} % of ${totals[truth].toLocaleString("en")} pixels`;
      const text = share >= 0.01 && cell > 30 ? String(Math.round(100 * share)) : "";
      const [px, py] = [left + x * cell, top + y * cell];
      return html`<rect class="cell" x="${px + 1}" y="${py + 1}" width="${cell - 2}" height="${cell - 2}" rx="3" style="fill: var(--series-0); fill-opacity: ${(0.04 + 0.96 * share).toFixed(3)}"><title>${tip}</title></rect>
<text class="${share > 0.55 ? "on" : "value"}" x="${px + cell / 2}" y="${py + cell / 2 + 4}" text-anchor="middle" pointer-events="none">${text}</text>`;
    }),
  );
  return html`<svg viewBox="0 0 ${width} ${height}" style="max-width: ${width}px; min-width: ${Math.min(width, 480)}px" role="img" aria-label="confusion matrix">
${present.map(
  (
    index,
    i,
  ) => html`<text x="${left - 8}" y="${top + i * cell + cell / 2 + 4}" text-anchor="end">${shorten(classes[index].name, 18)}</text>
<text transform="translate(${left + i * cell + cell / 2 + 3} ${top - 8}) rotate(-50)">${shorten(classes[index].name, 16)}</text>`,
)}
${cells}
</svg>`;
}

function shorten(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
