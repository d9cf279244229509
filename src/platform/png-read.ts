/**
 * Reads a PNG as it is stored (PNG specification, third edition): palette indices stay indices, small depths are not
 * stretched, 16 bits stay 16. Photographs go through sharp, which expands palettes; this is for masks, where every
 * value is a class.
 */

import type { ByteSource } from "./byte-source.ts";
import type { RawImage } from "./platform.ts";
import { readPngParts } from "./png-chunks.ts";
import { eachPngRow, unpack } from "./png-rows.ts";

/**
 * source: a PNG file → stored values, row by row. Memory: the values and a few rows. Throws InputError, beginning with
 * `where`, when the file is damaged, cut short, or larger than 300 million pixels.
 */
export async function decodePng(source: ByteSource, where: string): Promise<RawImage> {
  const parts = await readPngParts(source, where);
  const { header, palette, texts } = parts;
  const { width, height, channels, depth } = header;
  const length = width * height * channels;
  const data = depth === 16 ? new Uint16Array(length) : new Uint8Array(length);
  const values = new Uint16Array(width * channels);
  await eachPngRow(source, parts, where, (row, { x, y, stepX, width: count }) => {
    const to = (y * width + x) * channels;
    if (depth === 8 && stepX === 1) {
      data.set(row, to);
      return;
    }
    unpack(row, depth, count * channels, values);
    if (stepX === 1) {
      data.set(values.subarray(0, count * channels), to);
      return;
    }
    for (let column = 0; column < count; column++) {
      for (let channel = 0; channel < channels; channel++) {
        data[to + column * stepX * channels + channel] = values[column * channels + channel];
      }
    }
  });
  const small = depth === 8 || depth === 16 ? {} : { depth };
  return {
    width,
    height,
    channels,
    bits: depth === 16 ? 16 : 8,
    ...small,
    data,
    ...(palette && { palette }),
    ...(texts && { texts }),
  };
}
