import { describe, expect, test } from "vitest";
import { resolveRecipe } from "../resolve-recipe.ts";
import type { Scores, Verdict } from "../study.ts";
import { type GroupViTRecipe, recipes } from "./recipe.ts";
import { study } from "./study.ts";

const parts = Object.keys(study.parts);
const { recipe } = resolveRecipe("groupvit-scenes");
const plan = study.plan({ parts, fractions: [1], recipe });
const settingsOf = (name: string) => plan.arms.find((arm) => arm.name === name)!.settings;
const changed = (name: string) => resolveRecipe("groupvit-scenes", settingsOf(name)).recipe as GroupViTRecipe;

describe("the arms", () => {
  test.each(Object.keys(recipes).filter((name) => !name.includes("pixelwise")))(
    "are networks that can be, of %s",
    (of) => {
      const { recipe } = resolveRecipe(of);
      const { arms } = study.plan({ parts, fractions: [1], recipe });
      for (const { settings } of arms) resolveRecipe(of, settings); // which checks it
      expect(arms).toHaveLength(plan.arms.length);
    },
  );

  test("differ in what the tables say, and in nothing else", () => {
    const facts = (name: string) => {
      const { assignment, prompts, groupTokens, outputGroups, depths } = changed(name);
      return [assignment, prompts, groupTokens[0], outputGroups.at(-1) ?? 0, depths.length - 1];
    };
    expect(Object.fromEntries(plan.arms.map(({ name }) => [name, facts(name)]))).toEqual({
      "hard-multi": ["hard", 6, 64, 8, 1],
      soft: ["soft", 0, 64, 8, 1],
      hard: ["hard", 0, 64, 8, 1],
      "soft-multi": ["soft", 6, 64, 8, 1],
      "16-to-4": ["hard", 6, 16, 4, 1],
      "16-to-8": ["hard", 6, 16, 8, 1],
      "32-to-8": ["hard", 6, 32, 8, 1],
      "64-to-16": ["hard", 6, 64, 16, 1],
      "two-stages": ["hard", 6, 64, 8, 2],
      pixelwise: ["hard", 6, 0, 0, 0],
    });
    const own = [
      ...["assignment", "prompts", "groupTokens", "outputGroups"],
      ...["depths", "heads", "widthFactors"],
    ] as string[];
    for (const { name } of plan.arms) {
      const other = changed(name);
      const fields = (Object.keys(other) as (keyof GroupViTRecipe)[]).filter(
        (key) => String(other[key]) !== String(recipe[key as keyof typeof recipe]),
      );
      expect(fields.filter((field) => !own.includes(field))).toEqual([]);
    }
  });

  test("have as many blocks with two stages and with none as with one", () => {
    const blocks = (name: string) => changed(name).depths.reduce((sum, depth) => sum + depth, 0);
    expect(new Set(["hard-multi", "two-stages", "pixelwise"].map(blocks)).size).toBe(1);
  });

  test("of a part by itself have what they are compared with beside them", () => {
    const names = (part: string) => study.plan({ parts: [part], fractions: [1], recipe }).arms.map(({ name }) => name);
    expect(names("stages")).toEqual(["hard-multi", "two-stages"]);
    expect(names("pixelwise")).toContain("pixelwise");
    expect(() => names("colour")).toThrow('groupvit study: there is no part "colour".');
  });
});

describe("the claims", () => {
  const asInPaper: Readonly<Record<string, number>> = {
    ...{ soft: 0.12, hard: 0.367, "soft-multi": 0.251, "hard-multi": 0.393 },
    ...{
      "16-to-4": 0.286,
      "16-to-8": 0.371,
      "32-to-8": 0.383,
      "64-to-16": 0.38,
      "two-stages": 0.411,
      pixelwise: 0.201,
    },
  };
  function verdicts(score: (arm: string) => number | null, seeds = 2): readonly Verdict[] {
    const scores: Scores = (arm) => {
      const value = score(arm);
      return value === null ? null : [value, value + 0.01].slice(0, seeds);
    };
    return plan.claims.map(({ judge }) => judge(scores).verdict);
  }

  test("all hold where scores are as the paper's tables have them, and none by one seed", () => {
    expect(verdicts((arm) => asInPaper[arm])).toEqual(Array(7).fill("held"));
    expect(verdicts((arm) => asInPaper[arm], 1)).toEqual(Array(7).fill("not measured"));
  });

  test.each<[string, number, number[]]>([
    ["soft", 0.37, [0, 1, 2]],
    ["hard", 0.2, [2]], // a gain of 19.3 where soft has 13.1
    ["soft-multi", 0.4, [0]],
    ["16-to-8", 0.28, [4]],
    ["32-to-8", 0.36, [3]],
    ["64-to-16", 0.4, [4]],
    ["two-stages", 0.39, [5]],
    ["pixelwise", 0.5, [6]],
  ])("%s at %d breaks those of it alone", (name, value, broken) => {
    const got = verdicts((arm) => (arm === name ? value : asInPaper[arm]));
    expect(got).toEqual(got.map((_, i) => (broken.includes(i) ? "not held" : "held")));
  });

  test("the gain of soft assignment is compared with the gain of hard, as in the table and not as in the sentence", () => {
    const { judge } = plan.claims[2];
    const { evidence } = judge((arm) => [asInPaper[arm], asInPaper[arm]]);
    expect(evidence).toBe("gain of soft − gain of hard +10.5 ± 0.0");
  });

  test("are not measured where an arm has no runs", () => {
    expect(verdicts((arm) => (arm === "hard-multi" ? null : asInPaper[arm]))).toEqual([
      ...["not measured", "not measured", "not measured", "not measured", "not measured", "not measured", "held"],
    ]);
  });
});
