import { describe, expect, test } from "vitest";
import { type ScoreTable, scoresOf, verdictsOf } from "../../../test/support/study-scores.ts";
import { resolveRecipe } from "../resolve-recipe.ts";
import { otherPlaces, overPlaces } from "./claims.ts";
import { recipes } from "./recipe.ts";
import { study } from "./study.ts";

const parts = Object.keys(study.parts);
const plan = study.plan({ parts, fractions: [1], recipe: recipes["gss-small"] });

test.each(Object.keys(study.recipes))("runs are recipes that can be, and called once, of %s", (name) => {
  for (const { settings } of [...plan.arms, ...plan.pretrainings])
    resolveRecipe(name, [...study.recipes[name], ...settings]); // which checks it
  const names = [...plan.arms, ...plan.pretrainings].map((run) => run.name);
  expect(new Set(names).size).toBe(names.length);
});

test("every arm that trains changes something else, and what is scored inside says so", () => {
  const trained = plan.arms.filter(({ trains }) => trains !== false);
  expect(new Set(trained.map(({ settings }) => settings.join())).size).toBe(trained.length);
  for (const { name, settings, measure } of trained) {
    const predicts = !settings.includes("steps=0");
    expect([name, measure === undefined]).toEqual([name, predicts]);
  }
});

test("a part by itself has what its arms begin with", () => {
  for (const part of parts) {
    const { arms, pretrainings } = study.plan({ parts: [part], fractions: [1], recipe: recipes["gss-small"] });
    const made = pretrainings.map(({ name }) => name);
    expect(arms.length).toBeGreaterThan(1);
    for (const { from } of [...arms, ...pretrainings]) if (from !== null) expect(made).toContain(from);
  }
});

describe("claims", () => {
  const verdicts = (scores: ScoreTable) => verdictsOf(plan.claims, scores);
  const places = (variant: string, values: readonly number[]) =>
    Object.fromEntries(otherPlaces.map((place) => [`${variant}-${place}`, values]));

  /** As the paper has it, in order, and the other way round. */
  const order = ["tt", "ff-r", "ff", "ft", "ft-w"];
  const ranked = (names: readonly string[]) =>
    Object.fromEntries(names.map((name, i) => [name, [0.3 + 0.1 * i, 0.31 + 0.1 * i]]));
  const designs = ["vq-colors", "vq-classes", "grid-8", "grid-8-pixels", "grid-4-pixels", "grid-4-whole"];

  test("hold of scores that are ordered as in the paper, and do not of the others", () => {
    const low = Object.fromEntries(["vq-colors", "vq-classes"].map((name, i) => [name, [0.1 + i / 10, 0.12 + i / 10]]));
    const as = { ...ranked(designs), ...low, ...ranked(order), tf: [0.5, 0.51] };
    const held = verdicts({ ...as, ...places("ff", [0.3, 0.31]), ...places("ft-w", [0.4, 0.42]) });
    expect(held).toEqual(new Array(plan.claims.length).fill("held"));
    const against = {
      ...ranked(designs.toReversed()),
      ...ranked(order.toReversed()),
      ...{ tf: [0.95, 0.96], "vq-colors": [0.99, 0.99] },
      ...places("ff", [0.4, 0.42]),
      ...places("ft-w", [0.3, 0.31]),
    };
    expect(verdicts(against)).toEqual(new Array(plan.claims.length).fill("not held"));
  });

  test("are not measured where an arm is missing", () => {
    expect(verdicts({ ff: [0.5, 0.5] })).toEqual(new Array(plan.claims.length).fill("not measured"));
  });

  test("places count by their harmonic mean, seed by seed", () => {
    const [first, second, third] = otherPlaces.map((place) => `ff-${place}`);
    const scores = scoresOf({ [first]: [0.2, 0.5], [second]: [0.4, 0], [third]: [0.4, 0.5] });
    expect(overPlaces(scores)("ff")).toEqual([expect.closeTo(3 / (5 + 2.5 + 2.5), 12), 0]);
    expect(overPlaces(scoresOf({ [first]: [0.2] }))("ff")).toBeNull();
    expect(overPlaces(scoresOf({ [first]: [0.2, 0.3], [second]: [0.2], [third]: [0.2] }))("ff")).toHaveLength(1);
  });
});
