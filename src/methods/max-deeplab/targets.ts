/** What the losses ask of an image's segments: numbered as masks are, on the grid of the network's outputs. */
import { InputError } from "../../errors.ts";

/** The classes of a data set as the network has them: things first, then stuff, each in their own order. */
export interface ClassOrder {
  readonly things: readonly number[];
  readonly stuff: readonly number[];
  /** Label of pixels that are of no class. */
  readonly ignoreLabel: number;
}

/** Labels of one image at its own size. */
export interface PanopticLabels {
  readonly height: number;
  readonly width: number;
  /** Class of each pixel, or `ignoreLabel`. */
  readonly semantic: ArrayLike<number>;
  /** Number of each pixel's thing: 0 … T − 1, −1 where there is none. */
  readonly thingId: ArrayLike<number>;
  /** [T]: class of each thing, −1 where there are fewer things. */
  readonly thingClass: ArrayLike<number>;
}

/** Of one image, on every `stride`-th row and column. */
export interface MaskTargets {
  readonly height: number;
  readonly width: number;
  /** Mask of each pixel: 0 … T − 1 things, T … G − 1 stuff classes; −1: none. */
  readonly segment: Int32Array;
  /** 1 where the pixel is of some class, in a mask or not. */
  readonly nonvoid: Uint8Array;
  /** [G]: channel of each mask's class; −1 where the mask has no pixel. */
  readonly segmentClass: Int32Array;
  /** Class of each pixel, or the ignore label. */
  readonly semantic: Int32Array;
}

/**
 * One mask for each thing and one for each stuff class. Pixels of a thing class without a number (crowds that are kept) are in no mask,
 * but not void.
 */
export function maskTargets(
  { height, width, semantic, thingId, thingClass }: PanopticLabels,
  { things, stuff, ignoreLabel }: ClassOrder,
  stride: number,
): MaskTargets {
  const [rows, columns] = [height, width].map((side) => Math.ceil(side / stride));
  const count = thingClass.length;
  const stuffAt = new Map(stuff.map((label, i) => [label, count + i]));
  const channelOf = new Map([...things, ...stuff].map((label, channel) => [label, channel]));
  const classes = [...Array.from(thingClass), ...stuff];
  const segment = new Int32Array(rows * columns);
  const nonvoid = new Uint8Array(rows * columns);
  const labels = new Int32Array(rows * columns);
  const segmentClass = new Int32Array(count + stuff.length).fill(-1);
  for (let y = 0, to = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++, to++) {
      const at = y * stride * width + x * stride;
      const label = semantic[at];
      const found = thingId[at] >= 0 ? thingId[at] : (stuffAt.get(label) ?? -1);
      if (found >= segmentClass.length || (thingId[at] >= 0 && found >= count)) {
        throw new InputError(`max-deeplab: expected at most ${count} things, got number ${found}. Allow more of them.`);
      }
      segment[to] = found;
      labels[to] = label;
      nonvoid[to] = label === ignoreLabel ? 0 : 1;
      if (found >= 0) segmentClass[found] = channelOf.get(classes[found]) ?? -1;
    }
  }
  return { height: rows, width: columns, segment, nonvoid, segmentClass, semantic: labels };
}
