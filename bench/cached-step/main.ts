/**
 * What keeping features on disk saves: steps of dinov2-cached against dinov2-linear, batches read from the same files.
 *
 *   npx tsx bench/cached-step/main.ts [--size 512x384] [--images 24] [--steps 20] [--threads 2]
 *
 * Both take turns of some steps; the first turn of each (memory still growing) is left out. The encoder has random numbers,
 * which change no time, and no sample is kept in memory, as of a large data set. How long the pass takes that writes the features is said beside.
 */
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { batches } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { labelledDataset, scaledDataset } from "../../src/data/views.ts";
import { openDataset } from "../../src/datasets/index.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import type { TrainingStage } from "../../src/methods/stage.ts";
import { unet } from "../../src/methods/unet/index.ts";
import { recipes } from "../../src/methods/unet/recipe.ts";
import { encodedBy } from "../../src/networks/unet/network.ts";
import { nodePlatform as platform } from "../../src/platform/node.ts";
import { labelsFolder, withStageLabels } from "../../src/runs/stage-labels.ts";
import { openEngine } from "../../src/runtime/open.ts";
import { writeScenes } from "../../src/scenes/write.ts";
import { runPass } from "../../src/training/pass.ts";
import { buildStageStep } from "../../src/training/stage-step.ts";
import { shortSideFor } from "../../src/training/start-run.ts";

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "512x384" },
    images: { type: "string", default: "24" },
    steps: { type: "string", default: "20" },
    threads: { type: "string", default: "2" },
  },
});
const turns = 4;
const folder = await mkdtemp(join(tmpdir(), "tessera-bench-"));
const engines = [];
try {
  await writeScenes(platform, `scenes:size=${values.size},train=${values.images},val=1,test=1`, `${folder}/data`);
  const dataset = labelledDataset(await openDataset(platform, `${folder}/data`, "train"), ["mask"]);
  const task = { classes: dataset.classes, frequencies: dataset.classes.map(() => 1 / dataset.classes.length) };
  const [cached, linear] = [recipes["dinov2-cached"], recipes["dinov2-linear"]];
  const [width, height] = values.size.split("x").map(Number);
  const scaled = (data: Dataset) => scaledDataset(data, shortSideFor([{ width, height }], cached));

  const engine = await openEngine({ threads: Number(values.threads) });
  engines.push(engine);
  const [pass, train] = unet.stages(cached, task);
  if (pass.kind !== "pass" || train.kind !== "training")
    throw new Error("bench: expected a pass and a training stage.");
  const begun = performance.now();
  await runPass({
    ...{ platform, engine, folder, stage: pass, weights: encoderWeights(), classes: task.classes },
    dataset: scaled(dataset),
  });
  const passSeconds = (performance.now() - begun) / 1000;
  const place = labelsFolder(folder, pass.name);
  const withFeatures = await withStageLabels(platform, place, pass.writes ?? [], dataset, train.learnsFrom, {
    photographs: train.photographs,
  });

  const [through] = unet.stages(linear, task);
  if (through.kind !== "training") throw new Error("bench: expected a training stage.");
  const sides = [
    await open("dinov2-linear", through, scaled(dataset)),
    await open("dinov2-cached", train, scaled(labelledDataset(withFeatures, train.learnsFrom))),
  ];
  for (let turn = 0; turn < turns; turn++) {
    for (const side of sides) side.seconds.push(await side.run(Number(values.steps)));
  }
  const [slow, fast] = sides.map(({ title, seconds }) => {
    const perSecond = seconds.slice(1).map((each) => Number(values.steps) / each);
    const best = Math.max(...perSecond);
    console.log(`${title}  steps a second: ${perSecond.map((each) => each.toFixed(2)).join(", ")}`);
    return best;
  });
  let bytes = 0;
  for (const name of await readdir(place)) bytes += (await stat(`${place}/${name}`)).size;
  console.log(
    `ratio cached / linear: ${(fast / slow).toFixed(1)} (best turns); pass ${(passSeconds / dataset.ids.length).toFixed(2)} s and ` +
      `${(bytes / 1e6 / dataset.ids.length).toFixed(2)} MB a photograph; ${values.size}, ${values.images} images, ` +
      `${values.threads} thread(s); ${cpus()[0].model}, Node ${process.version}`,
  );
} finally {
  for (const engine of engines) await engine.close();
  await rm(folder, { recursive: true, force: true });
}

/** First values of the encoder. */
function encoderWeights(): Named<NdArray> {
  const model = new Model();
  encodedBy(model.scope, input("image", [1, 3, 224, 224]), recipes["dinov2-cached"]);
  const all = [...model.parameters.values()];
  return Object.fromEntries(
    all.map(({ name, tensor, initializer }) => [name, initializer(tensor.shape, new Random("bench", name))]),
  );
}

/** A side with an engine of its own; `run` gives the seconds that some steps take, batches included. */
async function open(title: string, stage: TrainingStage, dataset: Dataset) {
  const engine = await openEngine({ threads: Number(values.threads) });
  engines.push(engine);
  const step = await buildStageStep(stage, engine);
  await step.initialize(1);
  const { batchSize } = stage.settings;
  const source = batches(dataset, {
    batchSize,
    seed: 1,
    prepare: (sample, random) => stage.prepare(sample, random),
    cacheBytes: 0,
  });
  const each = source[Symbol.asyncIterator]();
  let count = 0;
  return {
    title,
    seconds: [] as number[],
    async run(steps: number): Promise<number> {
      const before = performance.now();
      for (let i = 0; i < steps; i++) {
        const next = await each.next();
        if (!next.done) await step.run(next.value.arrays, { step: count++, seed: 1 });
      }
      return (performance.now() - before) / 1000;
    },
  };
}
