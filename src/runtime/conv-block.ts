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
 * and a depthwise one equal plain ones.
 */
export async function detectConvBlock(backend: Backend): Promise<number> {
  try {
    // Blocks are padded to their full size, so the smallest input shows it.
    const tiny = float32([1, 4, 1, 1], [1, 2, 3, 4]);
    const { y } = await run(backend, { y: operator("ReorderInput", [constant(tiny)], [1, -1, 1, 1]) });
    const block = y.data.length;
    if (block !== 8 && block !== 16) return 0;

    const shape: Shape = [1, block, size, size];
    const x = constant(ramp(shape));
    const blockedX = operator("ReorderInput", [x], shape);
    const outputs: Record<string, Tensor> = {};
    for (const group of [1, block]) {
      const w = ramp([block, block / group, 3, 3]);
      const more = { ...attributes, group };
      outputs[`plain${group}`] = node("Conv", [x, constant(w)], {
        attributes: more,
        gradient: null,
        output: { dtype: "float32", shape },
      });
      const y = operator("Conv", [blockedX, blockedWeight(w, block)], shape, more);
      outputs[`blocked${group}`] = operator("ReorderOutput", [y], shape, { channels: block });
    }
    const results = await run(backend, outputs);
    const equal = [1, block].every((group) => {
      const [plain, blocked] = [toNumbers(results[`plain${group}`]), toNumbers(results[`blocked${group}`])];
      return plain.length === blocked.length && plain.every((value, i) => Math.abs(value - blocked[i]) < 1e-3);
    });
    return equal ? block : 0;
  } catch {
    return 0;
  }
}

const attributes = { kernel_shape: [3, 3], pads: [1, 1, 1, 1] };

function operator(op: string, inputs: readonly Tensor[], shape: Shape, more = {}): Tensor {
  return node(op, inputs, { domain, attributes: more, gradient: null, output: { dtype: "float32", shape } });
}

/** [O, C / groups, 3, 3], O one block, one group or O → the layout's order: input channel, if any, before output channel. */
function blockedWeight(w: NdArray, block: number): Tensor {
  const [, channels] = w.shape;
  const split = reshaped(constant(w), [block, channels, 9]);
  const turned = node("Transpose", [split], {
    attributes: { perm: [2, 1, 0] },
    gradient: null,
    output: { dtype: "float32", shape: [9, channels, block] },
  });
  return reshaped(turned, w.shape);
}

function reshaped(x: Tensor, shape: Shape): Tensor {
  return node("Reshape", [x, constant(fromNumbers("int64", [shape.length], shape))], {
    gradient: null,
    output: { dtype: "float32", shape },
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
