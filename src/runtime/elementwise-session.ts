import { allocate } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import type { Session } from "./backend.ts";
import type { ElementwiseModel, Loop } from "./elementwise.ts";
import { kernelModule, operations, pieceLength, pieceOffset, scalarOffset } from "./elementwise-kernel.ts";

type KernelFunction = (bytes: number) => void;

/**
 * Runs an elementwise graph piece by piece: arrays go through memory of its own, so they may lie anywhere. A piece is read before it is
 * written, so results may go over what they are made of.
 */
export function elementwiseSession(model: ElementwiseModel): Session {
  const { inputs, outputs, scalars, loops, kernels } = model;
  const bytes = Math.max(0, ...kernels.map((kernel) => scalarOffset(kernel) + 4 * kernel.scalars));
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / 65536) });
  const numbers = new Float32Array(memory.buffer);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(kernelModule(kernels)), { env: { memory } });

  const runLoop = ({ kernel: index, length, reads, writes, scalars: places }: Loop, run: Run) => {
    const kernel = exports[`kernel${index}`] as KernelFunction;
    places.forEach((place, i) => {
      numbers[scalarOffset(kernels[index]) / 4 + i] = run.values[place];
    });
    const from = reads.map((name) => run.feeds[name].data as Float32Array);
    const to = writes.map((name) => run.results[name].data as Float32Array);
    for (let start = 0; start < length; start += pieceLength) {
      const end = Math.min(start + pieceLength, length);
      from.forEach((data, i) => {
        numbers.set(data.subarray(start, end), pieceOffset(i) / 4);
      });
      kernel(4 * (end - start));
      to.forEach((data, i) => {
        const at = pieceOffset(from.length + i) / 4;
        data.set(numbers.subarray(at, at + end - start), start);
      });
    }
  };

  return {
    inputs,
    outputs,
    async run(feeds, fetches) {
      const results = Object.fromEntries(
        outputs.map(({ name, dtype, shape }) => [
          name,
          fetches[name] ?? { dtype, shape, data: allocate(dtype, sizeOf(shape)) },
        ]),
      );
      const values = [...scalars.constants, ...scalars.inputs.map((name) => Number(feeds[name].data[0]))];
      for (const { op, operands } of scalars.computed) {
        values.push(Math.fround(operations[op]!.host(...operands.map((place) => values[place]))));
      }
      const run = { feeds, results, values };
      for (const loop of loops) runLoop(loop, run);
      for (const [name, place] of Object.entries(scalars.outputs)) results[name].data[0] = values[place];
      return results;
    },
    release: async () => {},
  };
}

interface Run {
  readonly feeds: Named<NdArray>;
  readonly results: Named<NdArray>;
  /** Of the scalars, by place. */
  readonly values: readonly number[];
}
