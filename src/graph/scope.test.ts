import { expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { onesInitializer, zerosInitializer } from "./initializer.ts";
import { Model } from "./scope.ts";
import { constant } from "./tensor.ts";

test("parameters are named by the path to them, in order of declaration", () => {
  const model = new Model({ training: true });
  model.scope.at("encoder").at("layer").at(0).parameter("weight", [2, 3], onesInitializer);
  model.scope.at("head").parameter("bias", [3], zerosInitializer);
  expect(model.trained.map(({ name, tensor }) => [name, tensor.shape])).toEqual([
    ["encoder.layer.0.weight", [2, 3]],
    ["head.bias", [3]],
  ]);
});

test("a name declared twice is refused, unless the scope is shared", () => {
  const { scope } = new Model();
  const first = scope.shared().parameter("w", [2], zerosInitializer);
  expect(scope.shared().at("inner").parameter("w", [2], zerosInitializer)).not.toBe(first);
  expect(scope.shared().parameter("w", [2], zerosInitializer)).toBe(first);
  expect(() => scope.parameter("w", [2], zerosInitializer)).toThrow(
    'model: "w" is declared twice. Use scope.shared() where two places share weights.',
  );
  expect(() => scope.shared().parameter("w", [3], zerosInitializer)).toThrow(
    'model: shared "w" must keep its shape [2], got [3].',
  );
});

test("only what trains gets gradients, and a frozen part is not in training", () => {
  const model = new Model({ training: true, trains: (name) => !name.startsWith("frozen") });
  const frozen = model.scope.at("frozen");
  frozen.parameter("w", [1], zerosInitializer);
  model.scope.parameter("w", [1], zerosInitializer);
  expect(model.trained.map(({ name }) => name)).toEqual(["w"]);
  expect([frozen.training, model.scope.training]).toEqual([false, true]);
});

test("a part rests where all its weights do, by whatever names they are chosen", () => {
  const names = new Set(["norm.weight", "norm.bias", "half.b"]);
  for (const trains of [
    (name: string) => /^(norm|half)\.(weight|b|bias)$/.test(name),
    (name: string) => names.has(name),
  ]) {
    const model = new Model({ training: true, trains });
    const at = (path: string, ...weights: readonly string[]) => {
      const scope = model.scope.at(path);
      for (const name of weights) scope.parameter(name, [1], zerosInitializer);
      return scope.training;
    };
    expect([at("norm", "weight", "bias"), at("half", "a", "b"), at("none", "weight"), at("half2", "b")]).toEqual([
      ...[true, true, false, false],
    ]);
    // A part that only counts has no weight to ask for: an average does not train.
    const still = model.scope.at("still");
    still.average("mean", [1]);
    expect(still.training).toBe(false);
  }
});

test("what a part below trains is not taken for another whose name begins alike", () => {
  const model = new Model({ training: true, trains: (name) => name.startsWith("body2") });
  model.scope.at("body2").parameter("weight", [1], zerosInitializer);
  expect([model.scope.at("body").training, model.scope.at("body2").training]).toEqual([false, true]);
});

test("the latest value of an average is its update, once there is one", () => {
  const scope = new Model({ training: true }).scope.at("norm").shared();
  const mean = scope.average("mean", [1]);
  expect(scope.latest("mean")).toBe(mean);
  const next = constant(1);
  scope.update("mean", next);
  expect(scope.latest("mean")).toBe(next);
  expect(() => scope.latest("other")).toThrow('norm: "other" must be declared before its latest value is asked for.');
});

test("outside training nothing trains and averages stay", () => {
  const model = new Model();
  model.scope.parameter("w", [1], zerosInitializer);
  model.scope.average("mean", [1]);
  model.scope.update("mean", constant(1));
  expect(model.trained).toEqual([]);
  expect(model.updates.size).toBe(0);
});

test("running averages are no weights, and know their next value", () => {
  const model = new Model({ training: true });
  const scope = model.scope.at("norm");
  scope.average("mean", [4]);
  scope.update("mean", constant(1));
  expect(model.parameters.get("norm.mean")).toMatchObject({ role: "average", trained: false });
  expect([...model.updates.keys()]).toEqual(["norm.mean"]);
});

test("noise drawn twice at one place is two inputs", () => {
  const model = new Model({ training: true });
  const scope = model.scope.at("dropout");
  const [a, b] = [scope.noise("mask", [2], "uniform"), scope.noise("mask", [2], "normal")];
  expect(a).not.toBe(b);
  expect([...model.noises.keys()]).toEqual(["dropout.mask", "dropout.mask#2"]);
});

test("random numbers may be drawn as for other names, where there are some", () => {
  const model = new Model({ training: true });
  const scope = model.scope.drawnAs((name) => (name.startsWith("head.") ? `old.${name}` : undefined));
  for (const place of ["head", "body"]) {
    scope.at(place).shared().parameter("weight", [1], zerosInitializer);
    scope.at(place).noise("mask", [1], "uniform");
  }
  model.scope.parameter("weight", [1], zerosInitializer);
  const streams = (list: Iterable<{ name: string; stream: string }>) =>
    [...list].map((each) => [each.name, each.stream]);
  expect(streams(model.parameters.values())).toEqual([
    ["head.weight", "old.head.weight"],
    ["body.weight", "body.weight"],
    ["weight", "weight"],
  ]);
  expect(streams(model.noises.values())).toEqual([
    ["head.mask", "old.head.mask"],
    ["body.mask", "body.mask"],
  ]);
});

test("a host call hands over tensors and takes others back", () => {
  const model = new Model();
  const cost = constant(1);
  const outputs = model.scope
    .at("match")
    .host("hungarian", { cost }, { index: { dtype: "int64", shape: [5] } }, (x) => x);
  expect(outputs.index).toMatchObject({ dtype: "int64", shape: [5] });
  expect(model.hostCalls).toMatchObject([{ name: "match.hungarian", inputs: { cost }, outputs }]);
});

test("errors say where in the model", () => {
  const error = new Model().scope.at("encoder").at(3).error("width must be even, got 7. Try 8.");
  expect(error).toBeInstanceOf(InputError);
  expect(error.message).toBe("encoder.3: width must be even, got 7. Try 8.");
});
