/** What all pages share: their frame, the names of classes with their colours, and the axes of drawings. */
import type { ClassInfo } from "../data/sample.ts";
import { type Html, html, raw } from "./html.ts";
import { styleSheet } from "./style.ts";

/** A page that needs nothing else. */
export function documentPage({
  title,
  subtitle,
  content,
  footer,
}: {
  readonly title: string;
  readonly subtitle: string;
  readonly content: Html;
  readonly footer: string;
}): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(styleSheet)}</style>
</head>
<body>
<main>
<header><h1>${title}</h1><p>${subtitle}</p></header>
${content}
<footer>${footer}</footer>
</main>
</body>
</html>
`.markup;
}

/** `rgb(…)` of a class. */
export function colorOf({ color }: ClassInfo): string {
  return `rgb(${color.join(", ")})`;
}

/** The classes by their colours. */
export function classLegend(classes: readonly ClassInfo[]): Html {
  return html`<div class="legend">${classes.map(
    (each) => html`<span><i class="swatch" style="background: ${colorOf(each)}"></i>${each.name}</span>`,
  )}</div>`;
}

/** Where a value from `low` to `high` lies between two places of a drawing; where both are one, in the middle. */
export function axis(low: number, high: number, from: number, to: number): (value: number) => number {
  return (value) => from + (to - from) * (high === low ? 0.5 : (value - low) / (high - low));
}

/** A place to a tenth, which is enough for a drawing. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
