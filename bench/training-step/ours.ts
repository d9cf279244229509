/** Our side: takes a training step for each line on stdin and reports what it cost as a line of JSON. */
import { createInterface } from "node:readline";
import { openEngine } from "../../src/runtime/open.ts";
import { buildStep } from "../../src/step/step.ts";
import { batchOf, models } from "./models.ts";

const [name, threads] = process.argv.slice(2);
const bench = models[name];
const engine = await openEngine({ threads: Number(threads) });
const step = await buildStep({ engine, ...bench });
await step.initialize(1);
let count = 0;

process.stdout.write("ready\n");
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== "step") break;
  const batch = batchOf(bench);
  const before = process.cpuUsage();
  const start = performance.now();
  const { total } = await step.run(batch, { step: count++, seed: 1 });
  const wallMs = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  const report = { cpuMs: (user + system) / 1000, wallMs, loss: total, peakMb: process.resourceUsage().maxRSS / 1024 };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
await step.release();
await engine.close();
