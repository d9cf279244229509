/** What networks have in common that were first trained in Caffe: pictures come as blue, green, red. */
import type { NdArray } from "../array/ndarray.ts";
import type { PublishedNames } from "./encoder.ts";

/** w: [O, I, kh, kw] → the same with its inputs in the opposite order: red first where blue was, and back. */
function inputsReversed({ dtype, shape, data }: NdArray): NdArray {
  const [outputs, inputs, ...kernel] = shape;
  const size = kernel.reduce((product, side) => product * side, 1);
  const out = data.slice();
  for (let o = 0; o < outputs; o++) {
    for (let i = 0; i < inputs; i++) {
      const from = (o * inputs + i) * size;
      out.set(data.subarray(from, from + size) as never, (o * inputs + inputs - 1 - i) * size);
    }
  }
  return { dtype, shape, data: out };
}

/** The layout of files whose convolution `first`, by our name, sees blue, green, red; ours see red first. */
export function blueFirst(first: string): NonNullable<PublishedNames["layout"]> {
  const turned = (name: string, array: NdArray) => (name === first ? inputsReversed(array) : array);
  return { ours: turned, theirs: turned };
}
