/**
 * How much of a training step is in memory at its worst moment, by the lowered graph alone: nothing is computed, so that sizes can be
 * looked at that a machine has no room for.
 *
 *   npx tsx bench/training-step/live-memory.ts l2g|l2g-half|…
 *
 * Counted are weights, state and gradients, which are held throughout, and what nodes give until its last use, in the order in which the graph is
 * written; element-wise nodes write over an input that nobody needs any more. Not counted are the process itself, the compiled graphs, and
 * room between the blocks of an arena.
 */
import { bytesOf } from "../../src/array/dtype.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { lower, reach } from "../../src/graph/graph.ts";
import type { Tensor, TensorType } from "../../src/graph/tensor.ts";
import { stepGraph } from "../operations.ts";
import { models } from "./models.ts";

const bytes = ({ dtype, shape }: TensorType) => sizeOf(shape) * bytesOf(dtype);

/** Share the memory of their first input. */
const views = new Set(["Reshape", "Squeeze", "Unsqueeze", "Identity", "Flatten"]);
/** Write over an input of the same size. */
const inPlace = new Set(["Add", "Sub", "Mul", "Div", "Relu", "Sqrt", "Neg", "Exp", "Where", "BatchNormalization"]);

/** Bytes at the worst moment of all that `outputs` need, without what is fed. */
function livePeak(outputs: readonly Tensor[]): number {
  const { nodes } = reach(outputs);
  const uses = new Map<Tensor, number>();
  for (const { inputs } of nodes) for (const x of inputs) if (x !== null) uses.set(x, (uses.get(x) ?? 0) + 1);
  for (const y of outputs) uses.set(y, (uses.get(y) ?? 0) + 1);
  // A view keeps what it is of: uses are counted there.
  const owner = new Map<Tensor, Tensor>();
  const ownerOf = (x: Tensor): Tensor => owner.get(x) ?? x;
  for (const {
    op,
    inputs,
    outputs: [y],
  } of nodes) {
    if (!views.has(op) || inputs[0] === null) continue;
    const whole = ownerOf(inputs[0]);
    owner.set(y, whole);
    uses.set(whole, (uses.get(whole) ?? 0) + (uses.get(y) ?? 0));
  }
  let [live, peak] = [0, 0];
  const held = new Set<Tensor>();
  for (const { op, inputs, outputs: results } of nodes) {
    const dying = new Set<Tensor>();
    for (const x of inputs) {
      if (x === null) continue;
      const whole = ownerOf(x);
      uses.set(whole, uses.get(whole)! - 1);
      if (uses.get(whole) === 0 && held.has(whole)) dying.add(whole);
    }
    const made = views.has(op) ? [] : results.filter((y) => (uses.get(y) ?? 0) > 0);
    for (const y of made) {
      const over = inPlace.has(op) ? [...dying].find((x) => bytes(x) === bytes(y)) : undefined;
      if (over !== undefined) {
        dying.delete(over);
        held.delete(over);
        live -= bytes(over);
      }
      live += bytes(y);
      held.add(y);
    }
    peak = Math.max(peak, live);
    for (const x of dying) {
      live -= bytes(x);
      held.delete(x);
    }
  }
  return peak;
}

const [name] = process.argv.slice(2);
const bench = models[name];
if (bench === undefined)
  throw new Error(`live-memory: expected one of ${Object.keys(models).join(", ")}, got ${name}.`);
const { model, total, slopes } = stepGraph(bench);
const target = { device: "cpu", operators: "native", convBlock: 16 } as const;
const { outputs } = lower({ outputs: Object.fromEntries([total, ...slopes].map((y, i) => [`y${i}`, y])) }, target);
const weights = [...model.parameters.values()].reduce((sum, { tensor }) => sum + bytes(tensor), 0);
const moments = model.trained.reduce((sum, { tensor }) => sum + bytes(tensor), 0);
const gigabytes = (value: number) => `${(value / 1e9).toFixed(2)} GB`;
const step = livePeak(Object.values(outputs));
console.log(
  `${bench.title}: weights ${gigabytes(weights)}, a moment ${gigabytes(moments)}, gradients and intermediate values at most ${gigabytes(step)}; together ${gigabytes(weights + moments + step)}`,
);
