/** Which runs a study consists of, in order, and what each is called. */
import type { LabelKind } from "../data/sample.ts";
import { suggestion, UsageError } from "../errors.ts";
import type { Method } from "../methods/method.ts";
import { applySetting, keyOf, resolveRecipe } from "../methods/resolve-recipe.ts";
import type { Stage } from "../methods/stage.ts";
import { endsWhole, stagesOf } from "../methods/stages.ts";
import { type Arm, fractionText, hasShares, type Pretraining, type Study, type StudyPlan } from "../methods/study.ts";

export interface StudyChoice {
  readonly method: Method;
  readonly study: Study;
  /** One of the study's. */
  readonly recipe: string;
  /** A published file of an encoder, or a run, in place of the study's own pretraining of one; null: none. */
  readonly encoder: string | null;
  readonly parts: readonly string[];
  /** Of the arms of these parts, those that run, by name. Default: all. */
  readonly arms?: readonly string[] | undefined;
  /** Shares of the labels, ascending. */
  readonly fractions: readonly number[];
  readonly seeds: number;
  /** The user's `key=value` for every run, after the study's own. */
  readonly settings: readonly string[];
}

/** What all runs of a study share. */
export function sharedSettings({
  study,
  recipe,
  settings,
}: Pick<StudyChoice, "study" | "recipe" | "settings">): readonly string[] {
  const all = [...study.recipes[recipe], ...settings];
  // What is asked for stands in place of the study's own.
  return [...new Map(all.map((setting) => [setting.slice(0, setting.indexOf("=")), setting])).values()];
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
  /** It begins with the encoder that is given. */
  readonly fromEncoder: boolean;
  /** A data set of its own; null: the study's. */
  readonly dataset: string | null;
  /** Null for pretrainings. */
  readonly arm:
    | ({ readonly name: string; readonly fraction: number } & Pick<Arm, "measure" | "scoredOn" | "trains">)
    | null;
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
export function scheduleOf(choice: StudyChoice): Schedule {
  const { study, recipe, parts, fractions, seeds, settings } = choice;
  const shares = hasShares(study);
  if (!shares && fractions.some((fraction) => fraction !== 1)) {
    throw new UsageError(
      `study: expected no shares of the labels, since every run of this study learns from all that there is, got ${fractions.map(fractionText).join(", ")}. Leave --fractions out.`,
    );
  }
  if (!Object.hasOwn(study.recipes, recipe)) {
    const known = Object.keys(study.recipes);
    throw new UsageError(`study: expected a recipe of the study, got "${recipe}". ${suggestion(recipe, known)}`);
  }
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
  const planned = askedOf(planOf(choice), choice.arms);
  requireCommon(study, planned, settings);
  const shared = sharedSettings(choice);
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
          fromEncoder: each.fromEncoder === true,
          settings: [...shared, ...each.settings, `seed=${seed}`],
        });
      }
    }
    for (const arm of planned.arms) {
      for (const fraction of arm.fractions) {
        const common = { seed, from: folderOf(arm.from, seed), shares };
        runs.push(armRun(arm, fraction, common, shared));
      }
    }
  }
  requireRunnable(choice, runs);
  return { plan: planned, runs };
}

/** The study's plan for the recipe as the settings change it; whether its runs can be is not looked at here. */
export function planOf(
  choice: Pick<StudyChoice, "method" | "study" | "recipe" | "encoder" | "parts" | "fractions" | "settings">,
): StudyPlan {
  const { study, encoder, parts, fractions } = choice;
  const { recipe } = resolveRecipe(choice.recipe, [], [choice.method]);
  const plan = study.plan({ parts, fractions, recipe: sharedSettings(choice).reduce(applySetting, recipe) });
  if (encoder === null) return plan;
  const made = new Set(plan.pretrainings.filter(({ isEncoder }) => isEncoder).map(({ name }) => name));
  const given = <T extends Arm | Pretraining>(each: T): T =>
    each.from !== null && made.has(each.from) ? { ...each, from: null, fromEncoder: true } : each;
  const pretrainings = plan.pretrainings.filter(({ name }) => !made.has(name)).map(given);
  return { ...plan, pretrainings, arms: plan.arms.map(given) };
}

/** The arms that are asked for, with what they begin with. Throws UsageError for one that the parts do not have. */
export function askedOf(plan: StudyPlan, names: readonly string[] | undefined): StudyPlan {
  if (names === undefined) return plan;
  const known = plan.arms.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`study: expected arms of the parts, got "${unknown}". ${suggestion(unknown, known)}`);
  }
  return planFor(
    plan,
    plan.arms.filter(({ name }) => names.includes(name)),
  );
}

/** The plan for these arms alone. */
export function planFor({ pretrainings, claims }: StudyPlan, arms: readonly Arm[]): StudyPlan {
  const needed = new Set(arms.map(({ from }) => from));
  // Each pretraining comes after what it begins with.
  for (const { name, from } of pretrainings.toReversed()) if (needed.has(name)) needed.add(from);
  return { arms, claims, pretrainings: pretrainings.filter(({ name }) => needed.has(name)) };
}

/** A setting that the study makes itself would be lost without a word, or make two arms one. */
function requireCommon({ scaled }: Study, { arms }: StudyPlan, settings: readonly string[]): void {
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
function requireRunnable({ method, recipe }: StudyChoice, runs: readonly StudyRun[]): void {
  const lastStages = new Map<string, string>();
  const whole = new Map<string, boolean>();
  for (const { name, title, settings, from, arm } of runs) {
    const resolved = resolveRecipe(recipe, settings, [method]);
    if (arm?.trains === false) {
      if (from === null) throw new Error(`study: ${title} trains nothing, and begins with nothing.`);
      continue;
    }
    const stage = stagesOf(resolved).at(-1) as Stage;
    lastStages.set(name, stage.name);
    if (!whole.has(stage.name)) whole.set(stage.name, endsWhole(resolved));
    // What is scored inside need not predict, but has to come behind what it begins with.
    const needsWhole = arm !== null && arm.measure === undefined;
    if (needsWhole ? whole.get(stage.name) : from === null || lastStages.get(from) !== stage.name) continue;
    throw new UsageError(
      `study: expected steps to train for ${title}, got settings that end with the stage ${stage.name}. Change --set.`,
    );
  }
}

/** Kinds of labels that arms learn from at their end, which is what they are compared by. */
export function labelsOf({ method, recipe }: StudyChoice, runs: readonly StudyRun[]): readonly LabelKind[] {
  const [first] = runs.filter(({ arm }) => arm !== null);
  return stagesOf(resolveRecipe(recipe, first.settings, [method])).at(-1)?.learnsFrom ?? [];
}

/** Folder of an arm's run below `runs/`. */
export function armName(arm: string, fraction: number, seed: number): string {
  return `${arm}-${fractionText(fraction).replace("/", "of").replace(/\s*%/, "percent")}-seed${seed}`;
}

function armRun(
  arm: Arm,
  fraction: number,
  { seed, from, shares }: Pick<StudyRun, "seed" | "from"> & { readonly shares: boolean },
  shared: readonly string[],
): StudyRun {
  const share = shares ? `${fractionText(fraction)} of the labels, ` : "";
  return {
    name: armName(arm.name, fraction, seed),
    title: `${arm.name}, ${share}seed ${seed}`,
    ...{ seed, from, dataset: null, fromEncoder: arm.fromEncoder === true },
    arm: { ...scoringOf(arm), name: arm.name, fraction },
    // Scored once, at the end: choosing the best of several weights on the images that count would flatter.
    settings: ["evaluateEvery=0", ...shared, ...arm.settings, `seed=${seed}`],
  };
}

/** How an arm is scored, where that is not as usual. */
function scoringOf({ measure, scoredOn, trains }: Arm): Pick<Arm, "measure" | "scoredOn" | "trains"> {
  return {
    ...(measure !== undefined && { measure }),
    ...(scoredOn !== undefined && { scoredOn }),
    ...(trains === false && { trains }),
  };
}

function pretrainingName({ name, perSeed }: Pretraining, seed: number): string {
  return perSeed ? `${name}-seed${seed}` : name;
}
