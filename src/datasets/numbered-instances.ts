/** Segments without an annotation: a class and a number for each pixel, each pair of which is a segment. */

import type { ClassInfo, Segment, SegmentMap } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { IGNORE, type LabelMap } from "../image/image.ts";
import type { RawImage } from "../platform/platform.ts";

/** What a picture says of each pixel. */
export interface Numbered {
  readonly width: number;
  readonly height: number;
  /** Class index, or `IGNORE`, where there is no segment. */
  readonly labels: Uint8Array;
  /** 0: no number of its own. */
  readonly numbers: Uint8Array | Uint16Array;
}

/**
 * Red is a class's place in the list, from 1, and 0 where there is none; green is the number; blue is 0: as `twoChannelIds` of
 * `prediction/panoptic-files.ts` writes them for classes without ids of their own. Throws InputError naming the file and the first pixel at fault.
 */
export function twoChannelsOf(raw: RawImage, file: string, classes: readonly ClassInfo[]): Numbered {
  const { width, height, channels, bits, data } = raw;
  const annotated =
    "Where the PNGs hold ids, as COCO's, put their annotation beside the folder, as panoptic/train.json.";
  if (channels < 3 || bits !== 8) {
    const got = raw.palette ? "a palette" : `${channels < 3 ? "grey" : "colour"} of ${bits} bits`;
    const expected = "expected RGB of 8 bits: red the class, green the instance";
    throw new InputError(problem(file, expected, got, annotated));
  }
  const labels = new Uint8Array(width * height);
  const numbers = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < labels.length; pixel++, at += channels) {
    const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
    if (blue !== 0) {
      const expected = "expected red the class, green the instance, and blue 0";
      throw new InputError(problem(file, expected, `blue ${blue} ${placeOf(pixel, width)}`, annotated));
    }
    const isShifted = red === 0 && green !== 0;
    if (red > classes.length || isShifted) {
      const expected = isShifted
        ? "expected green 0 where red is 0, which is no class"
        : `expected a class's place in the list, 1 to ${classes.length}, or 0 for none, in red`;
      const remedy = `Red 1 is "${classes[0].name}", whatever value it has in masks. ${annotated}`;
      throw new InputError(problem(file, expected, `${isShifted ? green : red} ${placeOf(pixel, width)}`, remedy));
    }
    labels[pixel] = red === 0 ? IGNORE : red - 1;
    numbers[pixel] = green;
  }
  return { width, height, labels, numbers };
}

/** raw: grey or palette indices that number the instances of the classes in `mask`. Throws InputError naming the file. */
export function instancesOf(raw: RawImage, file: string, { width, height, data: labels }: LabelMap): Numbered {
  if (raw.channels === 1) return { width, height, labels, numbers: raw.data };
  const got = raw.channels === 2 ? "grey with alpha" : "colour";
  const remedy = "Save a number for each instance, from 1, as grey of 8 or 16 bits.";
  throw new InputError(problem(file, "expected numbers of instances as grey or palette", got, remedy));
}

/** Classes, by index, that have a number somewhere: they are countable. */
export function countedIn({ labels, numbers }: Numbered): Set<number> {
  const counted = new Set<number>();
  for (let pixel = 0; pixel < labels.length; pixel++) {
    if (numbers[pixel] !== 0 && labels[pixel] !== IGNORE) counted.add(labels[pixel]);
  }
  return counted;
}

/**
 * A segment for each number of a thing, and one for each class of stuff. Ids: the class's place in the list, from 1, + 256 · number, 0 of
 * stuff. Throws InputError naming the file where a thing has numbered and unnumbered pixels, or stuff has several numbers.
 */
export function numberedSegments(
  { width, height, labels, numbers }: Numbered,
  file: string,
  classes: readonly ClassInfo[],
): SegmentMap {
  const data = new Uint32Array(labels.length);
  const segments = new Map<number, Segment>();
  /** The number of each class's first pixel: stuff keeps it, and things are 0 everywhere if it is 0, and nowhere if not. */
  const first = new Int32Array(classes.length).fill(-1);
  let [lastLabel, lastNumber, lastId] = [IGNORE, 0, 0];
  for (let pixel = 0; pixel < data.length; pixel++) {
    const [label, number] = [labels[pixel], numbers[pixel]];
    // Most neighbours are alike.
    if (label !== lastLabel || (number !== lastNumber && label !== IGNORE)) {
      [lastLabel, lastNumber, lastId] = [label, number, 0];
      if (label !== IGNORE) {
        const { name, thing } = classes[label];
        if (first[label] < 0) first[label] = number;
        const isBoth = thing === true ? (first[label] === 0) !== (number === 0) : first[label] !== number;
        if (isBoth) {
          const expected =
            thing === true
              ? `expected a number on every pixel of "${name}" where some have one`
              : `expected one number of "${name}", which is stuff`;
          const remedy =
            thing === true
              ? "Number its instances from 1, and leave pixels that are of none unlabelled."
              : `Give it one number, or write "thing": true for it in classes.json.`;
          const got = `${first[label]} and ${number} ${placeOf(pixel, width)}`;
          throw new InputError(problem(file, expected, got, remedy));
        }
        lastId = label + 1 + (thing === true ? 256 * number : 0);
        if (!segments.has(lastId)) segments.set(lastId, { id: lastId, classIndex: label, crowd: false });
      }
    }
    data[pixel] = lastId;
  }
  return { width, height, data, segments: [...segments.values()].sort((a, b) => a.id - b.id) };
}

function placeOf(pixel: number, width: number): string {
  return `at column ${pixel % width}, row ${Math.floor(pixel / width)}`;
}
