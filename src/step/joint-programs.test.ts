import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runSteps, recipe as smallRecipe } from "../../test/support/small-step.ts";
import { float32, joinArrays, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { normalInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { linear } from "../nn/linear.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { add, argMax, cast, exp, log, matmul, mean, mul, square, sub, sum, tanh } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { openEngine } from "../runtime/open.ts";
import { buildStep, type StepOptions } from "./step.ts";
import type { OptimizerRecipe } from "./update.ts";

const recipe: OptimizerRecipe = { ...smallRecipe, optimizer: "sgd", learningRate: 0.1, averageDecay: 0.9 };
const features = 6;
const width = 5;

const inputsOf = (batch: number) => ({ x: { dtype: "float32", shape: [batch, features] } as const });
const batchOf = (batch: number, seed: number): Named<NdArray> => ({
  x: float32([batch, features], new Random(seed, "x").fillNormal(new Float32Array(batch * features))),
});

/** Vectors, a running mean of them, and the number of the largest. `turn` is a weight that the loss uses, too. */
function embed(scope: Scope, { x }: Named<Tensor>): Named<Tensor> {
  const z = tanh(linear(scope.at("body"), x, width));
  scope.average("mean", [width]);
  scope.update("mean", add(mul(scope.latest("mean"), 0.9), mul(mean(z, { axes: [0] }), 0.1)));
  const turn = scope.shared().parameter("turn", [width, width], normalInitializer(0.5));
  return { z: matmul(z, turn), largest: argMax(z, { axis: 1 }) };
}

/** Draws vectors apart: each is compared with all of the batch, behind a norm over the batch. */
function loss(scope: Scope, { z, largest }: Named<Tensor>) {
  const turn = scope.shared().parameter("turn", [width, width], normalInitializer(0.5));
  const y = batchNorm2d(scope.at("norm"), matmul(linear(scope.at("head"), z, width), turn));
  const alike = matmul(y, y, { transposeB: true }); // [B, B]
  const close = log(sum(exp(mul(alike, 0.1)), { axes: [1] }));
  return {
    terms: { apart: mean(close), size: mul(mean(square(sub(z, 0.3))), 0.5) },
    watched: { largest: mean(cast(largest, "float32")) },
  };
}

describe("a step whose loss compares the samples of several batches", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());

  async function train(options: Partial<StepOptions>, feed: (step: number) => Named<NdArray>[]) {
    const all = { engine, inputs: inputsOf(8), embed, loss, recipe, ...options };
    const { results, store, step } = await runSteps({ ...all, feed });
    await all.engine.drop(step.variables.map(({ name }) => name));
    return { results, store };
  }

  const four = (at: number) => [0, 1, 2, 3].map((i) => batchOf(2, 10 * at + i));
  const joined = (at: number) => [{ x: joinArrays(four(at).map(({ x }) => x)) }];
  const apart = { inputs: inputsOf(2), recipe: { ...recipe, accumulate: 4 } };

  test.each([true, false])("is the step of one batch of all of them, in place: %s", async (inPlace) => {
    const parts = await train({ ...apart, inPlace }, four);
    const whole = await train({ inPlace }, joined);
    const close = (got: number, wanted: number) => expect(Math.abs(got - wanted)).toBeLessThan(2e-5);
    for (const [i, { total, terms, watched, gradientNorm, updated }] of whole.results.entries()) {
      close(parts.results[i].total, total);
      for (const name of ["apart", "size"]) close(parts.results[i].terms[name], terms[name]);
      close(parts.results[i].watched.largest, watched.largest);
      close(parts.results[i].gradientNorm / gradientNorm, 1);
      expect([parts.results[i].updated, updated]).toEqual([true, true]);
    }
    // The embedding's running mean moves with each batch: four times a step.
    const { mean: moving, ...others } = whole.store;
    expect(Object.keys(parts.store)).toEqual(Object.keys(whole.store));
    for (const [name, values] of Object.entries(others)) {
      for (const [i, value] of values.entries()) close(parts.store[name][i], value);
    }
    expect(Math.abs(parts.store.mean[0])).toBeGreaterThan(2 * Math.abs(moving[0]));
  });

  test("what the batches' mean loss lowers is something else", async () => {
    const { embed: _, ...mean } = { embed, ...apart };
    const alone = await train({ ...mean, embed: undefined, loss: (scope, x) => loss(scope, embed(scope, x)) }, four);
    expect(Math.abs(alone.results[0].total - (await train(apart, four)).results[0].total)).toBeGreaterThan(0.1);
  });

  test("both looks at a batch see the same noise, and each batch its own", async () => {
    const noisy: StepOptions["embed"] = (scope, { x }) => ({
      ...embed(scope, { x: add(x, scope.noise("noise", x.shape, "normal")) }),
    });
    const noise = (step: number, i: number) =>
      new Random(7, step, "noise", "noise").fork(...(i === 0 ? [] : [i])).fillNormal(new Float32Array(2 * features));
    const drawn = await train({ ...apart, embed: noisy }, four);
    const given = await train(apart, (at) =>
      four(at).map(({ x }, i) => {
        const added = noise(at, i);
        return {
          x: float32(
            x.shape,
            toNumbers(x).map((value, j) => value + added[j]),
          ),
        };
      }),
    );
    for (const [name, values] of Object.entries(given.store)) {
      for (const [i, value] of values.entries()) expect(drawn.store[name][i]).toBeCloseTo(value, 4);
    }
  });

  test("a loss that is not finite changes nothing", async () => {
    const step = await buildStep({ engine, embed, loss, ...apart });
    await step.initialize(1);
    const names = step.variables.filter(({ kind }) => kind !== "scratch").map(({ name }) => name);
    await step.run(four(0), { step: 0, seed: 1 });
    const before = await engine.get(names);
    const refused = four(1);
    (refused[3].x.data as Float32Array)[0] = Number.NaN;
    expect((await step.run(refused, { step: 1, seed: 1 })).updated).toBe(false);
    expect(await engine.get(names)).toEqual(before);
    await step.release();
  });

  test("batches that are handed over to another thread can be looked at twice", async () => {
    const moving = await openEngine({ threads: 1 });
    const [there, here] = [await train({ ...apart, engine: moving }, four), await train(apart, four)];
    expect(there.store).toEqual(here.store);
    await moving.close();
  });

  test("a norm of both, and a host computation in the embedding, are refused", async () => {
    const both = (scope: Scope, x: Tensor) => batchNorm2d(scope.shared().at("norm"), x);
    await expect(
      buildStep({
        ...{ engine, ...apart, embed: (scope, { x }) => ({ z: both(scope, linear(scope.at("body"), x, width)) }) },
        loss: (scope, { z }) => ({ terms: { size: mean(square(both(scope, z))) } }),
      }),
    ).rejects.toThrow("expected to be of the embedding or of the loss, got both");
    const double = ({ x }: Named<NdArray>) => ({ y: x });
    await expect(
      buildStep({
        ...{ engine, ...apart },
        embed: (scope, { x }) => scope.host("double", { x }, { y: { dtype: "float32", shape: x.shape } }, double),
        loss: (scope, { y }) => ({ terms: { size: mean(square(linear(scope.at("body"), y, 2))) } }),
      }),
    ).rejects.toThrow("double: expected an embedding without host computations");
  });
});
