/**
 * Depthwise convolutions of MobileNetV2, forward and both gradients: as this machine's lowering has them, against the
 * same without the blocked layout. Both take turns, one thread; printed are least wall times and their ratio.
 *
 *   npx tsx bench/depthwise/main.ts [--batch 8] [--side 192] [--runs 15]
 */
import { parseArgs } from "node:util";
import { float32 } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { type Shape, sizeOf } from "../../src/array/shape.ts";
import { lower } from "../../src/graph/graph.ts";
import { input, type Target, type Tensor } from "../../src/graph/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { convolve, convolveBack, convolveWeight } from "../../src/ops/convolution.ts";
import { detectConvBlock } from "../../src/runtime/conv-block.ts";
import { nodeBackend } from "../../src/runtime/node.ts";

const { values } = parseArgs({
  options: {
    batch: { type: "string", default: "8" },
    side: { type: "string", default: "192" },
    runs: { type: "string", default: "15" },
  },
});
const [batch, side, runs] = [values.batch, values.side, values.runs].map(Number);
const plainTarget: Target = { device: "cpu", operators: "native", convBlock: 0 };
const target: Target = { ...plainTarget, convBlock: await detectConvBlock(nodeBackend) };

/** Channels, stride of the image before, stride of the layer. */
const layers = [
  [32, 2, 1],
  [96, 2, 2],
  [144, 4, 1],
  [144, 4, 2],
  [192, 8, 1],
  [192, 8, 2],
  [384, 16, 1],
  [576, 16, 1],
  [576, 16, 2],
  [960, 32, 1],
] as const;

for (const [channels, reached, stride] of layers) {
  const size = Math.ceil(side / reached);
  const outputs = Math.ceil(size / stride);
  const [x, w, y] = [[batch, channels, size, size] as const, [channels, 1, 3, 3], [batch, channels, outputs, outputs]];
  const window = { kernel: [3, 3], strides: [stride, stride], dilations: [1, 1], pads: [1, 1, 1, 1] } as const;
  const geometry = { window, groups: channels };
  const columns = [
    await compare([x, w], ([x, w]) => convolve(x, w, null, geometry)),
    await compare([y, w], ([y, w]) => convolveBack(y, w, null, geometry, x)),
    await compare([x, y], ([x, y]) => convolveWeight(x, y, geometry)),
  ];
  const [forward, back, weight] = columns.map(
    ({ ours, plain }) => `${ours.toFixed(2)} / ${plain.toFixed(2)} ms = ${(ours / plain).toFixed(2)}`,
  );
  const title = `${channels} at ${size} × ${size}, stride ${stride}`.padEnd(30);
  console.log(`${title} forward ${forward}; input gradient ${back}; weight gradient ${weight}`);
}

/** Least wall ms of both lowerings. */
async function compare(shapes: readonly Shape[], build: (inputs: readonly Tensor[]) => Tensor) {
  const names = shapes.map((_, i) => `x${i}`);
  const y = build(shapes.map((shape, i) => input(names[i], shape)));
  const feeds = Object.fromEntries(
    shapes.map((shape, i) => [
      names[i],
      float32(shape, new Random(i, "x").fillNormal(new Float32Array(sizeOf(shape)))),
    ]),
  );
  const load = (target: Target) =>
    nodeBackend.create(writeModel(lower({ outputs: { y } }, target)).bytes, {
      device: "cpu",
      threads: 1,
      use: "training",
    });
  const sessions = { ours: await load(target), plain: await load(plainTarget) };
  const into = { y: float32(y.shape, new Float32Array(sizeOf(y.shape))) };
  const least = { ours: Number.POSITIVE_INFINITY, plain: Number.POSITIVE_INFINITY };
  for (let run = 0; run <= runs; run++) {
    for (const side of ["ours", "plain"] as const) {
      const start = performance.now();
      await sessions[side].run(feeds, into);
      // The first run of each grows memory.
      if (run > 0) least[side] = Math.min(least[side], performance.now() - start);
    }
  }
  for (const session of Object.values(sessions)) await session.release();
  return least;
}
