/** How parameters start. An initializer is a plain function of shape and a seeded stream, run on the host. */
import { type NdArray, zeros } from "../array/ndarray.ts";
import type { Random } from "../array/random.ts";
import { type Shape, sizeOf } from "../array/shape.ts";

export type Initializer = (shape: Shape, random: Random) => NdArray;

function fill(shape: Shape, value: () => number): NdArray {
  const array = zeros("float32", shape);
  const data = array.data as Float32Array;
  for (let i = 0; i < data.length; i++) data[i] = value();
  return array;
}

/** Zeros, of any shape. */
export const zerosInitializer: Initializer = (shape) => zeros("float32", shape);
/** Ones, of any shape. */
export const onesInitializer: Initializer = (shape) => fill(shape, () => 1);

/** One number everywhere. */
export function constantInitializer(value: number): Initializer {
  return (shape) => fill(shape, () => value);
}

/** Given numbers, for parameters that start from a table or a file. Throws when the shape differs. */
export function fixedInitializer(value: NdArray): Initializer {
  return (shape) => {
    if (sizeOf(shape) !== value.data.length)
      throw new Error(`initializer: expected ${sizeOf(shape)} numbers, got ${value.data.length}.`);
    return value;
  };
}

/** Normal with mean 0. */
export function normalInitializer(deviation: number): Initializer {
  return (shape, random) => fill(shape, () => deviation * random.normal());
}

/** Normal with mean 0, redrawn beyond `cut` deviations. */
export function truncatedNormalInitializer(deviation: number, cut = 2): Initializer {
  return (shape, random) =>
    fill(shape, () => {
      let value = random.normal();
      while (Math.abs(value) > cut) value = random.normal();
      return deviation * value;
    });
}

/** Uniform in [−bound, bound). */
export function uniformInitializer(bound: number): Initializer {
  return (shape, random) => fill(shape, () => random.between(-bound, bound));
}

/**
 * Inputs and outputs of one unit of a weight [out, in, …] (linear and convolution alike): the kernel's taps count.
 * A bias or table of one axis has its size as both.
 */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: sizeOf(shape), fanOut: sizeOf(shape) };
  const taps = sizeOf(shape.slice(2));
  return { fanIn: shape[1] * taps, fanOut: shape[0] * taps };
}

/** He et al. 2015: normal with variance 2 / fan. */
export function heNormalInitializer(mode: "fanIn" | "fanOut" = "fanIn"): Initializer {
  return (shape, random) => normalInitializer(Math.sqrt(2 / fans(shape)[mode]))(shape, random);
}

/** He et al. 2015: uniform with variance 2 / fan-in. */
export const heUniformInitializer: Initializer = (shape, random) =>
  uniformInitializer(Math.sqrt(6 / fans(shape).fanIn))(shape, random);

/** LeCun: truncated normal (cut at 2 deviations) with variance 1 / fan-in after the cut, as Flax draws it. */
export const lecunNormalInitializer: Initializer = (shape, random) =>
  truncatedNormalInitializer(Math.sqrt(1 / fans(shape).fanIn) / 0.87962566103423978)(shape, random);

/** Glorot and Bengio 2010: uniform with variance 2 / (fan-in + fan-out). */
export function xavierUniformInitializer(gain = 1): Initializer {
  return (shape, random) => {
    const { fanIn, fanOut } = fans(shape);
    return uniformInitializer(gain * Math.sqrt(6 / (fanIn + fanOut)))(shape, random);
  };
}

/** PyTorch's default for linear and convolution weights and their biases: uniform within ±1/√fan-in of the weight. */
export function fanInUniformInitializer(fanIn: number): Initializer {
  return uniformInitializer(1 / Math.sqrt(fanIn));
}
