/** Pictures and label maps on the host. Axis order is always rows, columns, channels; origin at the top left. */

/** RGB, 8 bits: data[(y · width + x) · 3 + channel], 0 … 255, upright (EXIF orientation already applied). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  /** What reading its file did that the pixels do not tell; absent where it did nothing of the kind. */
  readonly remarks?: readonly Remark[];
}

/** Something worth knowing of a picture's file, as a part of a message that begins with the file. */
export interface Remark {
  readonly expected: string;
  readonly got: string;
  readonly remedy: string;
  /** True where it matters only to maps that lie over the picture, such as masks. */
  readonly ofMaps?: boolean;
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
