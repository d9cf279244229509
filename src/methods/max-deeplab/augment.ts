/** What an image and its segments go through before training, in the authors' order; every resize is corner on corner. */
import type { Random } from "../../array/random.ts";
import type { SegmentMap } from "../../data/sample.ts";
import { enhanceBrightness, enhanceColor, enhanceContrast, enhanceSharpness } from "../../image/enhance.ts";
import type { Color, Image } from "../../image/image.ts";
import { type View, viewImage, viewSegmentIds } from "../../image/resize.ts";
import { equalize, solarize } from "../../image/tone.ts";

/** What is beside an image in its view. Differs: the authors' 127.5 is no byte. */
export const grey: Color = [128, 128, 128];

export interface AugmentSettings {
  readonly cropHeight: number;
  readonly cropWidth: number;
  /** Scales are drawn from `scaleMin`, `scaleMin` + 0.1, …, `scaleMax`. */
  readonly scaleMin: number;
  readonly scaleMax: number;
  readonly flipProbability: number;
  /** 1: one of five pairs of changes of colour, as the larger network is trained; 0: none. */
  readonly colorPolicy: number;
}

type Size = readonly [height: number, width: number];

/**
 * The size of an image made to fit a crop: first enlarged until both sides are at least as long, then shrunk until neither is longer,
 * each time rounded down, by factors in float32.
 */
export function fittedSize([height, width]: Size, [rows, columns]: Size): Size {
  const scaled = ([h, w]: Size, factor: number): Size => [
    Math.max(1, Math.floor(Math.fround(h * factor))),
    Math.max(1, Math.floor(Math.fround(w * factor))),
  ];
  const ratios = ([h, w]: Size) => [Math.fround(rows / h), Math.fround(columns / w)];
  const larger = scaled([height, width], Math.max(1, ...ratios([height, width])));
  return scaled(larger, Math.min(1, ...ratios(larger)));
}

/** A view of an image, and where it lies in the crop. */
export interface Placed {
  readonly view: View;
  readonly left: number;
  readonly top: number;
}

/** Scale, place and mirror image of one training sample. */
export function drawPlace(size: Size, settings: AugmentSettings, random: Random): Placed {
  const { cropHeight, cropWidth, scaleMin, scaleMax, flipProbability } = settings;
  const steps = Math.max(0, Math.round((scaleMax - scaleMin) * 10));
  const scale = Math.fround(scaleMin + random.integer(steps + 1) / 10);
  const fitted = fittedSize(size, [cropHeight, cropWidth]);
  const [scaledHeight, scaledWidth] = fitted.map((side) => Math.max(1, Math.floor(Math.fround(side * scale))));
  // Where the image is smaller than the crop it lies anywhere in it, where it is larger any part of it is seen.
  const along = (scaled: number, crop: number) => {
    const offset = random.integer(Math.abs(crop - scaled) + 1);
    return scaled < crop ? { from: 0, to: offset, count: scaled } : { from: offset, to: 0, count: crop };
  };
  const rows = along(scaledHeight, cropHeight);
  const columns = along(scaledWidth, cropWidth);
  const flipped = random.chance(flipProbability);
  return {
    view: {
      ...{ scaledWidth, scaledHeight, corners: true, flipped },
      ...{ left: columns.from, top: rows.from, width: columns.count, height: rows.count },
    },
    left: flipped ? cropWidth - columns.to - columns.count : columns.to,
    top: rows.to,
  };
}

/** As prediction sees it: made to fit, at the top left. */
export function wholePlace(size: Size, crop: Size): Placed {
  const [scaledHeight, scaledWidth] = fittedSize(size, crop);
  const view = { ...{ scaledWidth, scaledHeight, width: scaledWidth, height: scaledHeight }, left: 0, top: 0 };
  return { view: { ...view, flipped: false, corners: true }, left: 0, top: 0 };
}

/** The image in the crop, grey around it. */
export function placedImage(image: Image, { view, left, top }: Placed, [height, width]: Size): Image {
  const seen = viewImage(image, view);
  const data = new Uint8Array(3 * height * width).fill(grey[0]);
  for (let y = 0; y < view.height; y++) {
    const row = seen.data.subarray(3 * y * view.width, 3 * (y + 1) * view.width);
    data.set(row, 3 * ((top + y) * width + left));
  }
  return { width, height, data };
}

/** The segments in the crop, void around them. */
export function placedSegments(map: SegmentMap, { view, left, top }: Placed, [height, width]: Size): SegmentMap {
  const seen = viewSegmentIds(map.data, map.width, map.height, view);
  const data = new Uint32Array(height * width);
  for (let y = 0; y < view.height; y++) {
    data.set(seen.subarray(y * view.width, (y + 1) * view.width), (top + y) * width + left);
  }
  return { width, height, data, segments: map.segments };
}

type Change = (image: Image, magnitude: number) => Image;

const enhanced = (enhance: (image: Image, factor: number) => Image): Change => {
  return (image, magnitude) => enhance(image, (magnitude / 10) * 1.8 + 0.1);
};
const sharpness = enhanced(enhanceSharpness);
const brightness = enhanced(enhanceBrightness);
const contrast = enhanced(enhanceContrast);
const color = enhanced(enhanceColor);
const equalized: Change = (image) => equalize(image);
const solarized: Change = (image, magnitude) => solarize(image, Math.trunc((magnitude / 10) * 256));

type Step = readonly [change: Change, probability: number, magnitude: number];

/** One of these pairs is drawn, and each of its changes made with its probability. */
const policies: readonly (readonly [Step, Step])[] = [
  [
    [sharpness, 0.4, 7],
    [brightness, 0.2, 10],
  ],
  [
    [equalized, 0, 9],
    [contrast, 0.2, 10],
  ],
  [
    [sharpness, 0.2, 9],
    [color, 0.2, 9],
  ],
  [
    [solarized, 0.2, 7],
    [equalized, 0.6, 9],
  ],
  [
    [sharpness, 0.2, 1],
    [equalized, 0.2, 7],
  ],
];

/** The colours of the larger network's training (Cubuk et al. 2019, AutoAugment). The image that is given stays as it is. */
export function changeColors(image: Image, random: Random): Image {
  return random.pick(policies).reduce((changed, [change, probability, magnitude]) => {
    return random.chance(probability) ? change(changed, magnitude) : changed;
  }, image);
}
