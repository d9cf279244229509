/** Published weights as a run folder. */
import { InputError } from "../errors.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { type PublishedOptions, type PublishedRun, readPublished } from "./published.ts";
import { createRun, stateOf } from "./run.ts";

export interface ImportRunOptions extends PublishedOptions {
  /** New or empty. */
  readonly folder: string;
}

export interface ImportedRun extends Omit<PublishedRun, "weights"> {
  readonly folder: string;
}

/**
 * Reads files of published weights and writes a run folder. Throws InputError where no method knows them, parts of
 * their network are missing, or the folder is not empty; then nothing is written.
 */
export async function importRun(options: ImportRunOptions): Promise<ImportedRun> {
  const { platform, folder } = options;
  if ((await stateOf(platform, folder)) !== "new") {
    throw new InputError(`${folder}: expected an empty folder for the run, got other files. Choose another --out.`);
  }
  const { weights, ...run } = await readPublished(options);
  const progress = { step: 0, stage: 0, stageStep: 0, window: { count: 0, sums: {} }, score: null };
  try {
    await writeCheckpoint(platform, folder, { progress, tensors: { weights } }, { keep: 1 });
    await createRun(platform, folder, run);
  } catch (error) {
    // Half a run would be in the way of the next try.
    for (const name of ["checkpoints", "recipe.json"]) await platform.remove(`${folder}/${name}`).catch(() => {});
    throw error;
  }
  return { ...run, folder };
}
