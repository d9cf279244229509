/** One network's training steps in a process of their own: what memory and time they took, as lines of JSON. */
import { bytesOf } from "../../src/array/dtype.ts";
import { fromNumbers, type Named, type NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import type { TensorType } from "../../src/graph/tensor.ts";
import { crossEntropy } from "../../src/losses/cross-entropy.ts";
import { recipes } from "../../src/methods/transunet/recipe.ts";
import { transunet } from "../../src/networks/transunet/network.ts";
import { publishedTransUNet, type TransUNetSettings } from "../../src/networks/transunet/settings.ts";
import { openEngine } from "../../src/runtime/open.ts";
import type { StepVariable } from "../../src/step/initial-values.ts";
import { buildStep } from "../../src/step/step.ts";
import type { OptimizerRecipe } from "../../src/step/update.ts";

/** What `main.ts` asks for. */
export interface Task {
  readonly side: number;
  readonly batch: number;
  readonly classes: number;
  readonly steps: number;
  readonly threads: number;
  readonly optimizer: OptimizerRecipe["optimizer"];
}

export interface Moment {
  readonly after: string;
  /** Resident at that moment, and at most so far. */
  readonly nowMb: number;
  readonly peakMb: number;
  /** Since the moment before. */
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly loss?: number;
}

/** What is known by its size; the rest of the peak is what ONNX Runtime keeps for the backward pass and its workspace. */
export interface Sizes {
  readonly parameters: number;
  readonly weightsMb: number;
  readonly optimizerMb: number;
  readonly gradientsMb: number;
  readonly noiseMb: number;
}

const megabyte = 2 ** 20;
let last = { wall: performance.now(), cpu: process.cpuUsage() };

function moment(after: string, loss?: number): void {
  const { maxRSS } = process.resourceUsage();
  const wallMs = performance.now() - last.wall;
  const { user, system } = process.cpuUsage(last.cpu);
  const nowMb = process.memoryUsage.rss() / megabyte;
  const report: Moment = { after, nowMb, peakMb: maxRSS / 1024, wallMs, cpuMs: (user + system) / 1000, loss };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  last = { wall: performance.now(), cpu: process.cpuUsage() };
}

async function measure({ side, batch, classes, steps, threads, optimizer }: Task): Promise<void> {
  const settings: TransUNetSettings = { ...publishedTransUNet, cropHeight: side, cropWidth: side };
  const inputs = {
    image: { dtype: "float32", shape: [batch, 3, side, side] },
    labels: { dtype: "int64", shape: [batch, side, side] },
  } as const;
  const engine = await openEngine({ threads });
  moment("engine");
  const step = await buildStep({
    engine,
    inputs,
    recipe: { ...recipes.transunet, optimizer, learningRate: 1e-4, schedule: "constant", weightDecay: 0 },
    loss: (scope, { image, labels }) => ({
      terms: { crossEntropy: crossEntropy(transunet(scope, image, classes, settings).logits, labels) },
    }),
  });
  moment("graphs");
  await step.initialize(1);
  moment("weights");
  for (let i = 0; i < steps; i++) {
    const { total } = await step.run(batchOf(inputs, classes), { step: i, seed: 1 });
    moment(`step ${i + 1}`, total);
  }
  const megabytes = (types: Iterable<TensorType>) =>
    [...types].reduce((sum, { dtype, shape }) => sum + (sizeOf(shape) * bytesOf(dtype)) / megabyte, 0);
  const kept = (kind: StepVariable["kind"]) => step.variables.filter((variable) => variable.kind === kind);
  const sizes: Sizes = {
    parameters: kept("parameter").reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    weightsMb: megabytes(kept("parameter")),
    optimizerMb: megabytes(kept("optimizer")),
    gradientsMb: megabytes(kept("scratch")),
    noiseMb: megabytes([...step.model.noises.values()].map(({ tensor }) => tensor)),
  };
  process.stdout.write(`${JSON.stringify(sizes)}\n`);
  await step.release();
  await engine.close();
}

function batchOf({ image, labels }: Named<TensorType>, classes: number): Named<NdArray> {
  const random = new Random(1, "batch");
  const pixels = random.fillNormal(new Float32Array(sizeOf(image.shape)));
  const numbers = Array.from({ length: sizeOf(labels.shape) }, () => random.integer(classes));
  return {
    image: { dtype: "float32", shape: image.shape, data: pixels },
    labels: fromNumbers("int64", labels.shape, numbers),
  };
}

await measure(JSON.parse(process.argv[2]) as Task);
