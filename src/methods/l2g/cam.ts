/** Class maps at test time: several sizes, each mirrored too, become one map a class (L2G's release; SEAM's where it is said). */
import { cubicReading } from "../../array/cubic.ts";
import { float32, type NdArray } from "../../array/ndarray.ts";
import { IGNORE, type LabelMap } from "../../image/image.ts";

/** Halves go to the even number, as Python rounds. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  const rest = value - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** The size of a photograph at a scale, at least one pixel. */
export function scaledSize(size: readonly [number, number], scale: number): [number, number] {
  return [Math.max(1, roundHalfEven(size[0] * scale)), Math.max(1, roundHalfEven(size[1] * scale))];
}

/** Raw maps of one pass, [K, h, w]. */
export interface CamPass {
  readonly maps: NdArray;
  readonly flipped: boolean;
}

/** The passes enlarged to height x width (bicubic, a = −0.75), turned back and averaged: [K, H, W]. */
export function fusedMaps(passes: readonly CamPass[], [height, width]: readonly [number, number]): NdArray {
  const [count] = passes[0].maps.shape;
  const sum = new Float64Array(count * height * width);
  for (const { maps, flipped } of passes) {
    const large = enlarged(maps, height, width);
    for (let i = 0; i < sum.length; i++) {
      const x = i % width;
      sum[i] += large[flipped ? i - x + (width - 1 - x) : i];
    }
  }
  return float32(
    [count, height, width],
    Float32Array.from(sum, (value) => value / passes.length),
  );
}

/** Nothing below 0, each map divided by its largest value (+ 1e-8): in [0, 1]. */
export function normalizedMaps({ shape, data }: NdArray): NdArray {
  const out = Float32Array.from(data as Float32Array, (value) => Math.max(0, value));
  eachMap(out, shape[0], (map) => {
    const most = map.reduce((largest, value) => Math.max(largest, value), 0) + 1e-8;
    for (let i = 0; i < map.length; i++) map[i] /= most;
  });
  return float32(shape, out);
}

/** The same as SEAM normalizes the sum of its passes: values below the smallest + 1e-5 are 0, the others from 0 to 1 between the ends. */
export function seamNormalizedMaps({ shape, data }: NdArray): NdArray {
  const out = Float32Array.from(data as Float32Array, (value) => Math.max(0, value));
  eachMap(out, shape[0], (map) => {
    const [least, most] = map.reduce(([low, high], v) => [Math.min(low, v), Math.max(high, v)], [Infinity, -Infinity]);
    for (let i = 0; i < map.length; i++) {
      const value = map[i] < least + 1e-5 ? 0 : map[i];
      map[i] = Math.max(0, value - least - 1e-5) / (most - least + 1e-5);
    }
  });
  return float32(shape, out);
}

function eachMap(data: Float32Array, count: number, visit: (map: Float32Array) => void): void {
  const size = data.length / count;
  for (let i = 0; i < count; i++) visit(data.subarray(i * size, (i + 1) * size));
}

/** Maps as the release keeps them, one byte a pixel, multiplied in single precision: [K, H, W] in [0, 1] → 0 … 255. */
export function camBytes({ data }: NdArray): Uint8Array {
  return Uint8Array.from(data as Float32Array, (value) => roundHalfEven(Math.fround(255 * value)));
}

/**
 * The class of each pixel: the strongest map, or the first label where none exceeds `threshold`; ties go to the one named first.
 *
 * maps: [T, H, W] in [0, 1], or bytes of them divided by 255; labels: of the maps; background: of what is below.
 */
export function pseudoMask(
  { shape: [count, height, width], data }: NdArray,
  labels: readonly number[],
  { threshold, background = 0 }: { readonly threshold: number; readonly background?: number },
): LabelMap {
  const pixels = height * width;
  const values = data as Float32Array;
  const out = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) {
    let best = Math.fround(threshold);
    let label = background;
    for (let k = 0; k < count; k++) {
      if (values[k * pixels + i] > best) {
        best = values[k * pixels + i];
        label = labels[k];
      }
    }
    out[i] = label;
  }
  return { width, height, data: out };
}

/** The strongest class where there is saliency above a half: ignored where no map exceeds `threshold`; background elsewhere. */
export function salientMask(
  maps: NdArray,
  labels: readonly number[],
  saliency: Float32Array,
  { threshold, background = 0 }: { readonly threshold: number; readonly background?: number },
): LabelMap {
  const mask = pseudoMask(maps, labels, { threshold, background: IGNORE });
  return { ...mask, data: mask.data.map((label, i) => (saliency[i] <= 0.5 ? background : label)) };
}

/** Bicubic as PyTorch's, without a low-pass filter, across, then down: [K, h, w] → K · H · W. */
function enlarged({ shape: [count, rows, columns], data }: NdArray, height: number, width: number): Float32Array {
  const values = data as Float32Array;
  const across = readings(columns, width);
  const down = readings(rows, height);
  const middle = new Float32Array(count * rows * width);
  for (let line = 0; line < count * rows; line++) {
    const from = line * columns;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let j = 4 * x; j < 4 * x + 4; j++) sum += across.weights[j] * values[from + across.positions[j]];
      middle[line * width + x] = sum;
    }
  }
  const out = new Float32Array(count * height * width);
  for (let k = 0; k < count; k++) {
    for (let y = 0; y < height; y++) {
      const [a, b, c, d] = [0, 1, 2, 3].map((j) => (k * rows + down.positions[4 * y + j]) * width);
      const [p, q, r, s] = down.weights.subarray(4 * y, 4 * y + 4);
      const to = (k * height + y) * width;
      for (let x = 0; x < width; x++) {
        out[to + x] = p * middle[a + x] + q * middle[b + x] + r * middle[c + x] + s * middle[d + x];
      }
    }
  }
  return out;
}

/** Four positions and weights for each place, one place behind the other. */
function readings(count: number, places: number) {
  const all = Array.from({ length: places }, (_, place) => cubicReading(place, places, count)).flat();
  return {
    positions: Int32Array.from(all, ([position]) => position),
    weights: Float64Array.from(all, ([, weight]) => weight),
  };
}
