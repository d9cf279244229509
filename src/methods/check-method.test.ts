import { describe, expect, test } from "vitest";
import { components, tagged } from "../../test/support/skeletons.ts";
import { requireImported, requireMethod } from "./check-method.ts";
import { ddep } from "./ddep/index.ts";
import type { Method } from "./method.ts";
import { unet } from "./unet/index.ts";

const { study } = ddep;
const recipe = tagged.recipes["tagged-tiny"];

test("methods that are whole are taken as they are", () => {
  for (const method of [components, tagged, ddep, unet]) expect(() => requireMethod(method, "here")).not.toThrow();
});

describe("a method is refused, saying what is wrong,", () => {
  test.each<[string, object, RegExp]>([
    [
      "without recipes",
      { recipes: null },
      /^here: expected recipes by name, at least one, got null\. Correct the method\.$/,
    ],
    ["without a paper", { paper: undefined }, /expected paper with authors, .* got none/],
    ["without a vocabulary", { vocabulary: undefined }, /vocabulary "closed" or "open", got none/],
    ["with an unknown vocabulary", { vocabulary: "any" }, /got "any"/],
    ["without a name", { name: "" }, /expected a name, got ""/],
    [
      "with a recipe of another",
      { recipes: { a: { ...recipe, name: "a", method: "b" } } },
      /recipe a: expected method "tagged", as it is called, got "b"/,
    ],
    [
      "with a recipe of another name",
      { recipes: { a: recipe } },
      /recipe a: expected name "a", as it is listed, got "tagged-tiny"/,
    ],
    [
      "with a recipe without a name",
      { recipes: { a: { ...recipe, name: undefined } } },
      /expected name "a", .*got none/,
    ],
    [
      "with half a recipe",
      { recipes: { "tagged-tiny": { ...recipe, scheduleMilestones: undefined } } },
      /expected the field scheduleMilestones .*got none/,
    ],
    [
      "with an undefined field",
      { recipes: { "tagged-tiny": { ...recipe, width: undefined } } },
      /expected width as a number, .*got none/,
    ],
    [
      "with a field that is no number",
      { recipes: { "tagged-tiny": { ...recipe, width: Number.NaN } } },
      /expected width as a number, .*got NaN/,
    ],
    ["with a study that is none", { study: [] }, /^here: study: expected a value, or none, got \[\]/],
    ["with a study without a plan", { study: { ...study, plan: undefined } }, /here: study: expected a function plan/],
    ["with a study of no shares", { study: { ...study, fractions: [2] } }, /fractions, a list of shares, got \[2\]/],
    ["with a study of no recipe", { study: { ...study, recipes: {} } }, /expected at least one recipe, got none/],
    [
      "with a study without settings",
      { study: { ...study, recipes: { a: null } } },
      /each with its settings, got \{"a"/,
    ],
    ["with a former value of no field", { formerly: { widht: 4 } }, /expected formerly, values of its .*got \{"widht"/],
    ["with views that are no function", { views: [] }, /a function views or none, got object/],
    ["with an encoder that is no function", { encoder: 5 }, /a function encoder or none, got number/],
  ])("%s", (_, changes, message) => {
    expect(() => requireMethod({ ...tagged, ...changes } as Method, "here")).toThrow(message);
  });
});

describe("imports are refused that are not whole:", () => {
  const imported = { recipe, weights: {}, outputs: null, untold: [] };
  test.each<[string, () => void, string]>([
    [
      "an import of nothing",
      () => requireImported(undefined as never, "here"),
      "here: expected recipe, weights, outputs and untold of imports, or null, got none",
    ],
    [
      "an import without weights",
      () => requireImported({ ...imported, weights: undefined } as never, "here"),
      "here: weights of imports: expected arrays by name",
    ],
    [
      "an import without outputs",
      () => requireImported({ ...imported, outputs: undefined } as never, "here"),
      "expected outputs of imports, a whole number or null, got none",
    ],
    [
      "an import that tells not what it does not tell",
      () => requireImported({ ...imported, untold: undefined } as never, "here"),
      "expected untold of imports, a list of fields, got none",
    ],
  ])("%s", (_, check, message) => {
    expect(check).toThrow(message);
    expect(check).toThrow(/Correct the method\.$/);
  });

  test("and taken where it is", () => {
    expect(() => requireImported({ ...imported, outputs: 3 }, "here")).not.toThrow();
  });
});
