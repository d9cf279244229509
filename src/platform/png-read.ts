/**
 * Reads a PNG as it is stored (PNG specification, third edition): palette indices stay indices, small depths are not
 * stretched, 16 bits stay 16. Photographs go through sharp, which expands palettes; this is for masks, where every
 * value is a class. No size in the file is believed before it is checked.
 */
import { promisify } from "node:util";
import { crc32, inflate } from "node:zlib";
import { InputError, problem } from "../errors.ts";
import type { Color } from "../image/image.ts";
import { maxPixels } from "./limits.ts";
import type { RawImage } from "./platform.ts";

const inflateAsync = promisify(inflate);

const signature = [137, 80, 78, 71, 13, 10, 26, 10];

/** By colour type: values per pixel, and the bit depths that the specification allows. */
const colorTypes: Readonly<Record<number, readonly [channels: 1 | 2 | 3 | 4, depths: readonly number[]]>> = {
  0: [1, [1, 2, 4, 8, 16]],
  2: [3, [8, 16]],
  3: [1, [1, 2, 4, 8]],
  4: [2, [8, 16]],
  6: [4, [8, 16]],
};

/** The seven passes of Adam7 interlacing: first column and row, and the steps between columns and rows. */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly indexed: boolean;
  readonly interlaced: boolean;
}

interface Pass {
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly width: number;
  readonly height: number;
}

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((value, i) => bytes[i] === value);
}

/**
 * bytes: a whole PNG file → stored values, row by row. Throws InputError, beginning with `where`, when the file is
 * damaged, cut short, or larger than 300 million pixels.
 */
export async function decodePng(bytes: Uint8Array, where: string): Promise<RawImage> {
  if (!isPng(bytes)) throw damaged(where, "a file that does not begin like a PNG");
  const { header, palette, data } = readChunks(bytes, where);
  const passes = passesOf(header);
  const bitsPerPixel = header.depth * header.channels;
  const length = passes.reduce((sum, pass) => sum + pass.height * (1 + Math.ceil((pass.width * bitsPerPixel) / 8)), 0);
  const raw = await inflateExactly(data, length, where);
  const values = header.width * header.height * header.channels;
  const out = header.depth === 16 ? new Uint16Array(values) : new Uint8Array(values);
  let offset = 0;
  for (const pass of passes) {
    const rowBytes = Math.ceil((pass.width * bitsPerPixel) / 8);
    unfilter(raw, offset, pass.height, rowBytes, Math.max(1, bitsPerPixel >> 3), where);
    spread(raw, offset, rowBytes, pass, header, out);
    offset += pass.height * (1 + rowBytes);
  }
  const { width, height, channels } = header;
  return { width, height, channels, bits: header.depth === 16 ? 16 : 8, data: out, ...(palette && { palette }) };
}

function damaged(where: string, got: string): InputError {
  return new InputError(problem(where, "expected an intact PNG", got, "Replace the file with an intact copy."));
}

function readChunks(bytes: Uint8Array, where: string): { header: Header; palette?: Color[]; data: Uint8Array[] } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data: Uint8Array[] = [];
  let header: Header | undefined;
  let palette: Color[] | undefined;
  for (let at = signature.length; ; ) {
    if (at + 12 > bytes.length) throw damaged(where, "a truncated file");
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const end = at + 8 + length;
    if (end + 4 > bytes.length) throw damaged(where, "a truncated file");
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      throw damaged(where, `a damaged ${/^[A-Za-z]{4}$/.test(type) ? type : "unknown"} chunk (wrong checksum)`);
    }
    const body = bytes.subarray(at + 8, end);
    if (header === undefined && type !== "IHDR") throw damaged(where, "no IHDR chunk at the start");
    if (type === "IHDR") header ??= readHeader(body, where);
    else if (type === "PLTE") palette = readPalette(body, where);
    else if (type === "IDAT") data.push(body);
    else if (type === "IEND") break;
    else if (/^[A-Z]/.test(type)) throw damaged(where, `a critical chunk ${type} that PNG does not define`);
    at = end + 4;
  }
  if (header === undefined || data.length === 0) throw damaged(where, "a file without pixels");
  if (!header.indexed) return { header, data }; // a PLTE chunk beside true colour is only a hint for old displays
  if (palette === undefined) throw damaged(where, "a palette image without a palette");
  return { header, palette, data };
}

function readHeader(body: Uint8Array, where: string): Header {
  if (body.length !== 13) throw damaged(where, `a header of ${body.length} bytes`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colorType, compression, filter, interlace] = body.subarray(8);
  if (width === 0 || height === 0) throw damaged(where, `a size of ${width}x${height}`);
  if (width * height > maxPixels) {
    throw new InputError(
      problem(where, "expected at most 300 million pixels", `${width}x${height}`, "Scale or split the image."),
    );
  }
  const kind = colorTypes[colorType];
  if (kind === undefined || !kind[1].includes(depth))
    throw damaged(where, `colour type ${colorType} with ${depth} bits`);
  if (compression !== 0 || filter !== 0 || interlace > 1) throw damaged(where, "an unknown compression or interlacing");
  return { width, height, depth, channels: kind[0], indexed: colorType === 3, interlaced: interlace === 1 };
}

function readPalette(body: Uint8Array, where: string): Color[] {
  if (body.length === 0 || body.length % 3 !== 0 || body.length > 768) {
    throw damaged(where, `a palette of ${body.length} bytes`);
  }
  return Array.from({ length: body.length / 3 }, (_, i) => [body[3 * i], body[3 * i + 1], body[3 * i + 2]] as const);
}

function passesOf({ width, height, interlaced }: Header): Pass[] {
  if (!interlaced) return [{ x: 0, y: 0, stepX: 1, stepY: 1, width, height }];
  const passes = adam7.map(([x, y, stepX, stepY]) => ({
    ...{ x, y, stepX, stepY },
    width: Math.ceil((width - x) / stepX),
    height: Math.ceil((height - y) / stepY),
  }));
  return passes.filter((pass) => pass.width > 0 && pass.height > 0); // an empty pass has no filter bytes either
}

/** Inflates to exactly `length` bytes; a few more are forgiven, as other readers do, and cut off. */
async function inflateExactly(data: readonly Uint8Array[], length: number, where: string): Promise<Uint8Array> {
  const joined = data.length === 1 ? data[0] : Buffer.concat(data);
  let raw: Uint8Array;
  try {
    raw = await inflateAsync(joined, { maxOutputLength: length + 65_536, chunkSize: Math.min(length + 64, 1 << 22) });
  } catch (error) {
    const code = (error as { code?: string }).code;
    if (code === "Z_BUF_ERROR") throw damaged(where, "compressed data that ends too early");
    if (code === "ERR_BUFFER_TOO_LARGE") throw damaged(where, "more pixels than its header says");
    throw damaged(where, "damaged compressed data");
  }
  if (raw.length < length) throw damaged(where, "fewer pixels than its header says");
  return raw;
}

/**
 * Undoes the row filters in place (section 9). Each row is a filter byte and `rowBytes` bytes; `back` is the distance
 * to the byte that a filter calls "left".
 */
function unfilter(raw: Uint8Array, start: number, rows: number, rowBytes: number, back: number, where: string): void {
  const stride = rowBytes + 1;
  for (let row = 0; row < rows; row++) {
    const at = start + row * stride + 1;
    const end = at + rowBytes;
    const filter = raw[at - 1];
    const first = row === 0; // above the first row are zeros
    if (filter === 1) {
      for (let i = at + back; i < end; i++) raw[i] += raw[i - back];
    } else if (filter === 2) {
      if (!first) for (let i = at; i < end; i++) raw[i] += raw[i - stride];
    } else if (filter === 3) {
      for (let i = at; i < end; i++) {
        const left = i - at < back ? 0 : raw[i - back];
        raw[i] += (left + (first ? 0 : raw[i - stride])) >> 1;
      }
    } else if (filter === 4) {
      for (let i = at; i < end; i++) {
        const left = i - at < back ? 0 : raw[i - back];
        const above = first ? 0 : raw[i - stride];
        const corner = first || i - at < back ? 0 : raw[i - back - stride];
        raw[i] += paeth(left, above, corner);
      }
    } else if (filter !== 0) {
      throw damaged(where, `row filter ${filter}`);
    }
  }
}

/** Whichever of the three neighbours is nearest to left + above − corner. */
function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const toLeft = Math.abs(estimate - left);
  const toAbove = Math.abs(estimate - above);
  const toCorner = Math.abs(estimate - corner);
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}

/** Writes the unfiltered rows of one pass to their places in `out`, unpacking bits and joining 16-bit values. */
function spread(
  raw: Uint8Array,
  start: number,
  rowBytes: number,
  pass: Pass,
  { width, depth, channels }: Header,
  out: Uint8Array | Uint16Array,
): void {
  for (let row = 0; row < pass.height; row++) {
    const from = start + row * (rowBytes + 1) + 1;
    const to = ((pass.y + row * pass.stepY) * width + pass.x) * channels;
    if (depth === 8 && pass.stepX === 1) {
      out.set(raw.subarray(from, from + rowBytes), to);
    } else if (depth >= 8) {
      const bytesPerValue = depth >> 3;
      for (let column = 0; column < pass.width; column++) {
        for (let channel = 0; channel < channels; channel++) {
          const at = from + (column * channels + channel) * bytesPerValue;
          out[to + column * pass.stepX * channels + channel] = depth === 16 ? (raw[at] << 8) | raw[at + 1] : raw[at];
        }
      }
    } else {
      const mask = (1 << depth) - 1;
      for (let column = 0; column < pass.width; column++) {
        const bit = column * depth;
        out[to + column * pass.stepX] = (raw[from + (bit >> 3)] >> (8 - depth - (bit & 7))) & mask;
      }
    }
  }
}
