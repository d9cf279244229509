import { describe, expect, test } from "vitest";
import { float32 } from "../../array/ndarray.ts";
import type { Recipe } from "../recipe.ts";
import { adopt, resolveRecipe } from "../resolve-recipe.ts";
import type { Trained } from "../stage.ts";
import { stagesOf } from "../stages.ts";
import type { Scores, StudyPlan, Verdict } from "../study.ts";
import { study } from "./study.ts";

const parts = Object.keys(study.parts);
const { fractions } = study;
const { recipe } = resolveRecipe("ddep-small");
const everything = study.plan({ parts, fractions, recipe });

/** The recipe of a run, as settings change it. */
const recipeOf = (settings: readonly string[]) => resolveRecipe("ddep-small", settings);

describe("every run of every part", () => {
  const named = new Map(everything.pretrainings.map((each) => [each.name, each]));
  const all = [...everything.pretrainings, ...everything.arms];

  test("has a name of its own", () => {
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const { name } of all) expect(name).toMatch(/^[\w.-]+$/);
  });

  test("begins with one that comes before it", () => {
    everything.pretrainings.forEach(({ from }, i) => {
      if (from !== null) expect(everything.pretrainings.slice(0, i).map(({ name }) => name)).toContain(from);
    });
    for (const { from } of everything.arms) if (from !== null) expect(named.has(from)).toBe(true);
  });

  test.each(all.map((each) => [each.name, each] as const))("%s trains one stage, all else is behind it", (_, run) => {
    const resolved = recipeOf(run.settings);
    const source = run.from === null ? undefined : named.get(run.from);
    // What a run begins with has the stage behind it that it was trained for.
    const stage = source && stagesOf(recipeOf(source.settings)).at(-1)!.name;
    const earlier: Trained = {
      ...{ stage: stage ?? "", recipe: resolved.recipe as Recipe, source: "before" },
      weights: { "encoder.a": float32([1], [0]) },
    };
    const adopted = source === undefined ? resolved : adopt(resolved, [earlier]);
    const [left, ...more] = stagesOf(adopted);
    expect(more).toEqual([]);
    expect(left.name).toBe("fractions" in run ? "finetune" : run.name.startsWith("denoise-") ? "denoise" : "encoder");
    if (source !== undefined) expect(left.requires).toBeDefined();
  });
});

test("the standard parts are parts, and all that is drawn is compared at every share of the labels", () => {
  for (const part of study.standardParts) expect(parts).toContain(part);
  const drawn = everything.arms.filter((arm) => arm.drawn);
  expect(drawn.map(({ name }) => name)).toEqual(["none", "supervised", "dep", "ddep"]);
  for (const arm of drawn) expect(arm.fractions).toEqual(fractions);
});

test.each([
  [[1 / 30, 1 / 8, 1 / 4, 1], 1 / 8],
  [[1 / 30, 1], 1 / 30],
  [[1 / 4, 1], 1 / 4],
  [[1], 1],
])("of the shares %o, single choices are compared at %d", (shares, few) => {
  const { arms } = study.plan({ parts: ["target"], fractions: shares, recipe });
  expect(arms.map((arm) => [arm.name, arm.fractions])).toEqual([
    ["ddep", [few]],
    ["ddep-image", [few]],
  ]);
});

test("factors are of the recipe as the user has it", () => {
  const changed = { ...recipe, learningRate: 0.01, denoiseSteps: 40 } as Recipe;
  const { arms } = study.plan({ parts: ["rates", "length"], fractions, recipe: changed });
  const settings = arms.flatMap((arm) => arm.settings);
  expect(settings).toEqual(expect.arrayContaining(["learningRate=0.0033", "learningRate=0.02"]));
  expect(settings).toEqual(expect.arrayContaining(["denoiseSteps=10", "denoiseSteps=160"]));
});

test("an arm that several parts have is there once, at the shares of all of them", () => {
  const { arms } = study.plan({ parts: ["target", "starts", "width"], fractions, recipe });
  expect(arms.map(({ name }) => name).sort()).toEqual([
    ...["ddep", "ddep-image", "ddep-x2", "dep", "none", "none-x2", "supervised"],
  ]);
  expect(arms.find(({ name }) => name === "ddep")!.fractions).toEqual(fractions);
});

test("with one share of the labels nothing is said of few and many", () => {
  for (const shares of [[1 / 8], [1]]) {
    const plan = study.plan({ parts, fractions: shares, recipe });
    const verdicts = plan.claims.map(({ judge }) => judge(() => [0.3, 0.4]).verdict);
    expect(verdicts[1]).toBe(shares[0] === 1 ? "not measured" : "not held");
    expect(verdicts[2]).toBe("not measured");
  }
});

test("parts that share a pretraining have it once", () => {
  const { pretrainings } = study.plan({ parts: ["starts", "target"], fractions, recipe });
  expect(pretrainings.map(({ name }) => name)).toEqual([
    "encoder",
    "denoise-ddep",
    "denoise-dep",
    "denoise-ddep-image",
  ]);
});

test("an unknown part is our own mistake", () => {
  expect(() => study.plan({ parts: ["colour"], fractions, recipe })).toThrow('ddep study: there is no part "colour".');
});

describe("the claims", () => {
  /** Verdicts in the order of the claims, for scores by arm; `few`: at the fewest labels. */
  function verdicts({ claims }: StudyPlan, score: (arm: string, few: boolean) => number | null): readonly Verdict[] {
    const scores: Scores = (arm, fraction) => {
      const value = score(arm, fraction === Math.min(...fractions));
      return value === null ? null : [value, value + 0.01];
    };
    return claims.map(({ judge }) => judge(scores).verdict);
  }

  const asInPaper: Readonly<Record<string, number>> = {
    ...{ none: 0.2, supervised: 0.4, dep: 0.3, ddep: 0.5, "ddep-image": 0.45, "ddep-sampled": 0.48 },
    ...{ "none-x2": 0.25, "ddep-x2": 0.55 },
  };
  const paper = (arm: string, few: boolean) => (few && arm === "dep" ? 0.45 : asInPaper[arm]);

  test("all hold where the scores are as the paper has them", () => {
    expect(verdicts(everything, paper)).toEqual(Array(7).fill("held"));
  });

  test.each<[string, number, number[]]>([
    ["ddep", 0.44, [0, 3, 4]], // below dep at few labels, below image and sampled elsewhere
    ["dep", 0.1, [1, 2]],
    ["dep", 0.47, [2]],
    ["ddep-image", 0.51, [3]],
    ["ddep-sampled", 0.51, [4]],
    ["none-x2", 0.19, [5]],
    ["ddep-x2", 0.24, [5, 6]],
  ])("%s at %d breaks those of it alone", (arm, value, broken) => {
    const got = verdicts(everything, (each, few) => (each === arm ? value : paper(each, few)));
    expect(got).toEqual(got.map((_, i) => (broken.includes(i) ? "not held" : "held")));
  });

  test("are not measured where an arm has no runs", () => {
    const got = verdicts(everything, (arm, few) => (arm.startsWith("ddep") ? null : paper(arm, few)));
    expect(got).toEqual(["not measured", "held", "held", ...Array(4).fill("not measured")]);
  });
});
