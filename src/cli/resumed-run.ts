/** What of a run need not be said again when it is gone on with: its data set, its labels, its recipe. */
import { InputError, UsageError } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Platform } from "../platform/platform.ts";
import type { DataPlace, RunRecord } from "../runs/run-record.ts";

/** What was typed that a run may know. */
export interface Typed {
  readonly dataset?: string | undefined;
  readonly out?: string | undefined;
  readonly resume: boolean;
}

export interface Resumed {
  readonly out: string;
  /** The data set, and how it lies, where it was not named again. */
  readonly place: DataPlace;
  /** Of the run that is gone on with; null for a new one. */
  readonly record: RunRecord | null;
}

/**
 * The run folder and the data set. With `resume` the folder may stand where the data set does, and the data set may be left
 * out. Throws UsageError where something is missing, and InputError where the run's data set is not there any more.
 */
export async function resumedRun(
  platform: Platform,
  { dataset, out: named, resume }: Typed,
  methods: readonly Method[] | undefined,
): Promise<Resumed> {
  const { readRun, stateOf } = await import("../runs/run.ts");
  const isRun = async (folder: string) => (await platform.exists(`${folder}/run.json`)) === "file";
  const isAlone = named === undefined || named === dataset;
  const isFirst = isAlone && resume && dataset !== undefined && (await isRun(dataset));
  const [spec, out] = isFirst ? [undefined, dataset] : [dataset, named];
  if (dataset === undefined && !resume) {
    throw new UsageError(
      "train: DATASET is missing: a folder, or scenes. Usage: tessera train DATASET --out FOLDER [options]",
    );
  }
  if (out === undefined) throw new UsageError("train: --out is missing. Write --out FOLDER.");
  const resumes = resume && (await platform.exists(out)) === "folder" && (await stateOf(platform, out)) === "run";
  const record = resumes ? (await readRun(platform, out, { methods })).record : null;
  if (spec !== undefined) return { out, place: { spec }, record };
  if (record === null) {
    throw new UsageError(
      `train: expected DATASET, got no run in ${out} that would know it. Usage: tessera train DATASET --out FOLDER [options]`,
    );
  }
  const place = record.dataset.place ?? {
    spec: record.dataset.name.replace(/^[\w-]+ /, "").replace(/, images of .*$/, ""),
  };
  const isDrawn = place.spec === "scenes" || place.spec.startsWith("scenes:");
  if (!isDrawn && !/\{\d+\.\.\d+\}/.test(place.spec) && (await platform.exists(place.spec)) === "nothing") {
    throw new InputError(
      `${out}: expected its data set ${place.spec}, got nothing there. Name where it is now: tessera train DATASET --resume --out ${out}`,
    );
  }
  return { out, place, record };
}

/** The labels that the run uses a part of; null: all. */
export function keptLabels({ labels, dataset }: RunRecord): { readonly count: number; readonly seed: number } | null {
  return labels && { count: dataset.samples, seed: labels.seed };
}

/** The recipe of the run in `folder` with its last stage made longer, where nothing else than its length is asked for. */
export async function longerRecipe(
  platform: Platform,
  folder: string,
  { method, recipe }: ResolvedRecipe,
  steps: number,
  methods: readonly Method[] | undefined,
): Promise<ResolvedRecipe | null> {
  const [{ readRun }, { differences, withMoreSteps }, { stagesOf, totalSteps }] = await Promise.all([
    import("../runs/run.ts"),
    import("../methods/resolve-recipe.ts"),
    import("../methods/stages.ts"),
  ]);
  const known = await readRun(platform, folder, { methods });
  const stages = stagesOf(known);
  const lengths = stages.flatMap((stage) => {
    if (stage.kind !== "training") return [];
    const { steps: own, warmupSteps } = stage.fields ?? { steps: "steps", warmupSteps: "warmupSteps" };
    return [own, warmupSteps];
  });
  const others = differences(known.recipe, recipe).filter(
    (line) => !lengths.some((field) => line.startsWith(`${field}: `)),
  );
  if (method.name !== known.method.name || others.length > 0 || steps <= totalSteps(stages)) return null;
  return withMoreSteps(known, steps);
}
