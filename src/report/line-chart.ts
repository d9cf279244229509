import { axis, round } from "./document.ts";
import { type Html, html } from "./html.ts";

export interface Series {
  readonly name: string;
  /** [step, value], ascending in step. */
  readonly points: readonly (readonly [number, number])[];
}

export interface LineChart {
  readonly title: string;
  readonly series: readonly Series[];
  /** How values are written. */
  readonly format: (value: number) => string;
  /** Values are spread by their logarithm; all must be positive. */
  readonly logarithmic?: boolean;
  /** The vertical axis starts at 0; default true, but not for logarithmic charts. */
  readonly fromZero?: boolean;
}

const [width, height] = [520, 230];
const edge = { left: 52, right: 14, top: 10, bottom: 26 };

/** Colours of the style sheet: more series have none. */
export const mostSeries = 5;

/** One chart: values over steps. Colours follow the order of the series, at most `mostSeries`. */
export function lineChart({ title, series, format, logarithmic = false, fromZero = !logarithmic }: LineChart): Html {
  const drawn = series
    .map(({ name, points }) => ({ name, points: thin(points) }))
    .filter(({ points }) => points.length > 0);
  if (drawn.length === 0) return html``;
  const scale = logarithmic ? Math.log10 : (value: number) => value;
  const all = drawn.flatMap(({ points }) => points);
  const steps = all.map(([step]) => step);
  const values = all.map(([, value]) => scale(value));
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const ticks = ticksOf(fromZero ? Math.min(0, ...values) : Math.min(...values), Math.max(...values), logarithmic);
  const [low, high] = [Math.min(ticks[0], ...values), Math.max(ticks[ticks.length - 1], ...values)];
  const x = axis(first, Math.max(last, first + 1), edge.left, width - edge.right);
  const y = axis(low, high > low ? high : low + 1, height - edge.bottom, edge.top);
  const labels = tickLabels(
    ticks.map((tick) => (logarithmic ? 10 ** tick : tick)),
    format,
  );

  const legend = html`<div class="legend">${drawn.map(
    ({ name }, i) => html`<span><i class="swatch" style="background: var(--series-${i})"></i>${name}</span>`,
  )}</div>`;
  return html`<div class="card chart"><h3>${title}</h3>${drawn.length > 1 ? legend : html``}
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
${ticks.map(
  (tick, i) =>
    html`<line class="grid" x1="${edge.left}" x2="${width - edge.right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/>
<text x="${edge.left - 8}" y="${round(y(tick) + 4)}" text-anchor="end">${labels[i]}</text>`,
)}
<line class="axis" x1="${edge.left}" x2="${width - edge.right}" y1="${height - edge.bottom}" y2="${height - edge.bottom}"/>
${stepTicks(first, last).map(
  (step) =>
    html`<text x="${round(x(step))}" y="${height - 8}" text-anchor="middle">${step.toLocaleString("en")}</text>`,
)}
${drawn.map(({ points }, i) => {
  const marks = points.map(([step, value]) => `${round(x(step))},${round(y(scale(value)))}`);
  // A single point is no curve, and few points are easier to tell apart with dots.
  const dots = points.length > 24 ? [] : marks.map((mark) => mark.split(","));
  return html`<polyline class="curve" style="stroke: var(--series-${i})" points="${marks.join(" ")}"/>${dots.map(
    ([cx, cy]) => html`<circle cx="${cx}" cy="${cy}" r="3" style="fill: var(--series-${i})"/>`,
  )}`;
})}
${hitAreas(drawn, x, format)}
</svg></div>`;
}

/** Invisible strips that name the values under the pointer. */
function hitAreas(drawn: readonly Series[], x: (step: number) => number, format: (value: number) => string): Html[] {
  const steps = [...new Set(drawn.flatMap(({ points }) => points.map(([step]) => step)))].sort((a, b) => a - b);
  const stride = Math.ceil(steps.length / 120);
  const shown = steps.filter((_, i) => i % stride === 0 || i === steps.length - 1);
  const values = drawn.map(({ name, points }) => ({ name, at: new Map(points) }));
  return shown.map((step, i) => {
    const left = i === 0 ? x(step) - 4 : (x(shown[i - 1]) + x(step)) / 2;
    const right = i === shown.length - 1 ? x(step) + 4 : (x(step) + x(shown[i + 1])) / 2;
    const lines = values.flatMap(({ name, at }) => {
      const value = at.get(step);
      return value === undefined ? [] : [`${name}: ${format(value)}`];
    });
    return html`<rect class="hit" x="${round(left)}" y="${edge.top}" width="${round(right - left)}" height="${height - edge.top - edge.bottom}"><title>step ${step.toLocaleString("en")}
${lines.join("\n")}</title></rect>`;
  });
}

/** At most 600 points: means of neighbours, which a curve 450 pixels wide shows as well. */
function thin(points: Series["points"]): Series["points"] {
  const finite = points.filter(([, value]) => Number.isFinite(value));
  const group = Math.ceil(finite.length / 600);
  if (group <= 1) return finite;
  const result: [number, number][] = [];
  for (let i = 0; i < finite.length; i += group) {
    const part = finite.slice(i, i + group);
    result.push([part[part.length - 1][0], part.reduce((sum, [, value]) => sum + value, 0) / part.length]);
  }
  return result;
}

/** Three to seven round values that span the range, logarithms of such on a logarithmic axis: powers of ten where it is tall. */
function ticksOf(low: number, high: number, logarithmic: boolean): number[] {
  const span = high - low || Math.abs(high) || 1;
  if (!logarithmic || span > 2)
    return multiples(low, high, logarithmic ? Math.max(1, Math.round(span / 4)) : niceStep(span));
  const [from, to] = [10 ** low, 10 ** high];
  // Within less than half a decade steps of the values themselves are even enough.
  if (to < 3 * from)
    return multiples(from, to, niceStep(to - from || from))
      .filter((tick) => tick > 0)
      .map(Math.log10);
  const decades = Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  const ticks = decades.flatMap((power) => [1, 2, 5].map((mantissa) => power + Math.log10(mantissa)));
  const first = ticks.findLastIndex((tick) => tick <= low + 1e-9);
  return ticks.slice(first, ticks.findIndex((tick) => tick >= high - 1e-9) + 1);
}

/** About a quarter of the span: 1, 2 or 5 times a power of ten. */
function niceStep(span: number): number {
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((m) => m * power >= rough) ?? 10);
}

function multiples(low: number, high: number, step: number): number[] {
  const ticks: number[] = [];
  for (let i = Math.floor(low / step + 1e-9); ticks.length === 0 || ticks[ticks.length - 1] < high - step * 1e-6; i++)
    ticks.push(i * step);
  return ticks;
}

/** As `format` has them, or, where two would read alike or off their place, with as many digits as it takes. */
function tickLabels(values: readonly number[], format: (value: number) => string): string[] {
  const least = values.slice(1).reduce((step, value, i) => Math.min(step, Math.abs(value - values[i])), Infinity);
  const forms = [
    format,
    ...[2, 3, 4, 5, 6].map((digits) => (value: number) => String(Number(value.toPrecision(digits)))),
  ];
  const right = forms.find((form) => values.every((value) => Math.abs(Number(form(value)) - value) <= least / 20));
  return values.map(right ?? format);
}

function stepTicks(first: number, last: number): number[] {
  if (first === last) return [first];
  const inner = ticksOf(first, last, false).filter((step) => Number.isInteger(step) && step > first && step < last);
  const apart = (last - first) * 0.09;
  return [first, ...inner.filter((step) => step - first > apart && last - step > apart), last];
}
