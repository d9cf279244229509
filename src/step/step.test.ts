import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchOf, inputsOf, net, type RunOptions, recipe, runSteps, width } from "../../test/support/small-step.ts";
import { float32, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { onesInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { dropout } from "../nn/dropout.ts";
import { add, mean, mul, reshape, stopGradient } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { buildStep } from "./step.ts";

describe("training step", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());

  const train = (options: Partial<RunOptions>) => runSteps({ engine, ...options });

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

  test("running averages of an accumulated step move with every batch, as in steps of one", async () => {
    const still = { ...recipe, learningRate: 0 };
    const feed = (at: number) => [batchOf(4, 2 * at), batchOf(4, 2 * at + 1)];
    const together = await train({ recipe: { ...still, accumulate: 2 }, steps: 2, feed });
    const apart = await train({ recipe: still, steps: 4, feed: (at) => [batchOf(4, at)] });
    expect(together.store.average).toEqual(apart.store.average);
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
