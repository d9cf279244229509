import { InputError, Interrupted, oneLine, UsageError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Study } from "../methods/study.ts";
import type { StudyOptions } from "../study/run-study.ts";
import { command } from "./command.ts";
import {
  badImagePolicy,
  datasetOptions,
  engineFor,
  engineOptions,
  placeOf,
  sizeOptions,
  trainingEngineFor,
} from "./options.ts";
import { methodOptions, methodsWith } from "./own-methods.ts";
import { filesOf } from "./published.ts";

export const studyCommand = command({
  name: "study",
  summary: "run a paper's table in miniature: arms, seeds, claims",
  positionals: [
    { name: "METHOD", help: "whose paper, such as ddep", count: "one" },
    {
      name: "DATASET",
      help: "what its runs learn from, with masks to score on; default: drawn scenes",
      count: "optional",
    },
  ],
  options: {
    out: { kind: "text", placeholder: "FOLDER", help: "new, or a study to go on with; needed" },
    fractions: {
      kind: "text",
      placeholder: "LIST",
      help: "shares of the labels, such as 1/30,1/8,1, where the study has any; default: the paper's",
    },
    seeds: {
      kind: "number",
      placeholder: "N",
      integer: true,
      minimum: 1,
      maximum: 100,
      help: "runs of each arm; default: the study's",
    },
    parts: { kind: "text", placeholder: "LIST", help: "what to study, with commas between; --list shows the parts" },
    arms: {
      kind: "text",
      placeholder: "LIST",
      help: "of the parts' arms, those to run; default: all; --list shows them",
    },
    recipe: { kind: "text", placeholder: "NAME", help: "one of the study's recipes, see --list; default: the first" },
    encoder: {
      kind: "text",
      placeholder: "WEIGHTS",
      help: "what --encoder of tessera train takes, in place of the study's own pretraining of one",
    },
    set: {
      kind: "list",
      placeholder: "KEY=VALUE",
      help: "change one value of every run's recipe, which --list shows; may be repeated",
    },
    list: { kind: "flag", help: "show parts and runs, and run nothing" },
    ...datasetOptions,
    ...sizeOptions,
    ...methodOptions,
    ...engineOptions,
  },
  examples: [
    ["tessera study ddep --out study", "the table of DDeP on drawn scenes; hours on two cores"],
    ["tessera study ddep camvid --out study --fractions 1/8 --seeds 1 --parts starts", "a first look"],
    ["tessera study ddep camvid --out study --seeds 3", "goes on with the same folder: what is there is kept"],
    ["tessera study groupvit --out study", "tables 1 to 4 of GroupViT on drawn scenes; two hours on two cores"],
  ],
  notes:
    "Each run is a folder below FOLDER/runs with a report of its own. FOLDER/index.html has the table, the plot and pictures;\n" +
    "table.md, plot.svg and results.json the same for other uses. Ctrl-C ends after the current step; the same command goes on.",
  async run({ positionals: [name, spec], options }, terminal) {
    const { out, layout, parts, arms, list, shortSide } = options;
    const { method, study } = await studyOf(name, options.method);
    const [{ scheduleOf, sharedSettings, labelsOf }, { hasShares }] = await Promise.all([
      import("../study/schedule.ts"),
      import("../methods/study.ts"),
    ]);
    const choice = {
      ...{ method, study, settings: options.set, seeds: options.seeds ?? study.seeds },
      ...{ recipe: options.recipe ?? Object.keys(study.recipes)[0], encoder: options.encoder ?? null },
      fractions: await fractionsFrom(options.fractions, study),
      parts: parts === undefined ? study.standardParts : listFrom(parts),
      arms: arms === undefined ? undefined : listFrom(arms),
    };
    const { runs } = scheduleOf(choice);
    const shares = hasShares(study);
    if (list) {
      const width = Math.max(...Object.keys(study.parts).map((part) => part.length));
      for (const [part, about] of Object.entries(study.parts)) {
        const chosen = choice.parts.includes(part) ? "*" : " ";
        terminal.print(`${chosen} ${terminal.bold(part.padEnd(width))}  ${about}`);
      }
      terminal.print(`recipes: ${Object.keys(study.recipes).join(", ")}`);
      const shared = sharedSettings(choice);
      const changed = shared.length === 0 ? "" : ` with ${shared.join(" ")}`;
      terminal.print(oneLine(`${runs.length} runs of ${choice.recipe}${changed}:`));
      for (const run of runs) terminal.print(`  ${run.title}`);
      terminal.result({ parts: study.parts, runs });
      return;
    }
    if (out === undefined) throw new UsageError("study: --out is missing. Write --out FOLDER.");
    const [
      { nodePlatform },
      { labelSubset },
      { openTrainingData },
      { runStudy },
      { writeStudy },
      { tableText },
      { keptDataset },
      { fingerprintOf },
      { anythingCounts },
    ] = await Promise.all([
      import("../platform/node.ts"),
      import("../data/label-subset.ts"),
      import("../datasets/training-data.ts"),
      import("../study/run-study.ts"),
      import("../study/write-study.ts"),
      import("../study/table.ts"),
      import("../data/views.ts"),
      import("../runs/run.ts"),
      import("../evaluation/evaluate.ts"),
    ]);
    const encoder = choice.encoder === null ? null : await filesOf([choice.encoder], terminal);
    const onBadFile = badImagePolicy(options);
    const dataset = spec ?? study.dataset;
    const openEngine: StudyOptions["openEngine"] = (resolved, classes = []) =>
      resolved === undefined ? engineFor(options) : trainingEngineFor(options, resolved, classes);
    const openData: StudyOptions["openData"] = async (where, labels, learnsFrom) => {
      const asked = where === dataset ? placeOf(options) : {};
      const keep = labels === null || labels.fraction === 1 ? null : { fraction: labels.fraction };
      const seeded = labels === null ? {} : { labelSeed: labels.seed };
      return openTrainingData(nodePlatform, where, { ...asked, onBadFile, keep, learnsFrom, ...seeded });
    };
    await (await openEngine()).close(); // a device that cannot be had is said before anything is written
    const {
      dataset: all,
      unlabelled,
      validation,
    } = await openData(dataset, null, {
      ...{ labels: labelsOf(choice, runs), more: [], images: true },
    });
    if (validation === null) {
      throw new InputError(
        `${dataset}: expected a labelled split val to score on, got none. A study compares scores: add images/val and masks/val.`,
      );
    }
    // A share of the labels that is no image is said before anything is trained.
    if (shares) labelSubset(all, { fraction: choice.fractions[0], seed: 0 });
    // Every run is scored on it.
    const scored = keptDataset(validation);
    if (!(await anythingCounts(scored, { onBadImage: onBadFile }))) {
      throw new InputError(
        `${dataset}: expected pixels to score in the masks of split val, got none that counts. A study compares scores; see tessera inspect for the masks.`,
      );
    }
    const names = [all, unlabelled, validation].flatMap((each) => ["", ...(each?.ids ?? [])]);
    const reading = {
      ...{ layout: layout ?? null, onBadImage: onBadFile, shortSide: shortSide ?? null },
      samples: await fingerprintOf(names),
    };
    const typed = ["npx tessera-seg", "study", ...process.argv.slice(3).map(quoted)].join(" ");
    const written = { ...choice, platform: nodePlatform, openEngine, folder: out, dataset, command: typed };
    let progress = terminal.progress("training");
    let begun = false;
    try {
      await runStudy({
        ...{ ...choice, platform: nodePlatform, openEngine, dataset, reading, folder: out, signal: terminal.signal },
        ...(encoder && { encoderFiles: encoder.files, licence: encoder.licence }),
        openData: async (where, ...asked) => {
          const data = await openData(where, ...asked);
          return where === dataset ? { ...data, validation: scored } : data;
        },
        onRun: ({ index, count, run, done }) => {
          begun = true;
          progress.end();
          progress = terminal.progress("training"); // its time left is of one run
          terminal.note(`run ${index + 1} of ${count}: ${run.title}${done ? ": done" : ""}`);
        },
        watcher: {
          step({ step, steps, loss }) {
            progress.update(step, steps, `loss ${loss.toFixed(3)}`);
          },
        },
      });
    } catch (error) {
      progress.end();
      // What there is of hours of runs is shown, though without pictures.
      if (begun) {
        await writeStudy({ ...written, validation: null });
        const more = error instanceof Interrupted ? "; the same command goes on" : "";
        terminal.note(oneLine(`what there is so far: ${out}/index.html${more}`));
      }
      throw error;
    }
    progress.end();
    const results = await writeStudy({ ...written, validation: scored });
    terminal.print(tableText(results));
    terminal.print(oneLine(`page: ${out}/index.html`));
    terminal.result({ fractions: results.fractions, rows: results.rows, claims: results.claims });
  },
});

async function studyOf(name: string, files: readonly string[]): Promise<{ method: Method; study: Study }> {
  const [{ findMethod, methods: ours }, { nodePlatform }] = await Promise.all([
    import("../methods/index.ts"),
    import("../platform/node.ts"),
  ]);
  const methods = (await methodsWith(nodePlatform, files)) ?? ours;
  const method = findMethod(name, methods);
  await method.ready?.();
  if (method.study !== undefined) return { method, study: method.study };
  const known = methods.filter(({ study }) => study !== undefined).map((each) => each.name);
  throw new UsageError(`study: expected a method with a study (${known.join(", ")}), got ${name}. Name one of them.`);
}

/** Each once. */
function listFrom(text: string): readonly string[] {
  return [...new Set(text.split(",").map((each) => each.trim()))];
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Ascending, each once. */
async function fractionsFrom(text: string | undefined, study: Study): Promise<readonly number[]> {
  if (text === undefined) return study.fractions;
  const { parseFraction } = await import("../data/label-subset.ts");
  return [...new Set(text.split(",").map((part) => parseFraction(part.trim())))].sort((a, b) => a - b);
}
