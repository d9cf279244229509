/** What `show` draws of: views of a model that predicts, or looks at a run whose stages so far make none. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError, oneLine } from "../errors.ts";
import type { Trial } from "../methods/stage.ts";
import type { Platform } from "../platform/platform.ts";
import { type OpenModelOptions, openTrainedModel } from "./open-model.ts";
import type { Terminal } from "./terminal.ts";

export interface Shown {
  readonly trials: readonly Trial[];
  readonly weights: Named<NdArray>;
  readonly seed: number;
}

/** Throws InputError where nothing of the run, or of the published weights, can be shown. */
export async function openShown(
  platform: Platform,
  path: string,
  terminal: Terminal,
  options: OpenModelOptions,
): Promise<Shown> {
  if ((await platform.exists(`${path}/run.json`)) === "file") {
    const { openInside } = await import("../runs/open-inside.ts");
    const { methods } = options;
    const notes: string[] = [];
    const onNote = (message: string) => notes.push(message);
    const { isWhole, trials, weights, run } = await openInside(platform, path, { methods, onDamaged: onNote, onNote });
    const drawn = trials.filter(({ pictures }) => pictures !== undefined);
    if (!isWhole && drawn.length > 0) {
      for (const note of notes) terminal.note(oneLine(note));
      return { trials: drawn, weights, seed: run.recipe.seed };
    }
  }
  const [{ viewsOf }, model] = await Promise.all([
    import("../methods/stages.ts"),
    openTrainedModel(platform, path, terminal, options),
  ]);
  const { method, recipe, task, weights } = model;
  const trials = viewsOf({ method, recipe }, task);
  if (trials.length > 0) return { trials, weights, seed: recipe.seed };
  throw new InputError(
    `${path}: expected a method that shows something, got ${method.name}, which has no views. Use tessera predict.`,
  );
}
