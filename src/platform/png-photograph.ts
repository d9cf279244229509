/**
 * Reads a PNG as a photograph, row by row. libvips holds an interlaced picture whole, in the file's own pixels, before it
 * makes anything of it: eight bytes a pixel for 16-bit RGB with alpha, where the result has three. Colours are those that
 * libvips gives for the same pixels without interlacing; colour profiles are left to it.
 */
import type { Color, Image } from "../image/image.ts";
import type { ByteSource } from "./byte-source.ts";
import { type PngParts, readPngParts } from "./png-chunks.ts";
import { eachPngRow, unpack } from "./png-rows.ts";

/**
 * source: a PNG file → 8-bit RGB in the order of the file, alpha on white. Memory: the result and a few rows. Throws
 * InputError, beginning with `where`, when the file is damaged, cut short, or larger than 300 million pixels.
 */
export async function decodePngPhotograph(source: ByteSource, where: string): Promise<Image> {
  const parts = await readPngParts(source, where);
  const { width, height, channels, depth } = parts.header;
  const data = new Uint8Array(width * height * 3);
  const values = new Uint16Array(width * channels);
  const colors = new Uint8Array(width * 3);
  const toColors = parts.palette === undefined ? fromValues(parts) : fromPalette(parts.palette, parts.transparency);
  await eachPngRow(source, parts, where, (row, place) => {
    unpack(row, depth, place.width * channels, values);
    toColors(values, place.width, colors);
    const to = 3 * (place.y * width + place.x);
    const step = 3 * place.stepX;
    for (let column = 0; column < place.width; column++) {
      data[to + column * step] = colors[3 * column];
      data[to + column * step + 1] = colors[3 * column + 1];
      data[to + column * step + 2] = colors[3 * column + 2];
    }
  });
  return { width, height, data };
}

/** Makes the colours of a row's first `count` pixels. */
type RowColors = (values: Uint16Array, count: number, colors: Uint8Array) => void;

function fromPalette(palette: readonly Color[], alphas: Uint8Array = new Uint8Array(0)): RowColors {
  const known = palette.map((color, i) => color.map((value) => onWhite(value, alphas[i] ?? 255, 255, 255)));
  return (values, count, colors) => {
    for (let i = 0; i < count; i++) colors.set(known[values[i]] ?? [0, 0, 0], 3 * i);
  };
}

function fromValues({ header: { channels, depth }, transparency }: PngParts): RowColors {
  const most = 2 ** depth - 1;
  const hasAlpha = channels === 2 || channels === 4;
  // tRNS of a picture without alpha: two bytes for each value of the one colour that is transparent.
  const key =
    hasAlpha || transparency === undefined || transparency.length < 2 * channels
      ? undefined
      : Array.from({ length: channels }, (_, i) => ((transparency[2 * i] << 8) | transparency[2 * i + 1]) & most);
  const [green, blue] = channels >= 3 ? [1, 2] : [0, 0];
  const [white, factor] = depth === 16 ? [65_280, 1 / 256] : [most, 255 / most]; // 16-bit white as sharp has it
  return (values, count, colors) => {
    for (let i = 0; i < count; i++) {
      const from = i * channels;
      let alpha = most;
      if (hasAlpha) alpha = values[from + channels - 1];
      else if (key?.every((value, channel) => value === values[from + channel])) alpha = 0;
      colors[3 * i] = onWhite(values[from], alpha, most, white) * factor;
      colors[3 * i + 1] = onWhite(values[from + green], alpha, most, white) * factor;
      colors[3 * i + 2] = onWhite(values[from + blue], alpha, most, white) * factor;
    }
  };
}

/** value: of a pixel with this alpha, 0 … most → of what is seen before white, in integers as libvips has it. */
function onWhite(value: number, alpha: number, most: number, white: number): number {
  return alpha === most ? value : Math.floor((value * alpha + white * (most - alpha)) / most);
}
