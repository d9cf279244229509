/** Updates that overwrite what they read: the same numbers, each in one buffer. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchOf, inputsOf, net, type RunOptions, recipe, runSteps, width } from "../../test/support/small-step.ts";
import { float32, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { linear } from "../nn/linear.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { mean, relu, reshape, square, sub, tanh } from "../ops/index.ts";
import type { Engine, ProgramOptions, ProgramSource } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { openEngine } from "../runtime/open.ts";
import { buildStep, type StepOptions } from "./step.ts";

describe("a training step in place", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());
  const train = (options: Partial<RunOptions>) => runSteps({ engine, ...options });

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

  test("an engine in another thread gives the same bits", async () => {
    const moving = await openEngine({ threads: 1 });
    const run = (engine: Engine) => train({ engine, loss: wide, recipe: { ...full, optimizer: "adamw" }, steps: 4 });
    const [here, there] = [await run(engine), await run(moving)];
    expect(there.store).toEqual(here.store);
    expect(there.results).toEqual(here.results);
    await moving.close();
  });

  test("in place, every trained parameter, its state and its average has one buffer", async () => {
    const asked: ProgramOptions[] = [];
    const sources: ProgramSource[] = [];
    const load: Engine["load"] = (source, variables, options = {}) => {
      asked.push(options);
      sources.push(source);
      return engine.load(source, variables, options);
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
        const wanted = step.variables.filter(({ kind }) => kind !== twice).map(({ name }) => name);
        expect(once.sort()).toEqual(wanted.sort());
        // The update, last of all, is loops, whatever parameters are lowered to.
        expect(Object.keys(sources[sources.length - 1])).toContain("loops");
        await step.release();
      }
    }
  });
});
