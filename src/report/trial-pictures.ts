/** What a stage did to some images as it trained: the pictures of its trials, side by side. */

import type { TrialPicture } from "../methods/stage.ts";
import { descriptionBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { isEvaluation, type LoggedPicture, type MetricsLine } from "../runs/log.ts";
import { type Html, html } from "./html.ts";
import { dataAddress } from "./picture.ts";

export interface TrialRow {
  readonly stage: string;
  readonly sample: string;
  readonly pictures: readonly {
    readonly label: string;
    readonly caption: string;
    /** A `data:` address. */
    readonly image: string;
  }[];
}

/** Most pictures of one row that differ by the step alone. */
const mostSteps = 6;

/** One row for each sample of each stage: what stays the same first, then what changed, by step. */
export async function trialRows(
  platform: Pick<Platform, "readFile">,
  folder: string,
  lines: readonly MetricsLine[],
): Promise<TrialRow[]> {
  const rows: TrialRow[] = [];
  const evaluations = lines.filter(isEvaluation).filter(({ pictures }) => pictures !== undefined);
  for (const stage of new Set(evaluations.map((line) => line.stage))) {
    const own = evaluations.filter((line) => line.stage === stage);
    const places = shownPlaces(own.length);
    const shown = own.filter((_, i) => places.has(i));
    const samples = [...new Set(own.flatMap(({ pictures = [] }) => pictures.map(({ sample }) => sample)))];
    for (const sample of samples) {
      const seen = new Map<string, { picture: LoggedPicture; step: number }>();
      for (const { step, pictures = [] } of shown) {
        for (const picture of pictures) if (picture.sample === sample) seen.set(picture.file, { picture, step });
      }
      const all = [...seen.values()];
      const changes = ({ picture: { name } }: (typeof all)[number]) =>
        all.filter(({ picture }) => picture.name === name).length > 1;
      const ordered = [...all.filter((each) => !changes(each)), ...all.filter(changes)];
      const pictures = await Promise.all(
        ordered.map(async (each) => ({
          label: changes(each) ? `${each.picture.name}, step ${each.step.toLocaleString("en")}` : each.picture.name,
          caption: each.picture.caption,
          image: dataAddress("image/png", await platform.readFile(`${folder}/${each.picture.file}`, descriptionBytes)),
        })),
      );
      rows.push({ stage, sample, pictures });
    }
  }
  return rows;
}

/** Places, of `count` in a row, that are shown: all of a few; else first and last, and others evenly between. */
function shownPlaces(count: number): ReadonlySet<number> {
  const shown = Math.min(count, mostSteps);
  return new Set(Array.from({ length: shown }, (_, i) => Math.round((i * (count - 1)) / Math.max(1, shown - 1))));
}

/** A picture as a row holds it. */
export async function stripOf(
  platform: Pick<Platform, "encodeImage">,
  { name, caption, image }: TrialPicture,
): Promise<TrialRow["pictures"][number]> {
  return { label: name, caption, image: dataAddress("image/png", await platform.encodeImage(image, "png")) };
}

/** The section of a page; nothing where there are no rows. title: of the rows of one stage or view. */
export function trialSection(rows: readonly TrialRow[], title: (stage: string) => string): Html {
  const stages = [...new Set(rows.map(({ stage }) => stage))];
  const section = (stage: string) => html`<h2>${title(stage)}</h2>
<div class="rows">${rows
    .filter((row) => row.stage === stage)
    .map(
      ({ sample, pictures }) => html`<figure class="card"><figcaption><b>${sample}</b></figcaption>
<div class="strip">${pictures.map(
        ({ label, caption, image }) =>
          html`<div><img src="${image}" alt="${label} ${sample}"><span>${label}</span><span>${caption}</span></div>`,
      )}</div></figure>`,
    )}</div>`;
  return html`${stages.map(section)}`;
}
