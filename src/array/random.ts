/**
 * Counter-based random numbers: value i of a stream is a hash of (key, i), and the key a hash of the stream's names.
 * Nothing has to be saved to resume: whoever knows (seed, step, name) can draw the same numbers again.
 */

/** A stream's key: 64 bits as two 32-bit halves. */
type Key = readonly [number, number];

/** Finalizer of MurmurHash3 (Appleby, public domain): every input bit changes every output bit with probability ½. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function keyOf(parts: readonly (string | number)[]): Key {
  let a = 0x243f6a88; // digits of π: any fixed start will do
  let b = 0x85a308d3;
  const absorb = (word: number) => {
    a = mix(a ^ word);
    b = mix(Math.imul(b, 0x9e3779b1) + word + a);
  };
  for (const part of parts) {
    if (typeof part === "number") {
      absorb(1);
      absorb(part >>> 0);
      absorb(Math.floor(part / 2 ** 32) >>> 0);
    } else {
      absorb(2);
      absorb(part.length);
      for (let i = 0; i < part.length; i++) absorb(part.charCodeAt(i));
    }
  }
  return [a, b];
}

/** 32 random bits: element `index` of the stream `key`. */
function bits([a, b]: Key, index: number): number {
  return mix(mix(Math.imul(index, 0x9e3779b1) ^ a) + Math.imul(index ^ b, 0x7feb352d) + b);
}

/** A stream of random numbers, keyed by names and numbers; equal keys give equal streams. */
export class Random {
  readonly #parts: readonly (string | number)[];
  readonly #key: Key;
  #index = 0;

  constructor(...parts: readonly (string | number)[]) {
    this.#parts = parts;
    this.#key = keyOf(parts);
  }

  /** An independent stream, keyed by this one's key and `parts`; drawing from either does not change the other. */
  fork(...parts: readonly (string | number)[]): Random {
    return new Random(...this.#parts, ...parts);
  }

  /** Uniform in [0, 1), 32 bits fine. */
  uniform(): number {
    return bits(this.#key, this.#index++) / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Uniform integer in 0 … count − 1. */
  integer(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** One of `items`, each with the same probability. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)];
  }

  /** A shuffled copy (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [result[i], result[j]] = [result[j], result[i]];
    }
    return result;
  }

  /** Fills `out` with uniform values in [0, 1), 24 bits fine so that float32 never rounds up to 1. */
  fillUniform(out: Float32Array): Float32Array {
    const key = this.#key;
    const start = this.#index;
    for (let i = 0; i < out.length; i++) out[i] = (bits(key, start + i) >>> 8) / 2 ** 24;
    this.#index += out.length;
    return out;
  }

  /** Fills `out` with standard normal values, two from each pair of uniforms. */
  fillNormal(out: Float32Array): Float32Array {
    const key = this.#key;
    let index = this.#index;
    for (let i = 0; i < out.length; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - bits(key, index++) / 2 ** 32));
      const angle = (2 * Math.PI * bits(key, index++)) / 2 ** 32;
      out[i] = radius * Math.cos(angle);
      if (i + 1 < out.length) out[i + 1] = radius * Math.sin(angle);
    }
    this.#index = index;
    return out;
  }
}
