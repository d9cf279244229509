/** What the losses ask of an image's segments: numbered as masks are, on the grid of the network's outputs. */
import type { ClassInfo, SegmentMap } from "../../data/sample.ts";
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

/** Void, as label; classes are their index + 1. */
export const voidLabel = 0;

/** The classes of a data set as the network has them; those that nobody calls things are stuff. */
export function classOrder(classes: readonly ClassInfo[]): ClassOrder {
  const labelled = classes.map(({ thing }, index) => ({ thing, label: index + 1 }));
  return {
    things: labelled.filter(({ thing }) => thing === true).map(({ label }) => label),
    stuff: labelled.filter(({ thing }) => thing !== true).map(({ label }) => label),
    ignoreLabel: voidLabel,
  };
}

export interface LabelOptions {
  /** More things than this are an error. */
  readonly maxThings: number;
  /** Regions of many objects are void; otherwise pixels of their class that are in no mask. */
  readonly crowdIsVoid: boolean;
  /** Things of fewer pixels than this weigh `smallWeight` in the semantic loss. */
  readonly smallArea: number;
  readonly smallWeight: number;
}

/** `PanopticLabels` as arrays, and what each pixel weighs. */
export interface FoundLabels extends PanopticLabels {
  readonly semantic: Int32Array;
  readonly thingId: Int32Array;
  readonly thingClass: Int32Array;
  readonly weight: Float32Array;
}

/**
 * Labels of segments, things numbered as they come row by row, and what each pixel weighs: 0 where it is void. Throws InputError, which
 * begins with `where`, for more things than `maxThings`.
 */
export function labelsOf(
  { width, height, data, segments }: SegmentMap,
  classes: readonly ClassInfo[],
  { maxThings, crowdIsVoid, smallArea, smallWeight }: LabelOptions,
  where: string,
): FoundLabels {
  const known = new Map(segments.map((segment) => [segment.id, segment]));
  const areas = new Map<number, number>();
  for (const id of data) areas.set(id, (areas.get(id) ?? 0) + 1);
  const numbers = new Map<number, number>();
  const semantic = new Int32Array(data.length);
  const thingId = new Int32Array(data.length).fill(-1);
  const thingClass = new Int32Array(maxThings).fill(-1);
  const weight = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const segment = known.get(data[at]);
    if (segment === undefined || (segment.crowd && crowdIsVoid)) continue;
    const isThing = classes[segment.classIndex]?.thing === true;
    semantic[at] = segment.classIndex + 1;
    weight[at] = isThing && !segment.crowd && areas.get(segment.id)! < smallArea ? smallWeight : 1;
    if (!isThing || segment.crowd) continue;
    let number = numbers.get(segment.id);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(segment.id, number);
      if (number < maxThings) thingClass[number] = segment.classIndex + 1;
    }
    thingId[at] = number;
  }
  if (numbers.size > maxThings) {
    // Of the whole image: another crop may show more of them.
    const things = segments.filter(({ classIndex, crowd }) => classes[classIndex]?.thing === true && !crowd).length;
    throw new InputError(
      `${where}: expected at most ${maxThings} things in an image, got ${things}. Add --set maxThings=${things}, or leave the image out.`,
    );
  }
  return { width, height, semantic, thingId, thingClass, weight };
}
