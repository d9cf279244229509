import type { Affine, Polygon } from "./geometry.ts";

/** Samples per pixel along each axis. Odd, so that one sample is the pixel's centre, which decides its label. */
export const SAMPLES = 3;

/** What is seen at every sample: a part by its number, and how dark a shadow lies on it. */
export interface Raster {
  /** Samples per row and rows of samples. */
  readonly columns: number;
  readonly rows: number;
  /** Number of the part on top, 0 where nothing was drawn yet. */
  readonly parts: Uint16Array;
  /** Strength of the shadow on that part, 0 … 255. */
  readonly shadow: Uint8Array;
}

/** An empty raster for an image of `width` × `height` pixels. */
export function createRaster(width: number, height: number): Raster {
  const [columns, rows] = [width * SAMPLES, height * SAMPLES];
  return { columns, rows, parts: new Uint16Array(columns * rows), shadow: new Uint8Array(columns * rows) };
}

/** Covers polygons (mapped to samples by `toSamples`) with part `part`. What was there, and its shadow, is gone. */
export function fillPolygons(raster: Raster, polygons: readonly Polygon[], toSamples: Affine, part: number): void {
  const { parts, shadow } = raster;
  for (const polygon of polygons) {
    scan(raster, polygon, toSamples, (start, end) => {
      parts.fill(part, start, end);
      shadow.fill(0, start, end);
    });
  }
}

/** Lays a shadow on polygons, where the part seen there takes one. Overlapping shadows do not add up. */
export function shadePolygons(
  raster: Raster,
  polygons: readonly Polygon[],
  toSamples: Affine,
  strength: number,
  takesShadow: Uint8Array,
): void {
  const { parts, shadow } = raster;
  for (const polygon of polygons) {
    scan(raster, polygon, toSamples, (start, end) => {
      for (let i = start; i < end; i++) {
        if (takesShadow[parts[i]] === 1 && shadow[i] < strength) shadow[i] = strength;
      }
    });
  }
}

// Scratch of `scan`: crossings of each row, their winding, and how many there are. Kept between calls to spare the collector.
let crossings = new Float64Array(1 << 14);
let windings = new Int8Array(1 << 14);
let counts = new Int32Array(1 << 11);

/** Calls `span` with the first and one past the last sample index of every horizontal run inside the polygon. */
function scan(
  { columns, rows }: Raster,
  polygon: Polygon,
  [a, b, c, d, e, f]: Affine,
  span: (start: number, end: number) => void,
): void {
  const corners = polygon.length / 2;
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < polygon.length; i += 2) {
    const y = b * polygon[i] + d * polygon[i + 1] + f;
    low = Math.min(low, y);
    high = Math.max(high, y);
  }
  const first = Math.max(0, Math.ceil(low - 0.5));
  const last = Math.min(rows - 1, Math.ceil(high - 0.5) - 1);
  const height = last - first + 1;
  if (!(height > 0)) return;
  if (height * corners > crossings.length) {
    crossings = new Float64Array(2 * height * corners);
    windings = new Int8Array(2 * height * corners);
  }
  if (height > counts.length) counts = new Int32Array(2 * height);
  counts.fill(0, 0, height);

  let px = polygon[polygon.length - 2];
  let py = polygon[polygon.length - 1];
  let [x0, y0] = [a * px + c * py + e, b * px + d * py + f];
  for (let i = 0; i < polygon.length; i += 2) {
    px = polygon[i];
    py = polygon[i + 1];
    const [x1, y1] = [a * px + c * py + e, b * px + d * py + f];
    const down = y1 > y0;
    const top = down ? y0 : y1;
    const bottom = down ? y1 : y0;
    const from = Math.max(first, Math.ceil(top - 0.5));
    const to = Math.min(last, Math.ceil(bottom - 0.5) - 1);
    if (to >= from) {
      const slope = (x1 - x0) / (y1 - y0);
      for (let row = from; row <= to; row++) {
        const x = x0 + (row + 0.5 - y0) * slope;
        // Insertion sort: rows have few crossings, nearly always two.
        const start = (row - first) * corners;
        let at = start + counts[row - first]++;
        while (at > start && crossings[at - 1] > x) {
          crossings[at] = crossings[at - 1];
          windings[at] = windings[at - 1];
          at--;
        }
        crossings[at] = x;
        windings[at] = down ? 1 : -1;
      }
    }
    [x0, y0] = [x1, y1];
  }

  for (let row = 0; row < height; row++) {
    const start = row * corners;
    const end = start + counts[row];
    let winding = 0;
    for (let i = start; i < end - 1; i++) {
      winding += windings[i];
      if (winding === 0) continue;
      const from = Math.max(0, Math.ceil(crossings[i] - 0.5));
      const to = Math.min(columns, Math.ceil(crossings[i + 1] - 0.5));
      if (to > from) span((first + row) * columns + from, (first + row) * columns + to);
    }
  }
}
