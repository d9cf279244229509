/** Pictures of a look at the pair: maps of local views put together on the global one. */
import { type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { backgroundOf } from "../../data/background.ts";
import type { ClassInfo } from "../../data/sample.ts";
import { IGNORE, type Image, type LabelMap } from "../../image/image.ts";
import type { TrialPicture } from "../stage.ts";
import { heat, tinted } from "./cam-pictures.ts";

/** Classes that are shown, the first ones. */
const mostClasses = 2;

/**
 * The global view; of its classes what the local network attends to, in all views together, and what the global network sees; the
 * target, by its strongest class at each place; the mask where there is one. result: what `transferTrial` gives.
 */
export function transferPictures(
  { attention, target, global, classes: tags, places, view: pixels, truth }: Named<NdArray>,
  classes: readonly ClassInfo[],
  foreground: readonly number[],
): TrialPicture[] {
  const [, , side] = pixels.shape;
  const view: Image = { width: side, height: side, data: Uint8Array.from(toNumbers(pixels)) };
  const colors = classes.map(({ color }) => color);
  const present = foreground.flatMap((index, channel) => (Number(tags.data[channel]) > 0 ? [{ index, channel }] : []));
  const seen = putTogether(attention, places, side);
  const whole = putTogether(global, { ...places, shape: [1, 1, 4], data: Float32Array.of(0, 0, side, side) }, side);
  const shown = present.slice(0, mostClasses).flatMap(({ index, channel }): TrialPicture[] => {
    const { name } = classes[index];
    return [
      { name: `local ${name}`, image: heat(view, seen[channel]), changes: true, caption: "local views put together" },
      { name: `global ${name}`, image: heat(view, whole[channel]), changes: true, caption: "global network" },
    ];
  });
  const labels: LabelMap = {
    width: side,
    height: side,
    data: strongest(putTogether(target, places, side), classes, foreground),
  };
  return [
    { name: "view", image: view, changes: false, caption: "" },
    ...shown,
    { name: "target", image: tinted(view, labels, colors), changes: true, caption: "of the transfer, strongest class" },
    ...(truth === undefined
      ? []
      : [
          {
            name: "mask",
            image: tinted(view, { ...labels, data: Uint8Array.from(toNumbers(truth)) }, colors),
            changes: false,
            caption: "",
          },
        ]),
  ];
}

/**
 * The maps of views at the size of the picture that they lie in, averaged where several do; 0 where none does. maps: [V, K, h, w]; boxes: [1, V, 4],
 * pixels → K maps of side · side numbers.
 */
export function putTogether(maps: NdArray, boxes: NdArray, side: number): Float32Array[] {
  const [views, channels, rows, columns] = maps.shape;
  const values = maps.data as Float32Array;
  const places = rows * columns;
  const sums = Array.from({ length: channels }, () => new Float32Array(side * side));
  const counts = new Uint16Array(side * side);
  for (let view = 0; view < views; view++) {
    const [left, top, right, bottom] = [0, 1, 2, 3].map((at) => Number(boxes.data[4 * view + at]));
    for (let y = top; y < bottom; y++) {
      const row = Math.floor(((y - top) * rows) / (bottom - top));
      for (let x = left; x < right; x++) {
        const from = row * columns + Math.floor(((x - left) * columns) / (right - left));
        const to = y * side + x;
        counts[to]++;
        for (let k = 0; k < channels; k++) sums[k][to] += values[(view * channels + k) * places + from];
      }
    }
  }
  for (const sum of sums) for (let i = 0; i < sum.length; i++) if (counts[i] > 0) sum[i] /= counts[i];
  return sums;
}

/** The class of the largest map at each pixel; none where all are 0. The last map is the background's. */
function strongest(
  maps: readonly Float32Array[],
  classes: readonly ClassInfo[],
  foreground: readonly number[],
): Uint8Array {
  const labels = [...foreground, backgroundOf({ classes }) ?? IGNORE];
  return Uint8Array.from({ length: maps[0].length }, (_, i) => {
    let best = -1;
    maps.forEach((map, k) => {
      if (map[i] > 0 && (best < 0 || map[i] > maps[best][i])) best = k;
    });
    return best < 0 ? IGNORE : labels[best];
  });
}
