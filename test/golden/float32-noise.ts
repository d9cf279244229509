/** What rounding alone does to outputs: where goldens were computed in float64 and our numbers are not. */
import { isFloat } from "../../src/array/dtype.ts";
import { float32, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { lower } from "../../src/graph/graph.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { plainTarget } from "../../src/runtime/evaluate.ts";
import { nodeBackend } from "../../src/runtime/node.ts";

/**
 * How far outputs move when all that is fed moves by at most half a unit in the last place of float32, by name: the largest
 * of a few runs. Goldens were computed in float64, so where this is near a tolerance, float32 itself is what is off: of
 * losses behind batch statistics of a few rows, and of AdamW's first step, which makes a whole step of a gradient that is
 * 0 but for rounding.
 */
export async function float32Noise(outputs: Named<Tensor>, feeds: Named<NdArray>): Promise<Record<string, number>> {
  const { bytes, inputs, variables } = writeModel(lower({ outputs }, plainTarget));
  const session = await nodeBackend.create(bytes, { device: "cpu", threads: 1, use: "training" });
  const run = (given: Named<NdArray>) =>
    session.run(
      Object.fromEntries([...inputs, ...variables].map((name) => [name, given[name]])),
      Object.fromEntries(Object.keys(outputs).map((name) => [name, null])),
    );
  const still = await run(feeds);
  const moves: Record<string, number> = {};
  for (let count = 0; count < 4; count++) {
    const moved = Object.entries(feeds).map(([name, array]) => {
      const random = new Random("half a unit", count, name);
      const nudge = (value: number) => value * (1 + random.between(-(2 ** -24), 2 ** -24));
      return [name, isFloat(array.dtype) ? float32(array.shape, toNumbers(array).map(nudge)) : array] as const;
    });
    for (const [name, array] of Object.entries(await run(Object.fromEntries(moved)))) {
      const before = toNumbers(still[name]);
      const apart = toNumbers(array).map((value, i) => Math.abs(value - before[i]));
      moves[name] = apart.reduce((most, each) => Math.max(most, each), moves[name] ?? 0);
    }
  }
  await session.release();
  return moves;
}
