import type { Dataset } from "../data/dataset.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import { version } from "../version.ts";
import { studyPage } from "./page.ts";
import { pictureRows } from "./pictures.ts";
import { plot } from "./plot.ts";
import { resultsOf, type StudyResults } from "./results.ts";
import type { StudyChoice } from "./schedule.ts";
import { tableMarkdown } from "./table.ts";

export interface WriteStudyOptions extends StudyChoice {
  readonly platform: Platform;
  readonly openEngine: () => Promise<Engine>;
  readonly folder: string;
  readonly dataset: string;
  readonly validation: Dataset | null;
  /** What made it, as typed. */
  readonly command: string;
}

/** Writes table.md, results.json, plot.svg and index.html from the runs that are there; pictures where there is `validation`. */
export async function writeStudy(options: WriteStudyOptions): Promise<StudyResults> {
  const { platform, openEngine, folder, dataset, validation, method, fractions, command } = options;
  const results = await resultsOf(platform, folder, options);
  const pictured = { fraction: fractions[Math.min(1, fractions.length - 1)], seed: 0 };
  const engine = validation === null ? null : await openEngine();
  try {
    const pictures =
      engine === null || validation === null
        ? []
        : await pictureRows(platform, engine, folder, method, results, validation, pictured);
    const page = studyPage({
      title: `Study of ${method.name}`,
      ...{ paper: method.paper, dataset, results, pictures, pictured, command },
      classes: validation?.classes ?? [],
      footer: `Written by tessera ${version}.`,
    });
    const { rows, claims, seeds, recipe, settings } = results;
    const scores = rows.map(({ arm, cells }) => ({ arm: arm.name, cells }));
    await platform.writeFile(
      `${folder}/results.json`,
      `${JSON.stringify({ dataset, recipe, settings, seeds, fractions, scores, claims }, null, 1)}\n`,
    );
    await platform.writeFile(`${folder}/table.md`, tableMarkdown(results, dataset, command));
    const drawing = plot(results).markup;
    if (drawing !== "") await platform.writeFile(`${folder}/plot.svg`, `${drawing}\n`);
    else await platform.remove(`${folder}/plot.svg`);
    await platform.writeFile(`${folder}/index.html`, page);
    return results;
  } finally {
    await engine?.close();
  }
}
