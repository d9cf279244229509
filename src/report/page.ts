/** The report of a run as one HTML file that needs nothing else. */
import type { ClassInfo } from "../data/sample.ts";
import { classTable, type Evaluation } from "../evaluation/evaluate.ts";
import type { SemanticDetails } from "../evaluation/scorer.ts";
import { classLegend, documentPage } from "./document.ts";
import { type Html, html } from "./html.ts";
import { type LineChart, lineChart } from "./line-chart.ts";
import type { Picture } from "./picture.ts";
import { classBars, confusionMap, percent } from "./score-charts.ts";
import { type TrialRow, trialSection } from "./trial-pictures.ts";

export interface Report {
  readonly title: string;
  readonly subtitle: string;
  /** Headline numbers: label and value. */
  readonly facts: readonly (readonly [string, string])[];
  readonly curves: readonly LineChart[];
  readonly classes: readonly ClassInfo[];
  /** Null where there was nothing to score. */
  readonly evaluation: Evaluation | null;
  readonly best: readonly Picture[];
  readonly worst: readonly Picture[];
  /** Pictures without truth, such as scenes nobody has seen. */
  readonly unseen: readonly Picture[];
  /** What stages that make no whole model did to some images as they trained. */
  readonly trials: readonly TrialRow[];
  /** What the method shows of the inside of its model. */
  readonly views: readonly TrialRow[];
  /** Why each sample was left out, a line each. */
  readonly skipped: readonly string[];
  readonly recipe: Readonly<Record<string, unknown>>;
  readonly footer: string;
}

/** The whole page: what the model does to pictures comes first, then numbers, then how it was trained. */
export function reportPage(report: Report): string {
  const { title, subtitle, facts, curves, classes, evaluation } = report;
  const measure = evaluation?.measures[0].name ?? "score";
  const content = html`<div class="tiles">${facts.map(
    ([label, value]) =>
      html`<div class="card tile"><div class="value">${value}</div><div class="label">${label}</div></div>`,
  )}</div>
${gallery("Best", `The images with the highest ${measure}.`, report.best, classes)}
${gallery("Worst", `The images with the lowest ${measure}: where to look first.`, report.worst, classes)}
${gallery("Not seen in training", "Predictions on pictures from neither split.", report.unseen, classes)}
${trialSection(report.views, (view) => `Inside the model: ${view}`)}
${trialSection(report.trials, (stage) => `Stage ${stage}, as it trained`)}
${evaluation === null ? html`` : html`${classSection(classes, evaluation)}${evaluation.kind === "semantic" ? matrixSection(classes, evaluation) : html``}`}
${curves.length > 0 ? html`<h2>Training</h2><div class="charts">${curves.map(lineChart)}</div>` : html``}
${skippedSection(report.skipped)}
<h2>Recipe</h2>
<div class="card columns"><table>${Object.entries(report.recipe).map(
    ([key, value]) =>
      html`<tr><td>${key}</td><td>${Array.isArray(value) ? value.join(", ") || "none" : String(value)}</td></tr>`,
  )}</table></div>
`;
  return documentPage({ title, subtitle, content, footer: report.footer });
}

function classSection(classes: readonly ClassInfo[], evaluation: Evaluation): Html {
  const { absent } = evaluation;
  const { unit, rows } = classTable(evaluation);
  const columns = rows[0].measures.map(({ name }) => name);
  const what = evaluation.kind === "semantic" ? "Intersection over union, percent." : "Panoptic quality, percent.";
  const without = `In neither truth nor predictions, so left out of the means: ${absent.join(", ")}.`;
  const hint = absent.length === 0 ? what : `${what} ${without}`;
  return html`<h2>Classes</h2><p class="hint">${hint}</p><div class="card">${classBars(classes, rows)}
<details><summary>As a table</summary><div class="scroll"><table>
<tr><th>class</th>${columns.map((name) => html`<th class="number">${name} %</th>`)}<th class="number">${unit}</th></tr>${rows.map(
    ({ name, measures, amount }) =>
      html`<tr><td>${name}</td>${measures.map(({ value }) => html`<td class="number">${percent(value)}</td>`)}<td class="number">${amount.toLocaleString("en")}</td></tr>`,
  )}</table></div></details></div>`;
}

function matrixSection(classes: readonly ClassInfo[], evaluation: SemanticDetails): Html {
  return html`<h2>Confusion</h2>
<p class="hint">Rows: what the mask says. Columns: what was predicted. Numbers: percent of the row's pixels.</p>
<div class="card scroll">${confusionMap(classes, evaluation)}</div>`;
}

function gallery(title: string, hint: string, pictures: readonly Picture[], classes: readonly ClassInfo[]): Html {
  if (pictures.length === 0) return html``;
  return html`<h2>${title}</h2><p class="hint">${hint}</p>${classLegend(classes)}
<div class="gallery">${pictures.map(
    ({ id, score, image, truth, prediction }) => html`<figure class="card">
<figcaption><b>${id}</b><span>${score}</span></figcaption>
<div class="triple"><div><img src="${image}" alt="image ${id}"><span>image</span></div>
${truth === null ? html`` : html`<div><img src="${truth}" alt="truth for ${id}"><span>truth</span></div>`}
<div><img src="${prediction}" alt="prediction for ${id}"><span>prediction</span></div></div>
</figure>`,
  )}</div>`;
}

function skippedSection(skipped: readonly string[]): Html {
  if (skipped.length === 0) return html``;
  return html`<h2>Skipped images</h2><p class="hint">These ${skipped.length} could not be read and were left out.</p>
<div class="card"><table>${skipped.map((line) => html`<tr><td>${line}</td></tr>`)}</table></div>`;
}
