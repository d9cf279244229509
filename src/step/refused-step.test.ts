/** Steps that are not taken: numbers that are not finite, and labels that are no class, change nothing. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { batchOf, inputsOf, net, recipe } from "../../test/support/small-step.ts";
import { float32, fromNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { crossEntropy } from "../losses/cross-entropy.ts";
import { conv2d } from "../nn/conv.ts";
import { linear } from "../nn/linear.ts";
import { log, maxPool, mean, square } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { buildStep } from "./step.ts";

describe("a training step that is refused", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());

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
});
