import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, fromNumbers, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { sizeOf } from "../array/shape.ts";
import { onesInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { crossEntropy } from "../losses/cross-entropy.ts";
import { conv2d } from "../nn/conv.ts";
import { dropout } from "../nn/dropout.ts";
import { linear } from "../nn/linear.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { add, log, maxPool, mean, mul, relu, reshape, square, stopGradient, sub, tanh } from "../ops/index.ts";
import type { Engine, ProgramOptions } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { openEngine } from "../runtime/open.ts";
import { buildStep, type StepOptions, type StepResult, type TrainingStep } from "./step.ts";
import type { OptimizerRecipe } from "./update.ts";

const recipe: OptimizerRecipe = {
  steps: 10,
  optimizer: "adamw",
  learningRate: 0.01,
  momentum: 0.9,
  nesterov: true,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.1,
  schedule: "cosine",
  schedulePower: 1,
  scheduleMilestones: [],
  scheduleFactor: 1,
  finalRate: 0,
  warmupSteps: 0,
  warmupStart: 0,
  clipNorm: 1,
  averageDecay: 0,
  accumulate: 1,
};

const features = 6;
const width = 8;
const inputsOf = (batch: number) => ({
  x: { dtype: "float32", shape: [batch, features] } as const,
  target: { dtype: "float32", shape: [batch, 2] } as const,
});

/** Two layers, a running mean, and optionally something between them. */
function net(scope: Scope, { x, target }: Named<Tensor>, between: (hidden: Tensor) => Tensor = (hidden) => hidden) {
  const hidden = between(tanh(linear(scope.at("first"), x, width)));
  const average = scope.average("average", [width]);
  scope.update("average", add(mul(average, 0.9), mul(mean(hidden, { axes: [0] }), 0.1)));
  const y = linear(scope.at("second"), hidden, 2);
  return { terms: { error: mean(square(sub(y, target))) } };
}

function batchOf(batch: number, seed: number): Named<NdArray> {
  const draw = (name: string, shape: number[]) =>
    float32(shape, new Random(seed, name).fillNormal(new Float32Array(sizeOf(shape))));
  return { x: draw("x", [batch, features]), target: draw("target", [batch, 2]) };
}

describe("training step", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());

  interface Run {
    readonly results: StepResult[];
    readonly store: Named<number[]>;
    readonly step: TrainingStep;
  }

  async function train(
    options: Partial<StepOptions> & { steps?: number; batch?: number; feed?: (step: number) => Named<NdArray>[] },
  ): Promise<Run> {
    const { steps = 3, batch = 4, feed = (at) => [batchOf(batch, at)] } = options;
    const complete = { engine, inputs: inputsOf(batch), loss: net, recipe, ...options };
    const step = await buildStep(complete);
    await step.initialize(7);
    const results: StepResult[] = [];
    for (let at = 0; at < steps; at++) results.push(await step.run(feed(at), { step: at, seed: 7 }));
    const names = step.variables.filter(({ kind }) => kind !== "scratch").map(({ name }) => name);
    const store = Object.fromEntries(
      Object.entries(await complete.engine.get(names)).map(([name, x]) => [name, toNumbers(x)]),
    );
    await step.release();
    return { results, store, step };
  }

  test("the loss falls", async () => {
    const { results } = await train({ steps: 10, feed: () => [batchOf(4, 0)] });
    expect(results[9].total).toBeLessThan(results[0].total * 0.9);
    expect(results[0].terms.error).toBe(results[0].total);
    expect(results.map(({ rate }) => rate)).toEqual([...results.map(({ rate }) => rate)].sort((a, b) => b - a));
  });

  test("it keeps parameters, running averages, optimizer state and moving averages", async () => {
    const { step } = await train({ recipe: { ...recipe, averageDecay: 0.99 } });
    const count = (kind: string) => step.variables.filter((variable) => variable.kind === kind).length;
    expect(["parameter", "running", "optimizer", "average", "scratch"].map(count)).toEqual([4, 1, 8, 4, 4]);
  });

  test("equal seeds give equal bits, with dropout and its noise", async () => {
    const loss = (scope: Scope, batch: Named<Tensor>) => net(scope, batch, (h) => dropout(scope.at("between"), h, 0.5));
    const [a, b] = [await train({ loss }), await train({ loss })];
    expect(a.store).toEqual(b.store);
    expect(a.results).toEqual(b.results);
    expect(a.store).not.toEqual((await train({})).store);
  });

  test("a step split around a host computation gives the bits of one that gets its result as input", async () => {
    const shape = [4, width];
    const computed: NdArray[] = [];
    const split = await train({
      loss: (scope, batch) =>
        net(scope, batch, (hidden) => {
          const { offset } = scope.host("matching", { hidden }, { offset: { dtype: "float32", shape } }, (values) => {
            const offset = float32(
              shape,
              toNumbers(values.hidden).map((value) => Math.round(value * 10) / 10),
            );
            computed.push(float32(shape, toNumbers(offset)));
            return { offset };
          });
          return mul(add(hidden, 1), offset);
        }),
    });
    const whole = await train({
      inputs: { ...inputsOf(4), offset: { dtype: "float32", shape } },
      loss: (scope, batch) => net(scope, batch, (hidden) => mul(add(hidden, 1), batch.offset)),
      feed: (at) => [{ ...batchOf(4, at), offset: computed[at] }],
    });
    expect(split.store).toEqual(whole.store);
    expect(split.results).toEqual(whole.results);
  });

  test("host computations can follow one another", async () => {
    const type = { dtype: "float32", shape: [4, width] } as const;
    const double = ({ value }: Named<NdArray>) => ({
      result: float32(
        [4, width],
        toNumbers(value).map((x) => 2 * x),
      ),
    });
    const loss = (scope: Scope, batch: Named<Tensor>) =>
      net(scope, batch, (hidden) => {
        const once = scope.host("once", { value: hidden }, { result: type }, double).result;
        const twice = scope.host("twice", { value: reshape(once, [4, width]) }, { result: type }, double).result;
        return add(hidden, twice);
      });
    const split = await train({ loss });
    const whole = await train({ loss: (scope, batch) => net(scope, batch, (h) => add(h, stopGradient(mul(h, 4)))) });
    for (const [name, values] of Object.entries(whole.store)) {
      values.forEach((value, i) => {
        expect(split.store[name][i]).toBeCloseTo(value, 5);
      });
    }
  });

  test("two accumulated batches of one equal a batch of two", async () => {
    const pairs = [0, 1, 2].map((at) => batchOf(2, at));
    const half = ({ dtype, shape, data }: NdArray, i: number): NdArray => {
      const length = data.length / 2;
      return { dtype, shape: [1, ...shape.slice(1)], data: data.slice(i * length, (i + 1) * length) };
    };
    const halves = (pair: Named<NdArray>) =>
      [0, 1].map((i) => Object.fromEntries(Object.entries(pair).map(([name, array]) => [name, half(array, i)])));
    const apart = await train({
      batch: 1,
      recipe: { ...recipe, accumulate: 2 },
      feed: (at) => halves(pairs[at]),
    });
    const together = await train({ batch: 2, feed: (at) => [pairs[at]] });
    for (const name of ["first.weight", "second.bias", "m/first.weight"]) {
      together.store[name].forEach((value, i) => {
        expect(apart.store[name][i]).toBeCloseTo(value, 5);
      });
    }
    expect(apart.results[2].total).toBeCloseTo(together.results[2].total, 5);
    expect(apart.results[2].gradientNorm).toBeCloseTo(together.results[2].gradientNorm, 4);
  });

  /** A layer for every way that parameters are lowered: large, of one row, of 1 × 1 pixels; and running averages. */
  const wide = (scope: Scope, { x, target }: Named<Tensor>) => {
    const hidden = tanh(linear(scope.at("wide"), linear(scope.at("first"), x, 300), 300));
    const image = relu(
      batchNorm2d(scope.at("norm"), conv2d(scope.at("pixel"), reshape(hidden, [4, 3, 10, 10]), 8, { kernel: 1 })),
    );
    const y = linear(scope.at("second"), mean(image, { axes: [2, 3] }), 2);
    return { terms: { error: mean(square(sub(y, target))) } };
  };
  const doubled = (scope: Scope, batch: Named<Tensor>) =>
    net(scope, batch, (hidden) => {
      const compute = ({ hidden }: Named<NdArray>) => ({
        twice: float32(
          [4, width],
          toNumbers(hidden).map((x) => 2 * x),
        ),
      });
      return scope.host("double", { hidden }, { twice: { dtype: "float32", shape: [4, width] } }, compute).twice;
    });
  const full = { ...recipe, averageDecay: 0.9, weightDecay: 0.1 };

  test.each<[string, Partial<StepOptions>]>([
    ["plain gradient descent", { recipe: { ...full, optimizer: "sgd", momentum: 0 } }],
    ["momentum", { recipe: { ...full, optimizer: "sgd", nesterov: false } }],
    ["Nesterov's momentum", { recipe: { ...full, optimizer: "sgd" } }],
    ["adam", { recipe: { ...full, optimizer: "adam" } }],
    ["adamw", { recipe: { ...full, optimizer: "adamw" } }],
    ["radam with lookahead", { recipe: { ...full, optimizer: "radam-lookahead" } }],
    ["no clipping and no averages", { recipe: { ...recipe, clipNorm: 0 } }],
    ["frozen parameters", { recipe: full, trains: (name) => !name.startsWith("wide") }],
    ["rates and decay by group", { recipe: full, group: (name) => ({ rate: name.length / 9, decay: 1 }) }],
    [
      "numbers that are cut to a range",
      { recipe: full, group: () => ({ rate: 1, decay: 0, range: [-0.1, 0.1] as const }) },
    ],
    ["accumulated batches", { recipe: { ...full, accumulate: 2 } }],
    ["a host computation", { recipe: full, loss: doubled }],
    ["a host computation and accumulated batches", { recipe: { ...full, accumulate: 2 }, loss: doubled }],
  ])("updates in place give the bits of updates from one buffer to the other: %s", async (_, options) => {
    const feed = (at: number) =>
      Array.from({ length: options.recipe?.accumulate ?? 1 }, (_, i) => batchOf(4, 10 * at + i));
    const run = (inPlace: boolean) => train({ loss: wide, ...options, inPlace, steps: 8, feed });
    const [apart, inPlace] = [await run(false), await run(true)];
    expect(inPlace.store).toEqual(apart.store);
    expect(inPlace.results).toEqual(apart.results);
    expect(inPlace.results.every(({ updated }) => updated)).toBe(true);
  });

  test("so they do with two threads", async () => {
    const two = await openLocalEngine(nodeBackend, { threads: 2 });
    const run = (inPlace: boolean) => train({ engine: two, loss: wide, recipe: full, inPlace, steps: 8 });
    const [apart, inPlace] = [await run(false), await run(true)];
    expect(inPlace.store).toEqual(apart.store);
    expect(inPlace.results).toEqual(apart.results);
    await two.close();
  });

  test("an update cut into parts gives the same bits, and feeds each part anew", async () => {
    const moving = await openEngine({ threads: 1 });
    const run = (updateBytes: number) =>
      train({ engine: moving, loss: wide, recipe: { ...full, optimizer: "adamw" }, updateBytes, steps: 4 });
    const [whole, cut] = [await run(256e6), await run(300)];
    expect(cut.store).toEqual(whole.store);
    expect(cut.results).toEqual(whole.results);
    await moving.close();
  });

  test("in place, every trained parameter, its state and its average has one buffer", async () => {
    const asked: ProgramOptions[] = [];
    const load: Engine["load"] = (model, variables, options = {}) => {
      asked.push(options);
      return engine.load(model, variables, options);
    };
    for (const optimizer of ["sgd", "adam", "adamw", "radam-lookahead"] as const) {
      for (const accumulate of [1, 2]) {
        asked.length = 0;
        const step = await buildStep({
          engine: { ...engine, load },
          inputs: inputsOf(4),
          loss: wide,
          recipe: { ...full, optimizer, accumulate },
        });
        const once = asked.flatMap(({ writes = {}, inPlace = [] }) => inPlace.map((output) => writes[output]));
        // Averages of an accumulating step take their copies' place with the update; otherwise they have two buffers.
        const twice = accumulate === 1 ? "running" : undefined;
        const wanted = step.variables
          .filter(({ kind, name }) => kind !== twice && !name.startsWith("waiting/"))
          .map(({ name }) => name);
        expect(once.sort()).toEqual(wanted.sort());
        await step.release();
      }
    }
  });

  test.each([true, false])(
    "a step whose loss is not finite says so and changes nothing, in place: %s",
    async (inPlace) => {
      const step = await buildStep({
        engine,
        inPlace,
        inputs: inputsOf(4),
        loss: (scope, batch) => ({ terms: { ...net(scope, batch).terms, extra: mean(log(batch.x)) } }),
        recipe: { ...recipe, accumulate: 1 },
      });
      await step.initialize(1);
      const names = step.variables.filter(({ kind }) => kind !== "scratch").map(({ name }) => name);
      const before = await engine.get(names);
      const result = await step.run(batchOf(4, 0), { step: 0, seed: 1 });
      expect(result.updated).toBe(false);
      expect(result.total).toBeNaN();
      expect(result.terms.error).toBeGreaterThan(0);
      expect(await engine.get(names)).toEqual(before);
      await step.release();
    },
  );

  test.each([true, false])(
    "an accumulated step that is refused at a later batch moves no running average, in place: %s",
    async (inPlace) => {
      const step = await buildStep({
        engine,
        inPlace,
        inputs: inputsOf(4),
        loss: (scope, batch) => net(scope.at(inPlace ? "placed" : "apart"), batch),
        recipe: { ...recipe, accumulate: 3 },
      });
      await step.initialize(1);
      const names = step.variables.filter(({ kind }) => kind !== "scratch").map(({ name }) => name);
      const good = () => batchOf(4, 0);
      const filled = (x: number) => ({ ...good(), target: float32([4, 2], new Array(8).fill(x)) });
      await step.run([good(), batchOf(4, 1), batchOf(4, 2)], { step: 0, seed: 1 });
      const before = await engine.get(names);
      const refused = [
        [good(), batchOf(4, 1), filled(Number.NaN)],
        [good(), filled(Number.POSITIVE_INFINITY), good()],
        [good(), good(), filled(1e19)], // the loss is finite in float32, the gradient's norm is not
      ];
      for (const batches of refused) {
        expect((await step.run(batches, { step: 1, seed: 1 })).updated).toBe(false);
        expect(await engine.get(names)).toEqual(before);
      }
      expect((await step.run([good(), good(), good()], { step: 1, seed: 1 })).updated).toBe(true);
      expect(await engine.get(names)).not.toEqual(before);
      await step.release();
    },
  );

  test("running averages of an accumulated step move with every batch, as in steps of one", async () => {
    const still = { ...recipe, learningRate: 0 };
    const feed = (at: number) => [batchOf(4, 2 * at), batchOf(4, 2 * at + 1)];
    const together = await train({ recipe: { ...still, accumulate: 2 }, steps: 2, feed });
    const apart = await train({ recipe: still, steps: 4, feed: (at) => [batchOf(4, at)] });
    expect(together.store.average).toEqual(apart.store.average);
  });

  test("labels that are no class are an error with place and value, and change nothing", async () => {
    const step = await buildStep({
      engine,
      inputs: { ...inputsOf(4), labels: { dtype: "uint8", shape: [4] } },
      loss: (scope, { x, labels }) => ({
        terms: { error: crossEntropy(linear(scope.at("labelled"), x, 3), labels) },
      }),
      recipe,
    });
    await step.initialize(1);
    const names = step.variables.map(({ name }) => name);
    const before = await engine.get(names);
    const batch = { ...batchOf(4, 0), labels: fromNumbers("uint8", [4], [0, 2, 3, 255]) };
    const message = "batch:labels: expected labels from 0 to 2, or 255, got 3 at [2].";
    await expect(step.run(batch, { step: 0, seed: 1 })).rejects.toThrow(message);
    expect(await engine.get(names)).toEqual(before);
    await step.release();
  });

  test("a NaN before a max-pool is not hidden", async () => {
    const step = await buildStep({
      engine,
      inputs: { image: { dtype: "float32", shape: [1, 1, 5, 5] } },
      loss: (scope, { image }) => ({
        terms: { error: mean(square(conv2d(scope.at("after"), maxPool(image, { kernel: 5 }), 2, { kernel: 1 }))) },
      }),
      recipe,
    });
    await step.initialize(1);
    for (let place = 0; place < 25; place++) {
      const image = float32([1, 1, 5, 5], new Random(place).fillNormal(new Float32Array(25)));
      image.data[place] = Number.NaN;
      expect((await step.run({ image }, { step: 0, seed: 1 })).updated).toBe(false);
    }
    await step.release();
  });

  test("frozen parameters stay, and cost neither gradient nor state", async () => {
    const trains = (name: string) => name.startsWith("second");
    const { step, store } = await train({ trains });
    expect(step.variables.filter(({ kind }) => kind === "optimizer").map(({ name }) => name)).toEqual([
      "m/second.weight",
      "v/second.weight",
      "m/second.bias",
      "v/second.bias",
    ]);
    await step.initialize(7);
    expect(toNumbers((await engine.get(["first.weight"]))["first.weight"])).toEqual(store["first.weight"]);
  });

  test("groups scale the rate, and leave out the decay", async () => {
    const group = (name: string) => ({ rate: name.startsWith("first") ? 0 : 1, decay: 0 });
    const { store, step } = await train({ group });
    await step.initialize(7);
    const fresh = await engine.get(["first.weight", "second.weight"]);
    expect(store["first.weight"]).toEqual(toNumbers(fresh["first.weight"]));
    expect(store["second.weight"]).not.toEqual(toNumbers(fresh["second.weight"]));
  });

  test("a range is what a parameter's numbers stay within behind each step", async () => {
    const group = (name: string) => ({
      rate: 1,
      decay: 0,
      ...(name.startsWith("second") && { range: [-0.01, 0] as const }),
    });
    const averaged = { ...recipe, averageDecay: 0.5 };
    const { store } = await train({ group, recipe: averaged });
    const free = (await train({ group: () => ({ rate: 1, decay: 0 }), recipe: averaged })).store;
    const inside = (values: readonly number[]) => values.every((value) => value >= -0.0101 && value <= 0);
    for (const name of ["second.weight", "second.bias"]) {
      expect([name, inside(store[name])]).toEqual([name, true]);
      expect(store[name].some((value) => value !== 0)).toBe(true);
    }
    expect(inside(free["second.weight"])).toBe(false);
    expect(inside(store["first.weight"])).toBe(false);
  });

  test("given numbers replace drawn ones, and their copies follow", async () => {
    const step = await buildStep({
      engine,
      inputs: inputsOf(4),
      loss: (scope, batch) => net(scope.at("net"), batch),
      recipe: { ...recipe, optimizer: "radam-lookahead", averageDecay: 0.9 },
    });
    const bias = float32([2], [3, 4]);
    await step.initialize(1, { "net.second.bias": bias });
    const names = ["net.second.bias", "slow/net.second.bias", "average/net.second.bias"];
    expect(Object.values(await engine.get(names)).map(toNumbers)).toEqual([
      [3, 4],
      [3, 4],
      [3, 4],
    ]);
    expect(toNumbers(bias)).toEqual([3, 4]);
    await step.release();
  });

  test.each([
    ["no term", () => ({ terms: {} }), /^loss: expected at least one named term/],
    [
      "a term that is no scalar",
      (_: Scope, { x }: Named<Tensor>) => ({ terms: { x } }),
      /^loss x: expected a float32 scalar, got float32 \[4, 6\]/,
    ],
    [
      "nothing that trains",
      (_: Scope, { x }: Named<Tensor>) => ({ terms: { x: mean(x) } }),
      /^training: expected parameters that train/,
    ],
  ])("a loss with %s is an error", async (_, loss, message) => {
    await expect(buildStep({ engine, inputs: inputsOf(4), loss, recipe })).rejects.toThrow(message);
  });

  test("given numbers of another shape are an error that names them", async () => {
    const loss = (scope: Scope, batch: Named<Tensor>) => {
      scope.parameter("unused", [3], onesInitializer);
      return net(scope, batch);
    };
    const step = await buildStep({ engine, inputs: inputsOf(4), loss, recipe });
    const given = { unused: float32([2], [1, 2]) };
    await expect(step.initialize(1, given)).rejects.toThrow(/^unused: expected float32 \[3\], got float32 \[2\]/);
    await step.release();
  });
});
