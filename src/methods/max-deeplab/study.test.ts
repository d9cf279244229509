import { describe, expect, test } from "vitest";
import { resolveRecipe } from "../resolve-recipe.ts";
import type { Scores, Verdict } from "../study.ts";
import type { MaxDeepLabRecipe } from "./recipe.ts";
import { study } from "./study.ts";

const parts = Object.keys(study.parts);
const names = Object.keys(study.recipes);
const planOf = (name: string) =>
  study.plan({ parts, fractions: [1], recipe: resolveRecipe(name, study.recipes[name]).recipe });
const plan = planOf(names[0]);

describe("the arms", () => {
  test.each(names)("are networks that can be, of %s", (name) => {
    for (const { settings } of planOf(name).arms) resolveRecipe(name, [...study.recipes[name], ...settings]);
    expect(planOf(name).arms).toHaveLength(17);
  });

  test("each differ from the base in what they are about, and in nothing else", () => {
    const recipeOf = (arm: string) =>
      resolveRecipe(names[0], [...study.recipes[names[0]], ...plan.arms.find(({ name }) => name === arm)!.settings])
        .recipe as MaxDeepLabRecipe;
    const base = recipeOf("base");
    const changes = (arm: string) => {
      const other = recipeOf(arm);
      const fields = (Object.keys(base) as (keyof MaxDeepLabRecipe)[]).filter(
        (key) => JSON.stringify(other[key]) !== JSON.stringify(base[key]),
      );
      return Object.fromEntries(fields.map((key) => [key, other[key]]));
    };
    const { steps, cropHeight } = base;
    expect([steps, cropHeight]).toEqual([400, 129]);
    const large = { cropHeight: 209, cropWidth: 209 };
    expect(Object.fromEntries(plan.arms.map(({ name }) => [name, changes(name)]))).toEqual({
      base: {},
      axial: { axialFromStride: 16 },
      large,
      "large-axial": { ...large, axialFromStride: 16 },
      hourglass: { extraHourglasses: 1 },
      hourglasses: { extraHourglasses: 2 },
      twice: { steps: 800 },
      "four-times": { steps: 1600 },
      "no-p2m": { pixelToMemory: false },
      "no-m2m": { memoryToMemory: false },
      neither: { pixelToMemory: false, memoryToMemory: false },
      "stride-8": { extraTransformerFromStride: 8 },
      "stride-4": { extraTransformerFromStride: 4 },
      sum: { similarity: "sum" },
      "no-semantic": { semanticWeight: 0 },
      "instance-alone": { semanticWeight: 0, maskIdWeight: 0 },
      "pq-alone": { semanticWeight: 0, maskIdWeight: 0, instanceWeight: 0 },
    });
  });

  test("of a part by itself have the base beside them", () => {
    const { recipe } = resolveRecipe(names[0]);
    const armNames = (part: string) =>
      study.plan({ parts: [part], fractions: [1], recipe }).arms.map(({ name }) => name);
    expect(armNames("losses")).toEqual(["base", "sum", "no-semantic", "instance-alone", "pq-alone"]);
    expect(() => armNames("colour")).toThrow('max-deeplab study: there is no part "colour".');
  });
});

describe("the claims", () => {
  const asInPaper: Readonly<Record<string, number>> = {
    ...{ base: 0.457, axial: 0.478, large: 0.461, "large-axial": 0.494, hourglass: 0.471, hourglasses: 0.475 },
    ...{ twice: 0.469, "four-times": 0.477, "no-p2m": 0.45, "no-m2m": 0.455, neither: 0.447 },
    ...{ "stride-8": 0.467, "stride-4": 0.463 },
    ...{ sum: 0.449, "no-semantic": 0.451, "instance-alone": 0.433, "pq-alone": 0.395 },
  };
  /** Two seeds that differ by 0.01, as arms do from each other by `noise` on one of them. */
  function verdicts(changes: Readonly<Record<string, number>> = {}, seeds = 2): readonly Verdict[] {
    const scores: Scores = (arm) => {
      const value = { ...asInPaper, ...changes }[arm];
      const noise = arm === "hourglasses" ? 0.01 : 0;
      return value === undefined || Number.isNaN(value) ? null : [value - noise, value + 0.01 + noise].slice(0, seeds);
    };
    return plan.claims.map(({ judge }) => judge(scores).verdict);
  }
  const count = plan.claims.length;

  test("all hold where scores are as the paper has them and the third climb's gain is within the error", () => {
    expect(verdicts()).toEqual(Array(count).fill("held"));
  });

  test("none holds by one seed", () => {
    expect(verdicts({ hourglasses: 0.45 }, 1)).toEqual(Array(count).fill("not measured"));
  });

  test.each<[string, number, number[]]>([
    ["axial", 0.45, [0]],
    ["large-axial", 0.47, [1]],
    ["hourglass", 0.45, [2]],
    ["hourglasses", 0.52, [2]],
    ["twice", 0.48, [3]],
    ["four-times", 0.46, [3]],
    ["no-p2m", 0.456, [5]],
    ["no-m2m", 0.44, [5]],
    ["stride-8", 0.45, [6]],
    ["stride-4", 0.49, [6]],
    ["sum", 0.46, [7]],
    ["no-semantic", 0.46, [8]],
    ["instance-alone", 0.455, [9]],
    ["pq-alone", 0.44, [10]],
  ])("%s at %d breaks those of it alone", (name, value, broken) => {
    const got = verdicts({ [name]: value });
    expect(got).toEqual(got.map((_, i) => (broken.includes(i) ? "not held" : "held")));
  });

  test("are not measured where an arm has no runs", () => {
    expect(verdicts({ axial: Number.NaN })).toEqual([
      ...["not measured", "not measured"],
      ...Array(count - 2).fill("held"),
    ]);
  });
});
