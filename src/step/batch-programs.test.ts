/** Steps whose batches several engines compute at once: the same numbers as one after the other. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchOf, inputsOf, net, type RunOptions, recipe, runSteps, width } from "../../test/support/small-step.ts";
import { float32, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { dropout } from "../nn/dropout.ts";
import { linear } from "../nn/linear.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { add, mean, mul, relu, reshape, square, sub, tanh } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { openEngine } from "../runtime/open.ts";
import { buildStep } from "./step.ts";

describe("batches side by side", () => {
  let [alone, two, three]: Engine[] = [];
  beforeAll(async () => {
    [alone, two, three] = await Promise.all([1, 2, 3].map((replicas) => openEngine({ threads: 1, replicas })));
  });
  afterAll(async () => {
    await Promise.all([alone, two, three].map((engine) => engine.close()));
  });

  const count = 5;
  const feed = (at: number) => Array.from({ length: count }, (_, i) => batchOf(4, 10 * at + i));
  const options = { recipe: { ...recipe, accumulate: count, averageDecay: 0.9 }, feed };
  async function train(engine: Engine, more: Partial<RunOptions> = {}) {
    const { results, store, step } = await runSteps({ engine, ...options, ...more });
    await engine.drop(step.variables.map(({ name }) => name));
    expect(await engine.get()).toEqual({});
    for (const helper of engine.helpers ?? []) expect(await helper.get()).toEqual({});
    return { results, store };
  }

  /** Layers, a batch norm, noise. */
  const deep = (scope: Scope, { x, target }: Named<Tensor>) => {
    const hidden = dropout(scope.at("drop"), tanh(linear(scope.at("first"), x, 75)), 0.3);
    const image = conv2d(scope.at("pixel"), reshape(hidden, [4, 3, 5, 5]), 8, { kernel: 3, padding: 1 });
    const y = linear(scope.at("second"), mean(relu(batchNorm2d(scope.at("norm"), image)), { axes: [2, 3] }), 2);
    return { terms: { error: mean(square(sub(y, target))) }, watched: { size: mean(square(y)) } };
  };
  const matched = (scope: Scope, batch: Named<Tensor>) =>
    net(scope, batch, (hidden) => {
      const type = { dtype: "float32", shape: [4, width] } as const;
      const compute = ({ hidden }: Named<NdArray>) => ({
        twice: float32(
          [4, width],
          toNumbers(hidden).map((x) => 2 * x),
        ),
      });
      return add(hidden, scope.host("double", { hidden }, { twice: type }, compute).twice);
    });

  test.each<[string, Partial<RunOptions>]>([
    ["a running mean", {}],
    ["layers, a batch norm, noise", { loss: deep }],
    ["work of the host in between", { loss: matched }],
    ["frozen parameters", { loss: deep, trains: (name) => !name.startsWith("first") }],
    ["fewer batches than engines", { recipe: { ...options.recipe, accumulate: 2 }, feed: (at) => feed(at).slice(3) }],
    ["batches joined by their loss", { embed: embed, loss: apart }],
  ])("give the bits of one after the other: %s", async (_, more) => {
    const wanted = await train(alone, more);
    expect(await train(two, more)).toEqual(wanted);
    expect(await train(three, more)).toEqual(wanted);
  });

  test("a batch that is not finite changes nothing, whoever has it", async () => {
    for (const bad of [0, 1, 4]) {
      const step = await buildStep({ engine: two, inputs: inputsOf(4), loss: net, recipe: options.recipe });
      await step.initialize(1);
      const names = step.variables.filter(({ kind }) => kind !== "scratch").map(({ name }) => name);
      await step.run(feed(0), { step: 0, seed: 1 });
      const before = await two.get(names);
      const refused = feed(1);
      (refused[bad].x.data as Float32Array)[0] = Number.NaN;
      expect((await step.run(refused, { step: 1, seed: 1 })).updated).toBe(false);
      expect(await two.get(names)).toEqual(before);
      await step.release();
    }
  });

  test("what fails in a helper is told, and the next step works", async () => {
    let fails = true;
    const type = { dtype: "float32", shape: [4, width] } as const;
    let calls = 0;
    const step = await buildStep({
      ...{ engine: two, inputs: inputsOf(4), recipe: options.recipe },
      loss: (scope, batch) =>
        net(scope, batch, (hidden) => {
          const compute = ({ hidden }: Named<NdArray>) => {
            if (fails && ++calls === 4) throw new Error("no match");
            return { same: hidden };
          };
          return mul(hidden, scope.host("match", { hidden }, { same: type }, compute).same);
        }),
    });
    await step.initialize(1);
    await expect(step.run(feed(0), { step: 0, seed: 1 })).rejects.toThrow("no match");
    fails = false;
    expect((await step.run(feed(0), { step: 0, seed: 1 })).updated).toBe(true);
    await step.release();
  });

  test("batches that read a running average which they move are computed one after the other", async () => {
    const reading = (scope: Scope, batch: Named<Tensor>) => {
      const average = scope.average("mean", [6]);
      scope.update("mean", add(mul(average, 0.9), mul(mean(batch.x, { axes: [0] }), 0.1)));
      return net(scope, { ...batch, x: sub(batch.x, average) });
    };
    expect(await train(two, { loss: reading })).toEqual(await train(alone, { loss: reading }));
  });
});

/** Vectors, and a running mean of them. */
function embed(scope: Scope, { x }: Named<Tensor>): Named<Tensor> {
  const z = tanh(linear(scope.at("body"), add(x, scope.noise("noise", x.shape, "normal")), 5));
  scope.average("mean", [5]);
  scope.update("mean", add(mul(scope.latest("mean"), 0.9), mul(mean(z, { axes: [0] }), 0.1)));
  return { z };
}

function apart(scope: Scope, { z }: Named<Tensor>) {
  return { terms: { size: mean(square(sub(batchNorm2d(scope.at("norm"), linear(scope.at("head"), z, 4)), 0.3))) } };
}
