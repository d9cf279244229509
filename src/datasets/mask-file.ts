/** Masks in files: pictures as the platform decodes them, and NumPy's arrays. */

import { InputError, problem } from "../errors.ts";
import { IGNORE } from "../image/image.ts";
import { maxPixels } from "../platform/limits.ts";
import type { Platform, RawImage } from "../platform/platform.ts";
import { readNpy } from "../weights/npy.ts";

/** Bytes of the largest array that is a mask: 64 bits a value, and a header. */
const mostBytes = 8 * maxPixels + 2 ** 14;

/** The stored values of a mask. Throws InputError naming the file where they cannot be had exactly. */
export async function decodeMaskFile(platform: Platform, file: string): Promise<RawImage> {
  return /\.npy$/i.test(file) ? fromNpy(await platform.readFile(file, mostBytes), file) : platform.decodeMask(file);
}

/** Masks that are opened to tell what all of them hold. */
const opened = 6;

/** A few masks, from all places of the list; those that cannot be read are told where they are. */
export async function* someMasks(
  platform: Platform,
  files: readonly string[],
): AsyncGenerator<{ readonly file: string; readonly raw: RawImage }> {
  const count = Math.min(opened, files.length);
  for (let at = 0; at < count; at++) {
    const file = files[Math.floor((at * files.length) / count)];
    try {
      yield { file, raw: await decodeMaskFile(platform, file) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }
}

/** An array of whole numbers [H, W], [H, W, 1] or [1, H, W], or of colours [H, W, 3]. */
function fromNpy(bytes: Uint8Array, file: string): RawImage {
  const { dtype, shape, data } = readNpy(bytes, file);
  const hasThree = shape.length === 3;
  const plane = hasThree && shape[2] === 1 ? shape.slice(0, 2) : hasThree && shape[0] === 1 ? shape.slice(1) : shape;
  const isColor = plane.length === 3 && plane[2] === 3 && dtype === "uint8";
  if ((plane.length !== 2 && !isColor) || plane.includes(0) || dtype.startsWith("float")) {
    const expected = "expected whole numbers of the shape [height, width]";
    const got = `${dtype} [${shape.join(", ")}]`;
    throw new InputError(problem(file, expected, got, "Save class values, such as scores.argmax(0).astype('uint8')."));
  }
  const [height, width] = plane;
  // labelme's __ignore__, which it writes into its PNGs as 255.
  const values = Uint16Array.from(data as ArrayLike<number | bigint>, (value) =>
    Number(value) === -1 ? IGNORE : Number(value),
  );
  for (let at = 0; at < values.length; at++) {
    const value = Number(data[at]);
    if (value >= -1 && value <= 65_535) continue;
    const place = `${value} at column ${at % width}, row ${Math.floor(at / width)}`;
    throw new InputError(
      problem(file, "expected values from 0 to 65535, or -1 for unlabelled", place, "Save unlabelled pixels as 255."),
    );
  }
  if (isColor || values.every((value) => value < 256)) {
    return { width, height, channels: isColor ? 3 : 1, bits: 8, data: Uint8Array.from(values) };
  }
  return { width, height, channels: 1, bits: 16, data: values };
}
