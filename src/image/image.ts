/** Pictures and label maps on the host. Axis order is always rows, columns, channels; origin at the top left. */

/** RGB, 8 bits: data[(y · width + x) · 3 + channel], 0 … 255, upright (EXIF orientation already applied). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** One class index per pixel: data[y · width + x], 0 … 253; `IGNORE` where the pixel is unlabelled. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Label of pixels that count nowhere: not in losses, not in scores. Class indices stay below it. */
export const IGNORE = 255;

/** Most classes: indices are bytes, 255 is `IGNORE`, and one is left for tools that add a background. */
export const maxClasses = 254;

/** Red, green, blue, 0 … 255. */
export type Color = readonly [number, number, number];
