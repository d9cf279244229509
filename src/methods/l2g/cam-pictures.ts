/** A photograph, its class maps, its pseudo mask and, where there is one, its mask. */
import type { NdArray } from "../../array/ndarray.ts";
import type { ClassInfo, Sample } from "../../data/sample.ts";
import type { Color, Image, LabelMap } from "../../image/image.ts";
import type { TrialPicture } from "../stage.ts";

interface Pictured {
  readonly sample: Sample;
  /** [T, H, W] in [0, 1], and their classes. */
  readonly maps: NdArray;
  readonly indices: readonly number[];
  readonly mask: LabelMap;
}

/** Maps that are shown, the first ones. */
const mostMaps = 3;

export function camPictures(
  { sample: { image, labels }, maps, indices, mask }: Pictured,
  classes: readonly ClassInfo[],
): TrialPicture[] {
  const [, height, width] = maps.shape;
  const pixels = height * width;
  const colors = classes.map(({ color }) => color);
  const shown = indices.slice(0, mostMaps).map(
    (index, i): TrialPicture => ({
      name: classes[index].name,
      image: heat(image, (maps.data as Float32Array).subarray(i * pixels, (i + 1) * pixels)),
      changes: true,
      caption: "class map",
    }),
  );
  return [
    { name: "image", image, changes: false, caption: "" },
    ...shown,
    { name: "pseudo mask", image: tinted(image, mask, colors), changes: true, caption: "" },
    ...(labels.mask ? [{ name: "mask", image: tinted(image, labels.mask, colors), changes: false, caption: "" }] : []),
  ];
}

/** Blue, cyan, yellow, red: what maps of attention are usually drawn in. */
const scale: readonly Color[] = [
  [0, 0, 140],
  [0, 180, 255],
  [255, 230, 0],
  [220, 0, 0],
];

/** The photograph in grey under the map's colours. values: in [0, 1]. */
export function heat({ width, height, data }: Image, values: ArrayLike<number>): Image {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < width * height; i++) {
    const place = Math.min(1, Math.max(0, values[i])) * (scale.length - 1);
    const low = Math.min(scale.length - 2, Math.floor(place));
    const grey = (data[3 * i] + data[3 * i + 1] + data[3 * i + 2]) / 3;
    for (let c = 0; c < 3; c++) {
      const color = scale[low][c] + (place - low) * (scale[low + 1][c] - scale[low][c]);
      out[3 * i + c] = Math.round((grey + color) / 2);
    }
  }
  return { width, height, data: out };
}

/** Half the photograph, half the colours of its labels; what has none stays as it is. */
export function tinted({ width, height, data }: Image, labels: LabelMap, colors: readonly Color[]): Image {
  return {
    width,
    height,
    data: data.map((value, at) => {
      const color = colors[labels.data[Math.floor(at / 3)]];
      return color === undefined ? value : Math.round((value + color[at % 3]) / 2);
    }),
  };
}
