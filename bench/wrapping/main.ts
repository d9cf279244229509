/**
 * What it costs that ONNX Runtime's Node package wraps results in new arrays, though they were written into given ones: the same graph,
 * which copies one array into many, as it is and with the output that ends the wrapping (`src/runtime/unwrapped.ts`). Both take turns, one
 * thread; printed are processor times of all threads of the process, garbage collection included, and their ratio.
 *
 *   npx tsx bench/wrapping/main.ts [--outputs 300] [--numbers 262144] [--turns 10]
 */
import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { float32, type NdArray } from "../../src/array/ndarray.ts";
import { input, node } from "../../src/graph/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { createSession, type OrtModule, sessionOptions } from "../../src/runtime/ort-session.ts";
import { withRefused } from "../../src/runtime/unwrapped.ts";

const { values } = parseArgs({
  options: {
    outputs: { type: "string", default: "300" },
    numbers: { type: "string", default: "262144" },
    turns: { type: "string", default: "10" },
  },
});
const [outputs, numbers, turns] = [values.outputs, values.numbers, values.turns].map(Number);

process.env.ORT_DISABLE_TELEMETRY ??= "1";
const ort = createRequire(import.meta.url)("onnxruntime-node") as OrtModule;
const x = input("x", [numbers]);
const names = Array.from({ length: outputs }, (_, i) => `y${i}`);
const copied = (name: string) => [name, node("Neg", [x], { gradient: null, output: x })] as const;
const { bytes } = writeModel({ outputs: Object.fromEntries(names.map(copied)) });
const options = sessionOptions({ device: "cpu", threads: 1, use: "training" }, ["cpu"]);
const sessions = {
  "not wrapped": await createSession(ort, withRefused(bytes), options, { fillsFetches: true }),
  wrapped: await createSession(ort, bytes, options, { fillsFetches: true }),
};
const room = (): NdArray => float32([numbers], new Float32Array(numbers));
const fetches = Object.fromEntries(names.map((name) => [name, room()]));
const feeds = { x: room() };

const times: Record<string, number[]> = { "not wrapped": [], wrapped: [] };
for (let turn = 0; turn <= turns; turn++) {
  for (const [name, session] of Object.entries(sessions)) {
    const before = process.cpuUsage();
    await session.run(feeds, fetches);
    const { user, system } = process.cpuUsage(before);
    // The first turn fills caches.
    if (turn > 0) times[name].push((user + system) / 1000);
  }
}
const middle = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const megabytes = (outputs * numbers * 4) / 2 ** 20;
console.log(`${outputs} results, together ${megabytes.toFixed(0)} MB a run, median CPU ms of ${turns} turns`);
for (const [name, list] of Object.entries(times)) console.log(`${name}: ${middle(list).toFixed(0)}`);
console.log(`ratio: ${(middle(times["not wrapped"]) / middle(times.wrapped)).toFixed(2)}`);
