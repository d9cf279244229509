/** Segment ids as COCO's panoptic PNG files hold them: id = red + 256 · green + 65536 · blue, 0 being void. */
import { InputError, problem } from "../errors.ts";
import type { RawImage } from "../platform/platform.ts";

/**
 * raw: a decoded RGB file of 8 bits; alpha, where there is any, is no part of the id → ids below 2²⁴, row by row.
 * Throws InputError naming `file` for a file of another kind.
 */
export function segmentIdsOf(raw: RawImage, file: string): { width: number; height: number; data: Uint32Array } {
  const { width, height, channels, bits, data } = raw;
  if (channels < 3 || bits !== 8) {
    const kind = raw.palette ? "a palette" : `${channels < 3 ? "grey" : "colour"} of ${bits} bits`;
    const remedy = "Save segment ids as red + 256 · green + 65536 · blue.";
    throw new InputError(problem(file, "expected RGB pixels of 8 bits", kind, remedy));
  }
  const ids = new Uint32Array(width * height);
  for (let pixel = 0, at = 0; pixel < ids.length; pixel++, at += channels) {
    ids[pixel] = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16);
  }
  return { width, height, data: ids };
}
