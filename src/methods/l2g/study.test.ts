import { describe, expect, test } from "vitest";
import { type ScoreTable, verdictsOf } from "../../../test/support/study-scores.ts";
import { resolveRecipe } from "../resolve-recipe.ts";
import { recipes } from "./recipe.ts";
import { study } from "./study.ts";

const parts = Object.keys(study.parts);
const plan = study.plan({ parts, fractions: [1], recipe: recipes["l2g-small"] });

test.each(Object.keys(recipes))("the arms are recipes that can be, of %s", (name) => {
  const { arms } = study.plan({ parts, fractions: [1], recipe: recipes[name as keyof typeof recipes] });
  for (const { settings } of arms) resolveRecipe(name, settings); // which checks it
  expect(new Set(arms.map((arm) => arm.name)).size).toBe(arms.length);
});

test("every arm but the first changes something, and a part by itself has what it is compared with", () => {
  for (const { name, settings } of plan.arms) {
    const { recipe } = resolveRecipe("l2g-small", settings);
    const changed = Object.entries(recipe).filter(
      ([key, value]) => String(value) !== String(recipes["l2g-small"][key as keyof (typeof recipes)["l2g-small"]]),
    );
    expect(changed.length > 0, name).toBe(name !== "l2g");
  }
  for (const part of parts) {
    const [first, ...others] = study.plan({ parts: [part], fractions: [1], recipe: recipes["l2g-small"] }).arms;
    expect([first.name, others.length > 0]).toEqual(["l2g", true]);
  }
});

describe("claims", () => {
  const verdicts = (scores: ScoreTable) => verdictsOf(plan.claims, scores);
  const others = ["plain-cam", "global-tags", "one-view", "without-correlation"];
  const low = Object.fromEntries(others.map((name) => [name, [0.4, 0.42]]));
  const held = { l2g: [0.5, 0.52], uniform: [0.52, 0.5], shape: [0.6, 0.61], "sliding-window": [0.3, 0.33], ...low };
  const count = plan.claims.length;

  test("hold where arms differ as the paper says by more than the standard error", () => {
    expect(verdicts(held)).toEqual(new Array(count).fill("held"));
    const turned = {
      ...held,
      l2g: [0.3, 0.31],
      uniform: [0.5, 0.52],
      shape: [0.2, 0.2],
      "sliding-window": [0.5, 0.51],
    };
    expect(verdicts(turned)).toEqual(new Array(count).fill("not held"));
  });

  test("of one seed are none that held", () => {
    const single = Object.fromEntries(Object.entries(held).map(([name, [first]]) => [name, [first]]));
    expect(verdicts(single)).toEqual(new Array(count).fill("not measured"));
  });

  test("are not measured where an arm is missing", () => {
    expect(verdicts({ l2g: [0.5, 0.5] })).toEqual(new Array(count).fill("not measured"));
  });
});
