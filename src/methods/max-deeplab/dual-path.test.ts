import { expect, test } from "vitest";
import { float32, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { dualPathTransformer } from "./dual-path.ts";

const drawn = (name: string, shape: readonly number[]): NdArray => {
  const random = new Random(1, name);
  return float32(
    shape,
    Array.from({ length: sizeOf(shape) }, () => random.between(0.2, 1)),
  );
};

const [pixels, memory] = [drawn("pixels", [1, 6, 2, 3]), drawn("memory", [1, 5, 4, 1])];
/** The first slot's numbers changed. */
const other = float32(
  memory.shape,
  toNumbers(memory).map((value, i) => (i % 4 === 0 ? value + 1 : value)),
);
const brighter = float32(
  pixels.shape,
  toNumbers(pixels).map((value, i) => value + (i % 5)),
);

const kinds = [false, true].flatMap((memoryToPixel) =>
  [false, true].flatMap((memoryToMemory) =>
    [false, true].map((pixelToMemory) => ({ memoryToPixel, memoryToMemory, pixelToMemory })),
  ),
);

test.each(kinds)("who is left out is not read, %o", async (read) => {
  const { scope, parameters } = new Model();
  const found = dualPathTransformer(scope, input("pixels", pixels.shape), input("memory", memory.shape), {
    ...{ filters: 4, heads: 2, ffnChannels: 8, ...read },
  });
  const weights = Object.fromEntries(
    [...parameters.values()].map(({ name, tensor }) => [name, drawn(name, tensor.shape)]),
  );
  const outputs = { seen: found.pixels, slots: found.memory };
  const run = async (feeds: { pixels: NdArray; memory: NdArray }) => {
    const { seen, slots } = await evaluate(outputs, { ...weights, ...feeds });
    return {
      pixels: toNumbers(seen),
      others: toNumbers(slots).filter((_, i) => i % 4 !== 0),
      memory: toNumbers(slots),
    };
  };
  const [before, lit, told] = [
    await run({ pixels, memory }),
    await run({ pixels: brighter, memory }),
    await run({ pixels, memory: other }),
  ];
  const changes = (one: readonly number[], two: readonly number[]) =>
    one.some((value, i) => Math.abs(value - two[i]) > 1e-6);
  expect({
    memoryToPixel: changes(before.memory, lit.memory),
    memoryToMemory: changes(before.others, told.others),
    pixelToMemory: changes(before.pixels, told.pixels),
  }).toEqual(read);
  expect([found.memoryWeights === null, found.pixelWeights === null]).toEqual([
    !read.memoryToPixel && !read.memoryToMemory,
    !read.pixelToMemory,
  ]);
});
