/** The charts of a run's training as one HTML file that needs nothing else. */
import type { MetricsLine } from "../runs/log.ts";
import { curvesOf } from "./curves.ts";
import { documentPage } from "./document.ts";
import { html } from "./html.ts";
import { lineChart } from "./line-chart.ts";

export function curvesPage(
  lines: readonly MetricsLine[],
  { title, footer }: { readonly title: string; readonly footer: string },
): string {
  const subtitle = `${(lines.at(-1)?.step ?? 0).toLocaleString("en")} steps so far`;
  return documentPage({
    ...{ title, subtitle, footer },
    content: html`<div class="charts">${curvesOf(lines).map(lineChart)}</div>`,
  });
}
