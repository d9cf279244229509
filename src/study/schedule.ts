/** Which runs a study consists of, in order, and what each is called. */
import { suggestion, UsageError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import { applySetting, resolveRecipe } from "../methods/resolve-recipe.ts";
import type { Stage } from "../methods/stage.ts";
import { endsWhole, stagesOf } from "../methods/stages.ts";
import { type Arm, fractionText, type Pretraining, type Study, type StudyPlan } from "../methods/study.ts";

export interface StudyChoice {
  readonly method: Method;
  readonly study: Study;
  readonly parts: readonly string[];
  /** Shares of the labels, ascending. */
  readonly fractions: readonly number[];
  readonly seeds: number;
  /** The user's `key=value` for every run, after the study's own. */
  readonly settings: readonly string[];
}

/** What all runs of a study share. */
export function sharedSettings({ study, settings }: Pick<StudyChoice, "study" | "settings">): readonly string[] {
  return [...study.settings, ...settings];
}

/** One run of a study. */
export interface StudyRun {
  /** Name of its folder below `runs/`. */
  readonly name: string;
  /** For the user: `ddep, 1/8 of the labels, seed 0`. */
  readonly title: string;
  readonly seed: number;
  /** Folder of the run that it begins with. */
  readonly from: string | null;
  /** A data set of its own; null: the study's. */
  readonly dataset: string | null;
  /** Null for pretrainings. */
  readonly arm: { readonly name: string; readonly fraction: number } | null;
  readonly settings: readonly string[];
}

export interface Schedule {
  readonly plan: StudyPlan;
  readonly runs: readonly StudyRun[];
}

/**
 * Throws UsageError for a part that the study does not have, for shares of the labels that have one name, and for settings
 * with which a run could not be trained.
 */
export function scheduleOf({ study, parts, fractions, seeds, settings }: StudyChoice): Schedule {
  for (const part of parts) {
    if (Object.hasOwn(study.parts, part)) continue;
    throw new UsageError(`study: expected known parts, got "${part}". ${suggestion(part, Object.keys(study.parts))}`);
  }
  const twice = fractions.find((fraction, i) => i > 0 && fractionText(fraction) === fractionText(fractions[i - 1]));
  if (twice !== undefined) {
    throw new UsageError(
      `study: expected shares of the labels that differ in three digits, got ${fractionText(twice)} twice. Leave one out.`,
    );
  }
  const planned = planOf({ study, parts, fractions, settings });
  requireCommon(study, planned, settings);
  const shared = sharedSettings({ study, settings });
  const pretrained = new Map(planned.pretrainings.map((each) => [each.name, each]));
  const folderOf = (name: string | null, seed: number) => {
    const source = name === null ? null : pretrained.get(name);
    if (source === undefined) throw new Error(`study: nothing pretrains "${name}".`);
    return source && pretrainingName(source, seed);
  };
  const runs: StudyRun[] = [];
  // Seed by seed, so that a study that is stopped early is whole for the seeds that it has.
  for (const seed of Array.from({ length: seeds }, (_, seed) => seed)) {
    for (const each of planned.pretrainings) {
      if (each.perSeed || seed === 0) {
        runs.push({
          name: pretrainingName(each, seed),
          title: `pretraining ${each.name}, seed ${seed}`,
          ...{ seed, from: folderOf(each.from, seed), dataset: each.dataset, arm: null },
          settings: [...shared, ...each.settings, `seed=${seed}`],
        });
      }
    }
    for (const arm of planned.arms) {
      for (const fraction of arm.fractions) runs.push(armRun(arm, fraction, seed, folderOf(arm.from, seed), shared));
    }
  }
  requireRunnable(study, runs);
  return { plan: planned, runs };
}

/** The study's plan for the recipe as the settings change it; whether its runs can be is not looked at here. */
export function planOf({
  study,
  parts,
  fractions,
  settings,
}: Pick<StudyChoice, "study" | "parts" | "fractions" | "settings">): StudyPlan {
  const { recipe } = resolveRecipe(study.recipe);
  return study.plan({ parts, fractions, recipe: sharedSettings({ study, settings }).reduce(applySetting, recipe) });
}

/** A setting that the study makes itself would be lost without a word, or make two arms one. */
function requireCommon({ scaled }: Study, { arms }: StudyPlan, settings: readonly string[]): void {
  const keyOf = (setting: string) => setting.split("=")[0].trim();
  const own = new Set(
    ["seed", ...arms.flatMap((arm) => arm.settings.map(keyOf))].filter((key) => !scaled.includes(key)),
  );
  const taken = settings.find((setting) => own.has(keyOf(setting)));
  if (taken === undefined) return;
  throw new UsageError(
    `study: expected settings that all runs can share, got ${taken}, which runs differ in. Leave it out, or train without a study.`,
  );
}

/** Values that cannot be, nothing left to train after what a run begins with: found now, and not after hours. */
function requireRunnable(study: Study, runs: readonly StudyRun[]): void {
  const lastStages = new Map<string, string>();
  const whole = new Map<string, boolean>();
  for (const { name, title, settings, from, arm } of runs) {
    const resolved = resolveRecipe(study.recipe, settings);
    const stage = stagesOf(resolved).at(-1) as Stage;
    lastStages.set(name, stage.name);
    if (!whole.has(stage.name)) whole.set(stage.name, endsWhole(resolved));
    if (arm !== null ? whole.get(stage.name) : from === null || lastStages.get(from) !== stage.name) continue;
    throw new UsageError(
      `study: expected steps to train for ${title}, got settings that end with the stage ${stage.name}. Change --set.`,
    );
  }
}

/** Folder of an arm's run below `runs/`. */
export function armName(arm: string, fraction: number, seed: number): string {
  return `${arm}-${fractionText(fraction).replace("/", "of").replace(/\s*%/, "percent")}-seed${seed}`;
}

function armRun(arm: Arm, fraction: number, seed: number, from: string | null, shared: readonly string[]): StudyRun {
  return {
    name: armName(arm.name, fraction, seed),
    title: `${arm.name}, ${fractionText(fraction)} of the labels, seed ${seed}`,
    ...{ seed, from, dataset: null, arm: { name: arm.name, fraction } },
    // Scored once, at the end: choosing the best of several weights on the images that count would flatter.
    settings: ["evaluateEvery=0", ...shared, ...arm.settings, `seed=${seed}`],
  };
}

function pretrainingName({ name, perSeed }: Pretraining, seed: number): string {
  return perSeed ? `${name}-seed${seed}` : name;
}
