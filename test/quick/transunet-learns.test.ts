/** The tiny TransUNet, trained: it learns four pictures by heart, and what it predicts is what it was taught. */
import { expect, test } from "vitest";
import { fromNumbers, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import type { Sample } from "../../src/data/sample.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import type { SemanticModel } from "../../src/methods/model.ts";
import type { TrainingStage } from "../../src/methods/stage.ts";
import { transunet } from "../../src/methods/transunet/index.ts";
import { recipes } from "../../src/methods/transunet/recipe.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { openEngine } from "../../src/runtime/open.ts";
import { buildStep } from "../../src/step/step.ts";

const recipe = { ...recipes["transunet-tiny"], steps: 80 };
const task = {
  classes: ["ground", "disc", "bar"].map((name) => ({ name, color: [0, 0, 0] as const })),
  frequencies: [0.6, 0.3, 0.1],
};

/** A noisy ground with a disc and a bar; the last rows are unlabelled. */
function drawSample(index: number): Sample {
  const size = 64;
  const random = new Random("learns", index);
  const [x, y, radius, bar] = [
    random.between(16, 48),
    random.between(16, 40),
    random.between(8, 16),
    random.integer(56),
  ];
  const image = new Uint8Array(3 * size * size);
  const labels = new Uint8Array(size * size);
  for (let i = 0; i < size * size; i++) {
    const [row, column] = [Math.floor(i / size), i % size];
    const inDisc = (column - x) ** 2 + (row - y) ** 2 < radius ** 2;
    const label = column >= bar && column < bar + 8 ? 2 : inDisc ? 1 : 0;
    const shade = [90, 140, 120][label];
    for (let c = 0; c < 3; c++) image[3 * i + c] = shade + 60 * random.uniform() - (c === label ? 30 : 0);
    labels[i] = row >= 60 ? 255 : label;
  }
  const sizes = { width: size, height: size };
  return {
    id: `drawn${index}`,
    source: `drawn #${index}`,
    image: { ...sizes, data: image },
    labels: { mask: { ...sizes, data: labels } },
  };
}

/** Arrays of several samples, stacked along a new first axis. */
function stacked(prepared: readonly Named<NdArray>[]): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(prepared[0]).map(([name, { dtype, shape }]) => [
      name,
      fromNumbers(
        dtype,
        [prepared.length, ...shape],
        prepared.flatMap((arrays) => toNumbers(arrays[name])),
      ),
    ]),
  );
}

test("transunet-tiny learns four pictures by heart", async () => {
  const [stage] = transunet.stages(recipe, task) as [TrainingStage];
  const samples = [0, 1, 2, 3].map(drawSample);
  const batch = () => stacked(samples.map((sample, i) => stage.prepare(sample, new Random(i)) as Named<NdArray>));
  const engine = await openEngine({ threads: 2 });
  try {
    const step = await buildStep({
      engine,
      recipe,
      inputs: stage.inputs,
      loss: stage.loss,
    });
    await step.initialize(recipe.seed);
    const losses: number[] = [];
    for (let i = 0; i < recipe.steps; i++) losses.push((await step.run(batch(), { step: i, seed: recipe.seed })).total);
    const weights = await engine.get([...step.model.parameters.keys()]);

    const { image, labels } = batch();
    const model = new Model();
    const predictor = transunet.model(recipe, task) as SemanticModel;
    const probabilities = predictor.scores(model.scope, input("image", image.shape, "uint8"));
    const got = (await evaluate({ probabilities }, { ...weights, image })).probabilities;

    expect(got.shape).toEqual([4, 3, 64, 64]);
    expect(losses[recipe.steps - 1]).toBeLessThan(losses[0] / 10);
    expect(accuracy(got, labels)).toBeGreaterThan(0.97);
  } finally {
    await engine.close();
  }
});

/** Share of the labelled pixels whose most probable class is their label. */
function accuracy({ shape: [batch, classes, height, width], data }: NdArray, labels: NdArray): number {
  const plane = height * width;
  let right = 0;
  let counted = 0;
  for (let i = 0; i < batch * plane; i++) {
    const label = Number(labels.data[i]);
    if (label === 255) continue;
    const start = Math.floor(i / plane) * classes * plane + (i % plane);
    const scores = Array.from({ length: classes }, (_, k) => Number(data[start + k * plane]));
    counted++;
    if (scores.indexOf(Math.max(...scores)) === label) right++;
  }
  return right / counted;
}
