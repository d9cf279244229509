/** Class maps of a picture seen through a window that slides over it: the baseline that the paper compares local views with. */
import { float32, type NdArray, ndarray } from "../../array/ndarray.ts";
import { cropImage } from "../../image/crop.ts";
import type { Image } from "../../image/image.ts";
import type { RunGraph } from "../stage.ts";

export interface WindowOptions {
  /** Side of the window; pixels, a multiple of `multiple`. A picture that is smaller along an axis is seen whole along it. */
  readonly side: number;
  /** Sides of pictures and places of windows are multiples of this, and so of the maps' stride. */
  readonly multiple: number;
}

/** Where windows begin along an axis: from end to end, half a window apart or less. */
export function windowStarts(length: number, { side, multiple }: WindowOptions): number[] {
  const room = length - side;
  if (room <= 0) return [0];
  const steps = Math.ceil(room / Math.max(multiple, side / 2));
  return Array.from({ length: steps + 1 }, (_, i) => Math.round((i * room) / steps / multiple) * multiple);
}

/** Raw maps [1, K, h, w] of the whole picture, averaged where windows overlap. run: gives `maps` of `image` [1, H, W, 3]. */
export async function windowMaps(image: Image, run: RunGraph, options: WindowOptions): Promise<NdArray> {
  const { width, height } = image;
  const [columns, rows] = [width, height].map((length) => Math.min(options.side, length));
  let total: { sum: Float32Array; counts: Uint16Array; channels: number; across: number; down: number } | null = null;
  for (const top of windowStarts(height, options)) {
    for (const left of windowStarts(width, options)) {
      const { data } = cropImage(image, { left, top, width: columns, height: rows });
      const { maps } = await run({ image: ndarray("uint8", [1, rows, columns, 3], data) });
      const [, channels, h, w] = maps.shape;
      const stride = rows / h;
      const [across, down] = [width / stride, height / stride];
      total ??= {
        ...{ channels, across, down },
        sum: new Float32Array(channels * across * down),
        counts: new Uint16Array(across * down),
      };
      const values = maps.data as Float32Array;
      for (let y = 0; y < h; y++) {
        for (let x = 0; x < w; x++) {
          const to = (top / stride + y) * across + left / stride + x;
          total.counts[to]++;
          for (let k = 0; k < channels; k++) total.sum[k * across * down + to] += values[(k * h + y) * w + x];
        }
      }
    }
  }
  const { sum, counts, channels, across, down } = total!;
  for (let i = 0; i < sum.length; i++) sum[i] /= counts[i % counts.length];
  return float32([1, channels, down, across], sum);
}
