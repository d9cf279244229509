/** `eval --trials`: what a method looks at inside a run, scored over a data set. */
import type { Dataset } from "../data/dataset.ts";
import { labelledDataset } from "../data/views.ts";
import { InputError, oneLine } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import type { Measure } from "../metrics/measure.ts";
import type { Platform } from "../platform/platform.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Options } from "./command.ts";
import type { Terminal } from "./terminal.ts";

export const trialOptions = {
  trials: {
    kind: "flag",
    help: "score what the method looks at inside a run, whole or not, such as how well a tokenizer gives masks back; see its README",
  },
} as const satisfies Options;

export interface TrialScores {
  readonly dataset: string;
  readonly split: string;
  readonly model: string;
  /** By the names of trials. */
  readonly trials: Readonly<Record<string, readonly Measure[]>>;
}

export async function evalTrials(
  { platform, engine, terminal }: { readonly platform: Platform; readonly engine: Engine; readonly terminal: Terminal },
  path: string,
  dataset: Dataset,
  {
    methods,
    out,
    onBadImage,
  }: {
    readonly methods?: readonly Method[] | undefined;
    readonly out?: string | undefined;
    onBadImage: "fail" | "skip";
  },
): Promise<void> {
  const [{ openInside }, { runTrial }, { measureText }] = await Promise.all([
    import("../runs/open-inside.ts"),
    import("../evaluation/trial.ts"),
    import("../metrics/measure.ts"),
  ]);
  const note = (message: string) => terminal.note(oneLine(message));
  const inside = await openInside(platform, path, { methods, onDamaged: note, onNote: note });
  const { run, weights, stage, learnsFrom } = inside;
  const scored = inside.trials.filter(({ scores }) => scores !== undefined);
  if (scored.length === 0) {
    throw new InputError(
      `${path}: expected a run with something to score inside for --trials, got one of ${run.method.name}, stage ${stage}. Leave --trials out.`,
    );
  }
  const trials: Record<string, readonly Measure[]> = {};
  const progress = terminal.progress("scoring");
  for (const [index, trial] of scored.entries()) {
    terminal.signal.throwIfAborted();
    const samples = labelledDataset(dataset, trial.learnsFrom ?? learnsFrom);
    const all = { ...trial, images: samples.ids.length };
    const { seed } = run.recipe;
    const found = await runTrial(all, { engine, dataset: samples, weights, seed, onBadImage, pictured: 1 });
    if (found !== null) trials[trial.name] = found.measures;
    progress.update(index + 1, scored.length, trial.name);
  }
  progress.end();
  const result: TrialScores = { dataset: dataset.name, split: dataset.split, model: path, trials };
  for (const measures of Object.values(trials)) {
    terminal.print(oneLine(measures.map((measure) => `${measure.name} ${measureText(measure)}`).join(", ")));
  }
  if (out !== undefined) await platform.writeFile(out, `${JSON.stringify(result, null, 1)}\n`);
  terminal.result(result);
}
