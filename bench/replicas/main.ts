/**
 * A step of two batches: side by side, each on its share of the threads (`--replicas`), against one after the other on all threads, and
 * against one batch as large as both. They take turns on drawn scenes; printed are median wall times and their ratios, and how far the
 * weights of the first two are apart behind the last turn, as a share of the largest.
 *
 *   npx tsx bench/replicas/main.ts [--recipes maxdeeplab-small,transunet-small] [--images 8] [--replicas 2] [--threads 2] [--turns 12]
 *
 * --images: a step's in all, default as the recipe has them.
 */
import { parseArgs } from "node:util";
import { joinArrays, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { batches } from "../../src/data/batches.ts";
import { labelledDataset } from "../../src/data/views.ts";
import { resolveRecipe } from "../../src/methods/resolve-recipe.ts";
import type { TrainingStage } from "../../src/methods/stage.ts";
import { evenTask, stagesOf } from "../../src/methods/stages.ts";
import { copiesOf } from "../../src/runtime/copy.ts";
import { openEngine } from "../../src/runtime/open.ts";
import { openScenes } from "../../src/scenes/index.ts";
import { buildStageStep } from "../../src/training/stage-step.ts";

const { values } = parseArgs({
  options: {
    recipes: { type: "string", default: "maxdeeplab-small,transunet-small,unet-mobilenet,groupvit-small" },
    images: { type: "string", default: "0" },
    replicas: { type: "string", default: "2" },
    threads: { type: "string", default: "2" },
    turns: { type: "string", default: "12" },
  },
});
const [images, replicas, threads, turns] = [values.images, values.replicas, values.threads, values.turns].map(Number);
console.log(`${threads} threads, steps of ${replicas} batches, median wall time of ${turns} turns, ms`);

for (const name of values.recipes.split(",")) {
  const { recipe: asGiven } = resolveRecipe(name);
  const batchSize = Math.max(1, (images || asGiven.batchSize) / replicas);
  const resolved = resolveRecipe(name, [`batchSize=${batchSize}`, `accumulate=${replicas}`]);
  const size = Math.min(512, Math.max(asGiven.cropHeight, asGiven.cropWidth));
  const scenes = openScenes(`scenes:size=${size},train=24,val=1,test=1`, "train");
  const task = evenTask(scenes.classes);
  const stage = stagesOf(resolved, task).find((each): each is TrainingStage => each.kind === "training")!;
  const source = batches(labelledDataset(scenes, stage.learnsFrom), {
    ...{ batchSize: stage.settings.batchSize, seed: 0, toStep: replicas },
    prepare: (sample, random) => stage.prepare(sample, random),
  });
  const group: Named<NdArray>[] = [];
  for await (const { arrays } of source) group.push(arrays);

  const whole = stagesOf(resolveRecipe(name, [`batchSize=${batchSize * replicas}`]), task).find(
    (each): each is TrainingStage => each.kind === "training",
  )!;
  const all = Object.fromEntries(
    Object.keys(group[0]).map((key) => [key, joinArrays(group.map((arrays) => arrays[key]))]),
  );
  const sides = [];
  for (const [count, trained, fed] of [
    [replicas, stage, group],
    [1, stage, group],
    [1, whole, [all]],
  ] as const) {
    const engine = await openEngine({ threads, replicas: count });
    const step = await buildStageStep(trained, engine);
    await step.initialize(0);
    sides.push({ engine, step, fed, times: [] as number[] });
  }
  for (let turn = -1; turn < turns; turn++) {
    for (const { step, fed, times } of sides) {
      const given = fed.map(copiesOf);
      const begun = performance.now();
      await step.run(given, { step: turn + 1, seed: 0 });
      if (turn >= 0) times.push(performance.now() - begun);
    }
  }
  const [beside, after, once] = sides.map(({ times }) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)]);
  const weights = [];
  for (const { engine, step } of sides) {
    weights.push(await engine.get(step.variables.filter(({ kind }) => kind === "parameter").map((each) => each.name)));
    await engine.close();
  }
  const [a, b] = weights.map((each) => Object.values(each).flatMap((array) => toNumbers(array)));
  const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const apart = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0) / largest;
  console.log(
    `${name}, ${replicas} × ${stage.settings.batchSize}: side by side ${beside.toFixed(0)}; one after the other ${after.toFixed(0)}, ratio ${(beside / after).toFixed(2)}, weights apart ${apart.toExponential(0)}; in one batch ${once.toFixed(0)}, ratio ${(beside / once).toFixed(2)}`,
  );
}
