/** A paper's table as runs of ours: what a method lists, and the `study` room runs, compares and draws. */
import type { Recipe } from "./recipe.ts";

/** A run that others begin with. */
export interface Pretraining {
  /** Unique; part of a folder's name. */
  readonly name: string;
  readonly about: string;
  /** A data set of its own; null: the images of the study's. */
  readonly dataset: string | null;
  /** Changes of the study's recipe, as on the command line: `key=value`. */
  readonly settings: readonly string[];
  /** The pretraining that it begins with; null: none. */
  readonly from: string | null;
  /** One for each seed, or one that all seeds share. */
  readonly perSeed: boolean;
  /** It makes an encoder: one that is given takes its place. */
  readonly isEncoder?: true;
  /** It begins with the encoder that is given. */
  readonly fromEncoder?: true;
}

/** A way of training whose scores are compared: one run for each share of the labels and each seed; without shares, for each seed. */
export interface Arm {
  readonly name: string;
  readonly about: string;
  readonly settings: readonly string[];
  readonly from: string | null;
  /** Shares of the labels; [1] where the study has none. */
  readonly fractions: readonly number[];
  /** Drawn as a line of the plot, and in the pictures. */
  readonly drawn: boolean;
  /**
   * What its runs are scored by where that is not the study's: the name of a measure of what the method looks at inside a run (its
   * trials). The run need not be a whole model. Not for studies with shares of the labels.
   */
  readonly measure?: string;
  /** A data set with the same classes, whose split val its runs are scored on. Default: the study's. */
  readonly scoredOn?: string;
  /** False: it trains nothing, and what it begins with is scored; then it has no settings. Default: it trains. */
  readonly trains?: false;
  /** It begins with the encoder that is given. */
  readonly fromEncoder?: true;
}

export type Verdict = "held" | "not held" | "not measured";

export interface Judgement {
  readonly verdict: Verdict;
  /** The numbers that it rests on, one line. */
  readonly evidence: string;
}

/** Something that the paper says, and whether it is so in our runs. */
export interface Claim {
  readonly text: string;
  readonly source: string;
  judge(scores: Scores): Judgement;
}

/** Score of an arm's runs (its `measure`, or the study's), 0 … 1, by seed; undefined where a run is missing. Null: nothing measured. Default fraction: 1. */
export type Scores = (arm: string, fraction?: number) => readonly (number | undefined)[] | null;

/** What a study, or a part of it, trains. */
export interface StudyRuns {
  /** Each after what it begins with. */
  readonly pretrainings: readonly Pretraining[];
  readonly arms: readonly Arm[];
}

export interface StudyPlan extends StudyRuns {
  readonly claims: readonly Claim[];
}

export interface Study {
  /**
   * The recipes that runs can be changes of, the usual one first, each with the changes that all runs share, before those of the
   * user.
   */
  readonly recipes: Readonly<Record<string, readonly string[]>>;
  /** Data set where none is named. */
  readonly dataset: string;
  /** Shares of the labels that arms learn from; [1]: there are none, every run learns from all that there is. */
  readonly fractions: readonly number[];
  readonly seeds: number;
  /** What arms are scored by, the first measure of their models: default `mean IoU`. */
  readonly measure?: string;
  /** What can be studied by itself: name and one line each. */
  readonly parts: Readonly<Record<string, string>>;
  readonly standardParts: readonly string[];
  /** Fields that arms make of the recipe's value, such as by a factor: a user may set them for all runs, unlike others that arms change. */
  readonly scaled: readonly string[];
  plan(options: StudyQuestion): StudyPlan;
}

export interface StudyQuestion {
  readonly parts: readonly string[];
  /** Shares of the labels, ascending. */
  readonly fractions: readonly number[];
  /** What all runs are changes of: the study's recipe with the user's settings. */
  readonly recipe: Recipe;
}

/** Runs that several parts of a study may have, each name once. */
export function eachOnce<T extends Pretraining | Arm>(runs: readonly T[]): readonly T[] {
  return [...new Map(runs.map((run) => [run.name, run])).values()];
}

/** Whether its arms learn from shares of the labels. */
export function hasShares({ fractions }: Pick<Study, "fractions">): boolean {
  return fractions.some((fraction) => fraction !== 1);
}

/** One arm against another, at one share of the labels, seed by seed. */
export interface Comparison {
  /** Mean over the seeds of the difference of the scores. */
  readonly difference: number;
  /** Standard error of that mean; null with a single seed. */
  readonly error: number | null;
  /** `1/8: +3.1 ± 0.4`, or `1/8: +3.1 (one seed)`, in points, hundredths of the score; where no share is named, without it. */
  readonly text: string;
}

/** Null where no seed has both. fraction: share of the labels; without, of a study that has none. */
export function compare(scores: Scores, arm: string, other: string, fraction?: number): Comparison | null {
  const [a, b] = [scores(arm, fraction) ?? [], scores(other, fraction) ?? []];
  const differences = a.flatMap((value, seed) => {
    const against = b[seed];
    return value === undefined || against === undefined ? [] : [value - against];
  });
  if (differences.length === 0) return null;
  const { mean, deviation } = spreadOf(differences);
  const error = differences.length < 2 ? null : deviation / Math.sqrt(differences.length);
  const points = `${mean >= 0 ? "+" : "−"}${(100 * Math.abs(mean)).toFixed(1)}`;
  const spread = error === null ? "(one seed)" : `± ${(100 * error).toFixed(1)}`;
  const share = fraction === undefined ? "" : `${fractionText(fraction)}: `;
  return { difference: mean, error, text: `${share}${points} ${spread}` };
}

/**
 * Held where every comparison satisfies `holds`; not measured where one is missing, or would hold but has a single seed: how much
 * seeds differ is then not known. Default: the difference is above its standard error. What lies within the error did not show, and
 * so is not held.
 */
export function judgeAll(
  comparisons: readonly (Comparison | null)[],
  what: string,
  holds: (comparison: Comparison) => boolean = ({ difference, error }) => difference > (error ?? 0),
): Judgement {
  const known = comparisons.filter((each) => each !== null);
  if (known.length === 0 || known.length < comparisons.length) return { verdict: "not measured", evidence: "" };
  const evidence = `${what} ${known.map(({ text }) => text).join("; ")}`;
  if (!known.every(holds)) return { verdict: "not held", evidence };
  return { verdict: known.some(({ error }) => error === null) ? "not measured" : "held", evidence };
}

/** One arm above another by more than the standard error. Of a study without shares of the labels. */
export function above(scores: Scores, arm: string, other: string): Judgement {
  return judgeAll([compare(scores, arm, other)], `${arm} − ${other}`);
}

/** One arm not above another by more than the standard error. Of a study without shares of the labels. */
export function notAbove(scores: Scores, arm: string, other: string): Judgement {
  const holds = ({ difference, error }: Comparison) => difference <= (error ?? 0);
  return judgeAll([compare(scores, arm, other)], `${arm} − ${other}`, holds);
}

/** Several judgements as one. */
export function judgeTogether(judgements: readonly Judgement[]): Judgement {
  const verdicts = judgements.map(({ verdict }) => verdict);
  const evidence = judgements.map((each) => each.evidence).join(" | ");
  if (judgements.some((each) => each.verdict === "not measured" && each.evidence === "")) {
    return { verdict: "not measured", evidence: "" };
  }
  if (verdicts.includes("not held")) return { verdict: "not held", evidence };
  return { verdict: verdicts.includes("not measured") ? "not measured" : "held", evidence };
}

/** Mean and sample standard deviation (n − 1 below the line); deviation 0 of a single value. */
export function spreadOf(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}

/** `1/8`, `all`, or `30 %`. */
export function fractionText(fraction: number): string {
  if (fraction === 1) return "all";
  const inverse = 1 / fraction;
  return Math.abs(inverse - Math.round(inverse)) < 1e-9
    ? `1/${Math.round(inverse)}`
    : `${Number((100 * fraction).toPrecision(3))} %`;
}
