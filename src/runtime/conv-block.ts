import { float32, fromNumbers, type NdArray, toNumbers } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import { sizeOf } from "../array/shape.ts";
import { constant, node, type Tensor } from "../graph/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import type { Backend } from "./backend.ts";

const domain = "com.microsoft.nchwc";
const size = 5;

/**
 * Channels in a block of ONNX Runtime's blocked convolution layout on this machine: 16 with AVX-512, 8 with AVX2, 0
 * where it cannot be used. The layout is internal to ONNX Runtime, so it is believed only where a convolution in it
 * equals a plain one.
 */
export async function detectConvBlock(backend: Backend): Promise<number> {
  try {
    // Blocks are padded to their full size, so the smallest input shows it.
    const tiny = float32([1, 4, 1, 1], [1, 2, 3, 4]);
    const { y } = await run(backend, { y: operator("ReorderInput", [constant(tiny)], [1, -1, 1, 1]) });
    const block = y.data.length;
    if (block !== 8 && block !== 16) return 0;

    const x = constant(ramp([1, block, size, size]));
    const w = ramp([block, block, 3, 3]);
    const shape: Shape = [1, block, size, size];
    const plain = node("Conv", [x, constant(w)], { attributes, gradient: null, output: { dtype: "float32", shape } });
    const channels = { channels: block };
    const blocked = operator(
      "Conv",
      [operator("ReorderInput", [x], shape), blockedWeight(w, block)],
      shape,
      attributes,
    );
    const back = operator("ReorderOutput", [blocked], shape, channels);
    const results = await run(backend, { plain, back });
    const expected = toNumbers(results.plain);
    const equal = toNumbers(results.back).every((value, i) => Math.abs(value - expected[i]) < 1e-3);
    return equal && results.back.data.length === expected.length ? block : 0;
  } catch {
    return 0;
  }
}

const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };

function operator(op: string, inputs: readonly Tensor[], shape: Shape, more = {}): Tensor {
  return node(op, inputs, { domain, attributes: more, gradient: null, output: { dtype: "float32", shape } });
}

/** [O, C, 3, 3] with O = C = one block → the layout's order: input channel within the block before output channel. */
function blockedWeight(w: NdArray, block: number): Tensor {
  const shape = constant(fromNumbers("int64", [6], [1, block, 1, block, 3, 3]));
  const six = node("Reshape", [constant(w), shape], {
    gradient: null,
    output: { dtype: "float32", shape: [1, block, 1, block, 3, 3] },
  });
  const turned = node("Transpose", [six], {
    attributes: { perm: [0, 2, 4, 5, 3, 1] },
    gradient: null,
    output: { dtype: "float32", shape: [1, 1, 3, 3, block, block] },
  });
  return node("Reshape", [turned, constant(fromNumbers("int64", [4], [block, block, 3, 3]))], {
    gradient: null,
    output: { dtype: "float32", shape: [block, block, 3, 3] },
  });
}

/** Numbers without symmetry, between −½ and ½. */
function ramp(shape: Shape): NdArray {
  return float32(
    shape,
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 101) / 101 - 0.5),
  );
}

async function run(backend: Backend, outputs: Record<string, Tensor>): Promise<Record<string, NdArray>> {
  const { bytes } = writeModel({ outputs });
  const session = await backend.create(bytes, { device: "cpu", threads: 1, use: "training" });
  try {
    return await session.run({}, Object.fromEntries(Object.keys(outputs).map((name) => [name, null])));
  } finally {
    await session.release();
  }
}
