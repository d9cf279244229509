import { describe, expect, test } from "vitest";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { type HeadSettings, pixelClasses, pixelHead, sized, tokenHead, tokenLogits } from "./head.ts";
import { windowInverse } from "./inverse-window.ts";

const settings: HeadSettings = {
  ...{ levelWidth: 6, width: 8, classifierWidth: 10, codes: 12, aggregates: true },
  ...{ depth: 2, heads: 2, window: 3, dropout: 0.1 },
};
const levels = [
  input("second", [2, 5, 4, 6]),
  input("first", [2, 3, 8, 11]),
  input("third", [2, 7, 2, 3]),
  input("fourth", [2, 9, 1, 2]),
];
const places = (model: Model) => [...new Set([...model.parameters.keys()].map((name) => name.split(".")[0]))];

describe("the head gives a token for each cell", () => {
  test.each([
    ["of stride 4", [8, 11]],
    ["of stride 8", [4, 6]],
  ] as const)("%s", (_, grid) => {
    const model = new Model();
    const { fused, attended, classifier } = tokenHead(model.scope, levels, settings, grid);
    expect(fused.shape).toEqual([2, 8, ...grid]);
    expect(attended.shape).toEqual([2, ...grid, 8]);
    expect(tokenLogits(classifier).shape).toEqual([2, 12, ...grid]);
    expect(places(model)).toEqual([
      ...["level1", "level2", "level3", "level4", "fusion", "block1", "block2", "norm", "classifier", "tokens"],
    ]);
    // Each level is brought to its width before it is resized.
    expect(model.parameters.get("level1.conv.weight")?.tensor.shape).toEqual([6, 5, 1, 1]);
    expect(model.parameters.get("fusion.conv.weight")?.tensor.shape).toEqual([8, 24, 1, 1]);
  });

  test("without blocks and their norm where it does not aggregate", () => {
    const model = new Model();
    tokenHead(model.scope, levels, { ...settings, aggregates: false }, [8, 11]);
    expect(places(model)).toEqual(["level1", "level2", "level3", "level4", "fusion", "classifier", "tokens"]);
  });

  test("of a backbone with one map alone", () => {
    const { classifier } = tokenHead(new Model().scope, levels.slice(0, 1), settings, [8, 12]);
    expect(tokenLogits(classifier).shape).toEqual([2, 12, 8, 12]);
  });

  test("and drops channels in training alone", () => {
    const [training, predicting] = [new Model({ training: true }), new Model()];
    for (const { scope } of [training, predicting]) tokenHead(scope, levels, settings, [8, 11]);
    expect([...training.noises.values()].map(({ tensor }) => tensor.shape)).toEqual([[2, 10, 1, 1]]);
    expect(predicting.noises.size).toBe(0);
  });
});

test("classes of pixels come from layers of their own, or from the fused levels", () => {
  const model = new Model();
  const own = pixelHead(model.scope, levels, { levelWidth: 6, classes: 4 }, [8, 11]);
  expect(own.shape).toEqual([2, 4, 8, 11]);
  expect(places(model)).toEqual(["level1", "level2", "level3", "level4", "fusion", "classes"]);
  const single = new Model();
  expect(pixelClasses(single.scope, input("fused", [2, 8, 8, 11]), 4).shape).toEqual([2, 4, 8, 11]);
  expect([...single.parameters.keys()]).toEqual(["classes.weight", "classes.bias"]);
});

test("what has its size already is not resized", () => {
  const x = input("x", [1, 2, 3, 4]);
  expect(sized(x, [3, 4])).toBe(x);
  expect(sized(x, [6, 8]).shape).toEqual([1, 2, 6, 8]);
});

test("the window inverse of 150 classes has 286,558 parameters, as the spec counts them", () => {
  const model = new Model({ training: true });
  const logits = windowInverse(model.scope, input("maskige", [1, 3, 16, 24]), 150);
  expect(logits.shape).toEqual([1, 150, 16, 24]);
  const count = model.trained.reduce((sum, { tensor }) => sum + tensor.shape.reduce((a, b) => a * b, 1), 0);
  expect(count).toBe(286_558);
});
