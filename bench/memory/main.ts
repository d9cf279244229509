/**
 * Peak resident memory of training the full-size TransUNet (R50+ViT-B/16) by cross-entropy, dropout as published.
 *
 *   npx tsx bench/memory/main.ts --side 224|512|1024 [--plain] [--steps 2] [--optimizer adam] [--batch 1] [--classes 19]
 *                                [--threads 2] [--limit 20] [--chunk 16777216]
 *
 * Counted is all that the training process has in memory at its worst moment (`maxRSS`): Node, ONNX Runtime, graphs,
 * weights, optimizer, batch, noise, activations. It runs compiled JavaScript, as users do, in the product's own step and
 * engine. `--plain` also trains with attention that keeps its probabilities, the baseline, and prints ratios; `--chunk`
 * tries another size of tile than the operator's own. A process that comes to have more than `--limit` GB is stopped.
 * The first step, in which memory grows, is left out of times. MB are 2²⁰ bytes.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Moment, Sizes, Task } from "./step.ts";

const { values } = parseArgs({
  options: {
    side: { type: "string", default: "224" },
    plain: { type: "boolean", default: false },
    steps: { type: "string", default: "2" },
    optimizer: { type: "string", default: "adam" },
    batch: { type: "string", default: "1" },
    classes: { type: "string", default: "19" },
    threads: { type: "string", default: "2" },
    limit: { type: "string", default: "20" },
    chunk: { type: "string" },
  },
});
const task: Task = {
  side: Number(values.side),
  batch: Number(values.batch),
  classes: Number(values.classes),
  steps: Number(values.steps),
  threads: Number(values.threads),
  optimizer: values.optimizer as Task["optimizer"],
};

interface Measured {
  readonly moments: readonly Moment[];
  /** Null where the process did not come to its end. */
  readonly sizes: Sizes | null;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const compiled = here("../../node_modules/.cache/tessera-bench-memory");
const operator = `${compiled}/src/ops/attention.js`;

/** The compiled attention operator with another number of scores at once: no network passes this option on. */
function setChunk(elements: string): void {
  const source = readFileSync(operator, "utf8");
  const changed = source.replace(/chunkElements = [^,}]*[^,} ]/, `chunkElements = ${elements}`);
  if (!changed.includes(`chunkElements = ${elements}`))
    throw new Error(`${operator}: there is no chunkElements to set.`);
  writeFileSync(operator, changed);
}

/** Resident memory of a process in GB; 0 where it cannot be read. */
function residentGigabytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 2 ** 20;
  } catch {
    return 0;
  }
}

async function measure(title: string): Promise<Measured> {
  console.log(`${title}:`);
  const child = spawn(process.execPath, [`${compiled}/bench/memory/step.js`, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  let stopped = false;
  const watch = setInterval(() => {
    if (residentGigabytes(child.pid!) <= Number(values.limit)) return;
    stopped = true;
    child.kill("SIGKILL");
  }, 50);
  const moments: Moment[] = [];
  let sizes: Sizes | null = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const report = JSON.parse(line) as Moment | Sizes;
    if (!("after" in report)) sizes = report;
    else {
      moments.push(report);
      const { after, nowMb, peakMb, wallMs, cpuMs, loss } = report;
      const times = `wall ${seconds(wallMs)} s, CPU ${seconds(cpuMs)} s`;
      const end = loss === undefined ? "" : `, loss ${loss.toFixed(5)}`;
      console.log(`  after ${after.padEnd(8)} ${mb(nowMb)} MB, peak so far ${mb(peakMb)} MB; ${times}${end}`);
    }
  }
  const [code] = (await closed) as [number | null];
  clearInterval(watch);
  if (stopped) console.log(`  stopped at ${values.limit} GB`);
  else if (code !== 0) throw new Error(`the process ended with code ${code}.`);
  if (sizes !== null) printShares(moments, sizes);
  return { moments, sizes };
}

function printShares(moments: readonly Moment[], sizes: Sizes): void {
  const { parameters, weightsMb, optimizerMb, gradientsMb, noiseMb } = sizes;
  const start = moments.find(({ after }) => after === "graphs")!.nowMb;
  const rest = peakOf(moments) - start - weightsMb - optimizerMb - gradientsMb - noiseMb;
  const shares: [string, number][] = [
    ["Node, ONNX Runtime, compiled graphs", start],
    [`weights (${(parameters / 1e6).toFixed(1)} million)`, weightsMb],
    ["optimizer state", optimizerMb],
    ["gradients", gradientsMb],
    ["noise of a batch", noiseMb],
    ["activations, workspace, copies, gaps", rest],
  ];
  console.log(`  peak     ${mb(peakOf(moments))} MB, of which`);
  for (const [name, share] of shares) console.log(`           ${mb(share)} MB ${name}`);
}

const mb = (number: number) => number.toFixed(0).padStart(6);
const seconds = (ms: number) => (ms / 1000).toFixed(1);
const peakOf = (moments: readonly Moment[]) => Math.max(...moments.map(({ peakMb }) => peakMb));
const least = ({ moments }: Measured, key: "wallMs" | "cpuMs") =>
  Math.min(
    ...moments
      .filter(({ loss }) => loss !== undefined)
      .map((moment) => moment[key])
      .slice(1),
  );

// Compiled first, as users run it: a loader in the process would count as our memory.
execFileSync(here("../../node_modules/.bin/tsc"), ["-p", here(".")], { stdio: "inherit" });
writeFileSync(`${compiled}/package.json`, '{ "type": "module" }');

const { side, batch, classes, optimizer, threads } = task;
console.log(
  `TransUNet, ${side} pixels, batch ${batch}, ${classes} classes, ${optimizer}; ${threads} threads, ${cpus()[0].model}, Node ${process.version}`,
);
if (values.chunk !== undefined) setChunk(values.chunk);
const tiled = await measure(values.chunk === undefined ? "attention in tiles" : `tiles of ${values.chunk}`);
console.log(`  a step   wall ${seconds(least(tiled, "wallMs"))} s, CPU ${seconds(least(tiled, "cpuMs"))} s`);
if (values.plain) {
  setChunk("Number.POSITIVE_INFINITY");
  const plain = await measure("plain attention, the baseline");
  if (plain.sizes !== null && tiled.sizes !== null) {
    console.log(`  a step   wall ${seconds(least(plain, "wallMs"))} s, CPU ${seconds(least(plain, "cpuMs"))} s`);
    const ratio = (f: (measured: Measured) => number) => (f(tiled) / f(plain)).toFixed(2);
    const times = `wall ${ratio((m) => least(m, "wallMs"))}, CPU ${ratio((m) => least(m, "cpuMs"))}`;
    console.log(`tiles / plain: peak ${ratio(({ moments }) => peakOf(moments))}, ${times}`);
  }
}
