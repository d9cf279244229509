/**
 * A training step (or a prediction, of models that are called so) against PyTorch's: two processes that step in turns, compared by CPU time.
 *
 *   npm run bench:step -- vit|resnet|mobilenet|mobilenet-prediction|transunet|gss|dvae-prediction|l2g|l2g-half|groupvit|groupvit-prediction|maxdeeplab|maxdeeplab-prediction|denoise-all|denoise-frozen [--threads 1] [--steps 6] [--python /usr/bin/python3]
 *
 * Before that, both sides' matrix products are measured: a PyTorch with less than a third of our rate is refused. Of each
 * step its share of the machine's matrix-product rate is printed, the faster of the two: the operations that the model
 * asks for (`../operations.ts`) a second of the least wall time, divided by that rate.
 *
 * Both sides are told how many threads to use. The first step of each (memory still growing) is left out. glibc is told
 * to keep freed memory on the PyTorch side: giving pages back at every step would be held against it.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { InputError } from "../../src/errors.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { requireBaseline } from "../matrix-product.ts";
import { operationsOf, stepOperations } from "../operations.ts";
import { models } from "./models.ts";

interface Report {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly loss: number;
  readonly peakMb: number;
}

interface Side {
  readonly title: string;
  readonly reports: Report[];
  step(): Promise<void>;
  stop(): Promise<void>;
}

async function start(title: string, command: string, args: readonly string[]): Promise<Side> {
  const env = { ...baseline.environment, MALLOC_TRIM_THRESHOLD_: "-1", MALLOC_MMAP_MAX_: "0" };
  const plain = { ...process.env };
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: title === "PyTorch" ? env : plain });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${title} ended early.`);
    return value as string;
  };
  await read();
  const reports: Report[] = [];
  return {
    title,
    reports,
    async step() {
      child.stdin.write("step\n");
      reports.push(JSON.parse(await read()) as Report);
    },
    async stop() {
      child.stdin.end();
      await once(child, "close");
    },
  };
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    threads: { type: "string", default: "1" },
    steps: { type: "string", default: "6" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const [name] = positionals;
const bench = models[name];
if (bench === undefined) {
  console.error(`bench:step: expected one of ${Object.keys(models).join(", ")}, got ${name}. Name a model.`);
  process.exit(2);
}

const baseline = await requireBaseline(values).catch((error: unknown) => {
  if (!(error instanceof InputError)) throw error;
  console.error(error.message);
  process.exit(1);
});
const operations = bench.predicts === undefined ? stepOperations(bench) : predictionOperations(bench.predicts);

function predictionOperations(predicts: NonNullable<typeof bench.predicts>) {
  const { shape, dtype } = bench.inputs.image;
  const forward = operationsOf(Object.values(predicts(new Model().scope, input("image", shape, dtype))));
  return { forward, step: forward };
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
// Compiled first, as users run it: a loader in the process would count as our memory.
const compiled = here("../../node_modules/.cache/tessera-bench");
execFileSync(here("../../node_modules/.bin/tsc"), ["-p", here(".")], { stdio: "inherit" });
writeFileSync(
  `${compiled}/package.json`,
  JSON.stringify({ type: "module", imports: { "#engine-worker": "./src/runtime/worker.js" } }),
);
const ours = await start("tessera", process.execPath, [
  `${compiled}/bench/training-step/ours.js`,
  name,
  values.threads,
]);
const theirs = await start("PyTorch", values.python, [
  here("reference.py"),
  name,
  values.threads,
  JSON.stringify(bench.settings),
]);
for (let i = 0; i <= Number(values.steps); i++) {
  await ours.step();
  await theirs.step();
}
await ours.stop();
await theirs.stop();

const sorted = ({ reports }: Side, key: "cpuMs" | "wallMs") =>
  reports
    .slice(1)
    .map((r) => r[key])
    .sort((a, b) => a - b);
const least = (side: Side, key: "cpuMs" | "wallMs") => sorted(side, key)[0];
const median = (side: Side, key: "cpuMs" | "wallMs") => sorted(side, key)[Math.floor((side.reports.length - 1) / 2)];
const peak = ({ reports }: Side) => reports[reports.length - 1].peakMb;

console.log(
  `${bench.title}; ${values.threads} thread(s), ${values.steps} steps; ${cpus()[0].model}, Node ${process.version}`,
);
const images = bench.inputs.image.shape[0];
console.log(
  `operations: ${(operations.step / 1e9).toFixed(1)} GFLOP a step; forward ${(operations.forward / images / 1e9).toFixed(2)} an image`,
);
for (const side of [ours, theirs]) {
  console.log(
    `${side.title.padEnd(8)} CPU ms: least ${least(side, "cpuMs").toFixed(0)}, median ${median(side, "cpuMs").toFixed(0)};` +
      ` wall ms: least ${least(side, "wallMs").toFixed(0)}; peak ${peak(side).toFixed(0)} MB;` +
      ` losses ${side.reports.map(({ loss }) => loss.toFixed(3)).join(" ")}`,
  );
}
for (const side of [ours, theirs]) {
  const rate = operations.step / least(side, "wallMs") / 1e6;
  console.log(
    `${side.title.padEnd(8)} ${rate.toFixed(1)} GFLOP/s, ${(rate / Math.max(baseline.ours, baseline.pytorch)).toFixed(2)} of the matrix-product rate`,
  );
}
const ratio = (f: (side: Side) => number) => (f(ours) / f(theirs)).toFixed(2);
console.log(
  `ratio    CPU: least ${ratio((s) => least(s, "cpuMs"))}, median ${ratio((s) => median(s, "cpuMs"))};` +
    ` wall: least ${ratio((s) => least(s, "wallMs"))}; peak memory ${ratio(peak)}`,
);
