/** Our side: takes a training step (or predicts) for each line on stdin and reports what it cost as a line of JSON. */
import { createInterface } from "node:readline";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { lower } from "../../src/graph/graph.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { foldGraph } from "../../src/prediction/pipeline/fold.ts";
import { openEngine } from "../../src/runtime/open.ts";
import { buildStep } from "../../src/step/step.ts";
import { type Benched, batchOf, models } from "./models.ts";

const [name, threads] = process.argv.slice(2);
const bench = models[name];
const engine = await openEngine({ threads: Number(threads) });
const step = bench.predicts === undefined ? await trainingStep() : await prediction(bench.predicts);
let count = 0;

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== "step") break;
  const batch = batchOf(bench);
  const before = process.cpuUsage();
  const start = performance.now();
  const loss = await step.run(batch, count++);
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const report = { cpuMs: (user + system) / 1000, wallMs, loss, peakMb: process.resourceUsage().maxRSS / 1024 };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
await step.release();
await engine.close();

async function trainingStep() {
  const { initialize, run, release } = await buildStep({ engine, ...bench });
  await initialize(1);
  return { run: async (batch: Named<NdArray>, step: number) => (await run(batch, { step, seed: 1 })).total, release };
}

/** As exported models are made: standard operators, weights embedded, what depends on them alone computed before. */
async function prediction(predicts: NonNullable<Benched["predicts"]>) {
  const model = new Model();
  const { shape, dtype } = bench.inputs.image;
  const outputs = predicts(model.scope, input("image", shape, dtype));
  const weights = Object.fromEntries(
    [...model.parameters.values()].map(({ name, tensor, initializer }) => [
      name,
      initializer(tensor.shape, new Random(1, name)),
    ]),
  );
  const lowered = lower({ outputs }, { device: "cpu", operators: "portable", convBlock: 0 });
  const { bytes } = writeModel(await foldGraph(engine, lowered, weights), { embed: weights });
  const program = await engine.load(bytes, []);
  return {
    run: async ({ image }: Named<NdArray>) => {
      await program.run({ image });
      return 0;
    },
    release: program.release,
  };
}
