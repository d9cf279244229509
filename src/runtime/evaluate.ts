import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { lower, reach } from "../graph/graph.ts";
import { checkRange, type Target, type Tensor } from "../graph/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { nodeBackend } from "./node.ts";

/** The CPU with all of ONNX Runtime's operators, but not its blocked layout. */
export const plainTarget: Target = { device: "cpu", operators: "native", convBlock: 0 };

/**
 * The numbers of `outputs`, computed once in this thread on the CPU: for tests and small one-off work.
 *
 * feeds: arrays for the inputs and variables that the outputs depend on, by name; others are ignored.
 */
export async function evaluate(
  outputs: Named<Tensor>,
  feeds: Named<NdArray> = {},
  { target = plainTarget }: { target?: Target } = {},
): Promise<Named<NdArray>> {
  const { bytes, inputs, variables } = writeModel(lower({ outputs }, target));
  const session = await nodeBackend.create(bytes, { device: "cpu", threads: 1, use: "training" });
  try {
    const given = Object.fromEntries([...inputs, ...variables].map((name) => [name, feeds[name]]));
    for (const [name, array] of Object.entries(given))
      if (array === undefined) throw new Error(`evaluate: no array is given for "${name}".`);
    for (const [name, tensor] of reach(Object.values(outputs)).leaves) checkRange(tensor, given[name]);
    const results = await session.run(given, Object.fromEntries(Object.keys(outputs).map((name) => [name, null])));
    for (const [name, { shape }] of Object.entries(outputs)) {
      const got = results[name].shape;
      if (!sameShape(got, shape)) throw new Error(`evaluate: "${name}" should be ${show(shape)}, but is ${show(got)}.`);
    }
    return results;
  } finally {
    await session.release();
  }
}
