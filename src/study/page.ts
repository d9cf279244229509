/** A study as one HTML file that needs nothing else. */
import type { ClassInfo } from "../data/sample.ts";
import type { Citation } from "../methods/method.ts";
import { fractionText } from "../methods/study.ts";
import { classLegend, documentPage } from "../report/document.ts";
import { type Html, html } from "../report/html.ts";
import { percent } from "../report/score-charts.ts";
import type { PictureRow } from "./pictures.ts";
import { plot } from "./plot.ts";
import { cellText, columnsOf, type StudyResults } from "./results.ts";
import { aboutRuns, aboutTable, pointsText, verdictText } from "./table.ts";

export interface StudyPage {
  readonly title: string;
  readonly paper: Citation;
  readonly dataset: string;
  readonly results: StudyResults;
  readonly classes: readonly ClassInfo[];
  readonly pictures: readonly PictureRow[];
  /** What the pictures are of: share of the labels and seed. */
  readonly pictured: { readonly fraction: number; readonly seed: number };
  readonly command: string;
  readonly footer: string;
}

export function studyPage(page: StudyPage): string {
  const { title, paper, dataset, results, command, footer } = page;
  const drawing = plot(results);
  const content = html`<h2>Scores</h2>
<p class="hint">${aboutTable(results)}</p>
${drawing.markup === "" ? "" : html`<div class="card" style="max-width: 760px">${drawing}</div>`}
<div class="card scroll" style="margin-top: 14px">${scoreTable(results)}</div>
<h2>What the paper says, and what these runs say</h2>
<p class="hint">Numbers are differences in ${pointsText(results)}: mean over the seeds, run against run, ± standard error.</p>
<div class="card scroll"><table><tr><th scope="col">claim</th><th scope="col">here</th><th scope="col">measured</th></tr>${results.claims.map(
    ({ text, source, verdict, evidence }) =>
      html`<tr><td>${text} <span style="color: var(--muted)">(${source})</span></td><td style="white-space: nowrap">${verdictText[verdict]}</td><td>${evidence || "–"}</td></tr>`,
  )}</table></div>
${pictureSection(page)}
<h2>Runs</h2>
<p class="hint">Each is a folder below runs/, with a report of its own where it trains. All: ${aboutRuns(results)}.</p>
<div class="card scroll"><table><tr><th scope="col">name</th><th scope="col">what it is</th><th scope="col">changes of the recipe</th></tr>${[
    ...results.plan.pretrainings,
    ...results.plan.arms,
  ].map(
    ({ name, about, settings }) => html`<tr><td>${name}</td><td>${about}</td><td>${settings.join(" ")}</td></tr>`,
  )}</table></div>
<h2>Made by</h2>
<div class="card"><code>${command}</code></div>`;
  const subtitle = `${paper.authors}: ${paper.title}. ${paper.venue}. In miniature, on ${dataset}.`;
  return documentPage({ title, subtitle, content, footer });
}

function scoreTable(results: StudyResults): Html {
  const { heads, cells } = columnsOf(results);
  return html`<table><tr><th scope="col">arm</th>${heads.map(
    (head) => html`<th scope="col" class="number">${head}</th>`,
  )}<th scope="col">what it is</th></tr>${results.rows.map(
    (row) =>
      html`<tr><td>${row.arm.name}</td>${cells(row).map((cell) => html`<td class="number">${cellText(cell) || "–"}</td>`)}<td>${row.arm.about}</td></tr>`,
  )}</table>`;
}

function pictureSection({ pictures, classes, pictured, results }: StudyPage): Html {
  if (pictures.length === 0) return html``;
  const share = results.shares ? `${fractionText(pictured.fraction)} of the labels, ` : "";
  return html`<h2>Pictures</h2>
<p class="hint">Validation images, ${share}seed ${pictured.seed}.</p>
${classLegend(classes)}
<div class="rows">${pictures.map(
    ({ id, pictures: row }) => html`<figure class="card"><figcaption><b>${id}</b></figcaption>
<div class="strip">${row.map(
      ({ label, image, score }) =>
        html`<div><img src="${image}" alt="${label} ${id}"><span>${label}${score === null ? "" : ` ${percent(score)}`}</span></div>`,
    )}</div></figure>`,
  )}</div>`;
}
