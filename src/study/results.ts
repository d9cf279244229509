/** What the runs of a study scored. */

import type { Evaluation } from "../evaluation/evaluate.ts";
import {
  type Arm,
  type Claim,
  fractionText,
  hasShares,
  type Judgement,
  type Scores,
  type StudyPlan,
  spreadOf,
} from "../methods/study.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import { armName, askedOf, planFor, planOf, type StudyChoice, sharedSettings } from "./schedule.ts";

export interface Cell {
  readonly fraction: number;
  /** The score (see `Arm.measure`) by seed, 0 … 1; undefined where a run is missing. */
  readonly values: readonly (number | undefined)[];
  /** Null where nothing was measured. */
  readonly mean: number | null;
  /** Sample standard deviation over the seeds. */
  readonly deviation: number;
}

export interface Row {
  readonly arm: Arm;
  /** One for each share of the labels; null where the arm has no runs. */
  readonly cells: readonly (Cell | null)[];
}

export interface StudyResults {
  readonly fractions: readonly number[];
  /** Whether arms learn from shares of the labels; else `fractions` is [1]. */
  readonly shares: boolean;
  readonly seeds: number;
  /** What is scored where an arm says nothing else: `mean IoU`. */
  readonly measure: string;
  readonly rows: readonly Row[];
  readonly claims: readonly (Pick<Claim, "text" | "source"> & Judgement)[];
  /** What the rows are of. */
  readonly plan: StudyPlan;
  /** What all runs share: the recipe's name and the changes of it. */
  readonly recipe: string;
  readonly settings: readonly string[];
  readonly encoder: string | null;
}

/** Reads the scores of all runs that are there, whichever call they were made by. */
export async function resultsOf(platform: Platform, folder: string, choice: StudyChoice): Promise<StudyResults> {
  const { fractions, seeds, study } = choice;
  const plan = planOf({ ...choice, parts: Object.keys(study.parts) });
  const asked = new Set(askedOf(planOf(choice), choice.arms).arms.map(({ name }) => name));
  const known = new Map<string, (number | undefined)[]>();
  const key = (arm: string, fraction: number) => `${arm} ${fraction}`;
  for (const { name, fractions: own, measure } of plan.arms) {
    for (const fraction of own) {
      const values: (number | undefined)[] = [];
      for (let seed = 0; seed < seeds; seed++) {
        values.push(await scoreOf(platform, `${folder}/runs/${armName(name, fraction, seed)}`, measure));
      }
      known.set(key(name, fraction), values);
    }
  }
  const scores: Scores = (arm, fraction = 1) => known.get(key(arm, fraction)) ?? null;
  const cell = (arm: Arm, fraction: number): Cell | null => {
    const values = scores(arm.name, fraction);
    if (values === null) return null;
    const measured = values.filter((value) => value !== undefined);
    const { mean, deviation } = measured.length === 0 ? { mean: null, deviation: 0 } : spreadOf(measured);
    return { fraction, values, mean, deviation };
  };
  const rows = plan.arms
    .map((arm): Row => ({ arm, cells: fractions.map((fraction) => cell(arm, fraction)) }))
    .filter(({ arm, cells }) => asked.has(arm.name) || cells.some((each) => each?.mean != null));
  return {
    ...{
      fractions,
      shares: hasShares(study),
      seeds,
      measure: study.measure ?? "mean IoU",
      rows,
      settings: sharedSettings(choice),
      recipe: choice.recipe,
      encoder: choice.encoder,
    },
    plan: planFor(
      plan,
      rows.map(({ arm }) => arm),
    ),
    claims: plan.claims.map(({ text, source, judge }) => ({ text, source, ...judge(scores) })),
  };
}

/** A measure of a run, the first if none is named, from its scores.json; undefined where it has none, or a damaged one. */
export async function scoreOf(platform: Platform, run: string, measure?: string): Promise<number | undefined> {
  const path = `${run}/scores.json`;
  if ((await platform.exists(path)) !== "file") return undefined;
  const text = await platform.readText(path);
  try {
    const scores = parseJson(text) as Partial<Evaluation> | null;
    const value = scores?.measures?.find(({ name }) => measure === undefined || name === measure)?.value;
    return typeof value === "number" ? value : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** What the rows are scored by, each once, in their order. */
export function measuresOf({ measure, rows }: Pick<StudyResults, "measure" | "rows">): readonly string[] {
  const measures = new Set(rows.map(({ arm }) => arm.measure ?? measure));
  return measures.size === 0 ? [measure] : [...measures];
}

/** The scores as a table: the heads of its columns, shares of the labels or measures, and the cells of a row. */
export function columnsOf(results: StudyResults): {
  readonly heads: readonly string[];
  readonly cells: (row: Row) => readonly (Cell | null)[];
} {
  const { shares, fractions, measure } = results;
  if (shares) return { heads: fractions.map(fractionText), cells: ({ cells }) => cells };
  const heads = measuresOf(results);
  return {
    heads,
    cells: ({ arm, cells }) => heads.map((head) => (head === (arm.measure ?? measure) ? cells[0] : null)),
  };
}

/** `47.1 ± 0.9`; `47.1` of a single seed; `47.1 ± 0.9 (2)` where a seed is missing; empty where nothing was measured. */
export function cellText(cell: Cell | null): string {
  if (cell === null || cell.mean === null) return "";
  const count = cell.values.filter((value) => value !== undefined).length;
  const mean = (100 * cell.mean).toFixed(1);
  const spread = count < 2 ? mean : `${mean} ± ${(100 * cell.deviation).toFixed(1)}`;
  return count < cell.values.length ? `${spread} (${count})` : spread;
}
