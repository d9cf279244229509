/** Superpixels: a photograph in a few hundred pieces of one colour each (Achanta et al. 2012, SLIC). */
import type { Image } from "../image/image.ts";

export interface Superpixels {
  readonly width: number;
  readonly height: number;
  readonly count: number;
  /** The piece of each pixel, 0 … count − 1; each is connected. */
  readonly labels: Int32Array;
  /** Mean colour of each piece in CIE Lab, and its middle in pixels. */
  readonly colors: Float64Array;
  readonly centres: Float64Array;
}

export interface SuperpixelOptions {
  /** About how many. */
  readonly wanted?: number;
  /** How much nearness counts against colour. */
  readonly compactness?: number;
  readonly iterations?: number;
}

/** image → pieces that follow its edges, about as many as wanted; at least one. */
export function superpixels(
  image: Image,
  { wanted = 220, compactness = 20, iterations = 10 }: SuperpixelOptions = {},
): Superpixels {
  const { width, height } = image;
  const lab = labOf(image);
  const step = Math.max(1, Math.sqrt((width * height) / wanted));
  const [columns, rows] = [width, height].map((side) => Math.max(1, Math.round(side / step)));
  const count = columns * rows;
  // L, a, b, x, y of each centre.
  const centres = new Float64Array(5 * count);
  for (let k = 0; k < count; k++) {
    const x = Math.min(width - 1, Math.floor((((k % columns) + 0.5) * width) / columns));
    const y = Math.min(height - 1, Math.floor(((Math.floor(k / columns) + 0.5) * height) / rows));
    centres.set([...lab.subarray(3 * (y * width + x), 3 * (y * width + x) + 3), x, y], 5 * k);
  }
  const labels = new Int32Array(width * height);
  const distances = new Float64Array(width * height);
  const nearness = (compactness / step) ** 2;
  for (let round = 0; round < iterations; round++) {
    distances.fill(Infinity);
    for (let k = 0; k < count; k++) {
      const [l, a, b, cx, cy] = centres.subarray(5 * k, 5 * k + 5);
      // Pieces lie within twice the step of where their centre is; those at the edge reach to it.
      const reach = 2 * step;
      const [left, right] = [Math.max(0, Math.floor(cx - reach)), Math.min(width - 1, Math.ceil(cx + reach))];
      const [top, bottom] = [Math.max(0, Math.floor(cy - reach)), Math.min(height - 1, Math.ceil(cy + reach))];
      for (let y = top; y <= bottom; y++) {
        for (let x = left; x <= right; x++) {
          const i = y * width + x;
          const color = (lab[3 * i] - l) ** 2 + (lab[3 * i + 1] - a) ** 2 + (lab[3 * i + 2] - b) ** 2;
          const distance = color + nearness * ((x - cx) ** 2 + (y - cy) ** 2);
          if (distance < distances[i]) {
            distances[i] = distance;
            labels[i] = k;
          }
        }
      }
    }
    centres.set(meansOf(lab, labels, count, width));
  }
  const joined = connected(labels, width, height, (step * step) / 4);
  const means = meansOf(lab, joined.labels, joined.count, width);
  const pick = (from: number, size: number) =>
    Float64Array.from({ length: joined.count * size }, (_, i) => means[5 * Math.floor(i / size) + from + (i % size)]);
  return { width, height, ...joined, colors: pick(0, 3), centres: pick(3, 2) };
}

/** L, a, b, x, y of each piece; of one without pixels, 0. */
function meansOf(lab: Float32Array, labels: Int32Array, count: number, width: number): Float64Array {
  const sums = new Float64Array(5 * count);
  const sizes = new Float64Array(count);
  for (let i = 0; i < labels.length; i++) {
    const at = 5 * labels[i];
    for (let c = 0; c < 3; c++) sums[at + c] += lab[3 * i + c];
    sums[at + 3] += i % width;
    sums[at + 4] += Math.floor(i / width);
    sizes[labels[i]]++;
  }
  return sums.map((sum, at) => sum / Math.max(1, sizes[Math.floor(at / 5)]));
}

/** Parts of a label that do not touch are pieces of their own; such below `least` pixels join the piece before them. */
function connected(
  labels: Int32Array,
  width: number,
  height: number,
  least: number,
): { readonly labels: Int32Array; readonly count: number } {
  const out = new Int32Array(labels.length).fill(-1);
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (out[start] >= 0) continue;
    // The piece that was found before, to the left or above.
    const before = start % width > 0 ? out[start - 1] : start >= width ? out[start - width] : -1;
    const part = [start];
    out[start] = count;
    for (let at = 0; at < part.length; at++) {
      const i = part[at];
      const x = i % width;
      const beside = [x > 0 ? i - 1 : -1, x < width - 1 ? i + 1 : -1, i - width, i + width];
      for (const next of beside) {
        if (next < 0 || next >= width * height || out[next] >= 0 || labels[next] !== labels[start]) continue;
        out[next] = count;
        part.push(next);
      }
    }
    if (part.length < least && before >= 0) for (const i of part) out[i] = before;
    else count++;
  }
  return { labels: out, count };
}

/** sRGB → CIE Lab with the white of D65: L 0 … 100. */
export function labOf({ data }: Image): Float32Array {
  const linear = Float64Array.from({ length: 256 }, (_, value) => {
    const x = value / 255;
    return x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  const curve = (t: number) => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  const out = new Float32Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [linear[data[i]], linear[data[i + 1]], linear[data[i + 2]]];
    const x = curve((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
    const y = curve(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
    const z = curve((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
    out[i] = 116 * y - 16;
    out[i + 1] = 500 * (x - y);
    out[i + 2] = 200 * (y - z);
  }
  return out;
}
