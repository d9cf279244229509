/**
 * The update of a training step, all parameters of a vision transformer: in one loop for each of them, as the engine does it on the CPU, against
 * ONNX Runtime, which runs the same graph node by node. Both take turns, one thread; printed are least processor times and their ratio.
 *
 *   npx tsx bench/update/main.ts [--width 384] [--blocks 12] [--turns 8]
 */
import { parseArgs } from "node:util";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { lower } from "../../src/graph/graph.ts";
import { input, type Target, variable } from "../../src/graph/tensor.ts";
import { baseRecipe } from "../../src/methods/recipe.ts";
import { writeModel } from "../../src/onnx/write.ts";
import type { Session } from "../../src/runtime/backend.ts";
import { elementwiseModel } from "../../src/runtime/elementwise.ts";
import { elementwiseSession } from "../../src/runtime/elementwise-session.ts";
import { nodeBackend } from "../../src/runtime/node.ts";
import { defaultGroup, updateGraph } from "../../src/step/update.ts";

const { values } = parseArgs({
  options: {
    width: { type: "string", default: "384" },
    blocks: { type: "string", default: "12" },
    turns: { type: "string", default: "8" },
  },
});
const [width, blocks, turns] = [values.width, values.blocks, values.turns].map(Number);
const target: Target = { device: "cpu", operators: "native", convBlock: 0 };

const block = [
  [width, 3 * width],
  [3 * width],
  [width, width],
  [width],
  [width, 4 * width],
  [4 * width],
  [4 * width, width],
  [width],
];
const shapes = Array.from({ length: blocks }, () => block).flat();
const parameters = shapes.map((shape, i) => ({ name: `p${i}`, tensor: variable(`p${i}`, shape) }));
const count = shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
console.log(
  `${(count / 1e6).toFixed(1)} million parameters in ${shapes.length} arrays, one thread, ns a parameter, least of ${turns} turns`,
);

for (const optimizer of ["sgd", "adam", "adamw", "radam-lookahead"] as const) {
  const gradients = parameters.map(({ name, tensor }) => variable(`gradient/${name}`, tensor.shape));
  const recipe = { ...baseRecipe, optimizer, weightDecay: 0.05, clipNorm: 1, averageDecay: 0 };
  const { next } = updateGraph(parameters, gradients, recipe, defaultGroup, input("gradientNorm", []));
  // An output may not be called like a variable that the graph reads.
  const outputs = Object.fromEntries(Object.entries(next).map(([name, tensor]) => [`next:${name}`, tensor]));
  const graph = lower({ outputs }, target);
  const sessions = {
    ours: elementwiseSession(elementwiseModel(graph)!),
    nodes: await nodeBackend.create(writeModel(graph).bytes, { device: "cpu", threads: 1, use: "training" }),
  };
  const feeds = Object.fromEntries(sessions.ours.inputs.map(({ name, shape }, i) => [name, drawn(shape, i)]));
  const results = { ours: room(sessions.ours), nodes: room(sessions.ours) };
  const least = { ours: Number.POSITIVE_INFINITY, nodes: Number.POSITIVE_INFINITY };
  for (let turn = 0; turn <= turns; turn++) {
    for (const side of ["ours", "nodes"] as const) {
      const before = process.cpuUsage();
      await sessions[side].run(feeds, results[side]);
      const { user, system } = process.cpuUsage(before);
      if (turn > 0) least[side] = Math.min(least[side], ((user + system) * 1000) / count);
    }
  }
  const bits = (array: NdArray) => Buffer.from(array.data.buffer);
  const same = Object.keys(outputs).every((name) => bits(results.ours[name]).equals(bits(results.nodes[name])));
  const { ours, nodes } = least;
  console.log(
    `${optimizer.padEnd(16)} ${ours.toFixed(2)} / ${nodes.toFixed(2)} = ${(ours / nodes).toFixed(2)}, bits ${same ? "equal" : "differ"}`,
  );
  await sessions.nodes.release();
}

/** Positive numbers: some of them are second moments. */
function drawn(shape: readonly number[], seed: number): NdArray {
  const data = new Random(seed, "update").fillUniform(new Float32Array(sizeOf(shape)));
  return { dtype: "float32", shape, data };
}

function room({ outputs }: Session): Named<NdArray> {
  const empty = (shape: readonly number[]): NdArray => ({
    dtype: "float32",
    shape,
    data: new Float32Array(sizeOf(shape)),
  });
  return Object.fromEntries(outputs.map(({ name, shape }) => [name, empty(shape)]));
}
