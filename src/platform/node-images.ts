/** Pictures on Node, by sharp (libvips): photographs to 8-bit sRGB, masks to their stored values. */
import type { Metadata, SharpOptions } from "sharp";
import { InputError, problem } from "../errors.ts";
import type { Image, Remark } from "../image/image.ts";
import { type ByteSource, sourceOf } from "./byte-source.ts";
import { jpegDamage } from "./jpeg-check.ts";
import { maxPixels } from "./limits.ts";
import { readAtOnce, requireContent, withFile } from "./node-files.ts";
import { bandsOf, quarterOfRange, rangeRemarks, turnRemarks } from "./photograph-checks.ts";
import type { ImageSize, RawImage } from "./platform.ts";
import { isPng } from "./png-chunks.ts";
import { decodePngPhotograph } from "./png-photograph.ts";
import { decodePng } from "./png-read.ts";
import { standIn } from "./stand-ins.ts";
import { readTiffTags } from "./tiff-tags.ts";

type SharpModule = typeof import("sharp").default;

let loading: Promise<SharpModule> | undefined;

/** sharp takes a fifth of a second to load, so it is loaded when the first picture is. */
function loadSharp(): Promise<SharpModule> {
  loading ??= import("sharp").then(({ default: sharp }) => {
    sharp.cache(false); // libvips would remember files by name, and files are replaced
    return sharp;
  });
  return loading;
}

/** Drawings and documents have no pixels of their own, and may refer to other files. */
const refused: ReadonlySet<string> = new Set(["svg", "pdf", "magick", "dcraw", "openslide", "fits", "raw", "vips"]);

/** Truncated and damaged files are errors; oddities that every viewer forgives are not. */
const options: SharpOptions = { failOn: "error", limitInputPixels: maxPixels, limitInputChannels: 0, pages: 1 };

/** Warnings of the decoders that tell of pixels made up because data are missing or wrong; the number is of bytes. */
const madeUp = /premature end of data|bad (?:huffman|arithmetic) code|invalid frame data|\d{4,} extraneous bytes/i;

const photographFormats = "JPEG or PNG";
const imageExpected = "expected an intact photograph (JPEG, PNG, WebP, AVIF, TIFF, GIF)";
const maskExpected = "expected a mask image (PNG)";

const intact = "Replace it with an intact copy or remove it.";

/** libvips's complaint about `path` as one of our messages. `format` is what the file may be converted to. */
function unreadable(path: string, expected: string, error: unknown, format: string): InputError {
  return new InputError(problem(path, expected, ...finding(error, format)));
}

function finding(error: unknown, format: string): readonly [got: string, remedy: string] {
  const text = error instanceof Error ? error.message : String(error);
  const convert = `Convert it to ${format}, or remove it.`;
  if (/unsupported image format|unsupported codec|compression format has not been built in/i.test(text)) {
    return ["a file of another kind", convert];
  }
  if (/samples out of range/i.test(text)) return ["a TIFF of numbers that cannot be read, such as of 64 bits", convert];
  if (/no known route/i.test(text)) return ["channels that are no colours", convert];
  if (/pixel limit/i.test(text)) return ["more than 300 million pixels", "Scale or split the image."];
  if (/premature|truncat|end of (file|stream|image)|read error|not enough|unexpected end/i.test(text)) {
    return ["a truncated file", intact];
  }
  const line = text
    .replace(/^Input (file|buffer) has corrupt header: ?|^vips\w+: /i, "")
    .split("\n")[0]
    .trim();
  return [
    line === "" || line === "Unknown error" ? "a damaged file" : `a damaged file (${line.slice(0, 120)})`,
    intact,
  ];
}

/** A picture in a file, or bytes of one that `path` names in messages. */
async function openChecked(path: string, expected: string, format: string, bytes?: Uint8Array): Promise<Metadata> {
  if (bytes === undefined) await requireContent(path, expected);
  else if (bytes.length === 0) throw new InputError(problem(path, expected, "no bytes", intact));
  const sharp = await loadSharp();
  let metadata: Metadata;
  try {
    metadata = await sharp(bytes ?? path, { ...options, limitInputPixels: false }).metadata();
  } catch (error) {
    const start = bytes ?? (await withFile(path, (file) => file.read(0, Math.min(file.size, 256))));
    const other = standIn(start);
    throw other === undefined
      ? unreadable(path, expected, error, format)
      : new InputError(problem(path, expected, ...other));
  }
  if (refused.has(metadata.format)) {
    throw new InputError(problem(path, expected, `a ${metadata.format} file`, `Convert it to ${format}.`));
  }
  const { width, height } = metadata;
  if (width * height > maxPixels) {
    const limit = `expected at most ${maxPixels / 1e6} million pixels`;
    throw new InputError(problem(path, limit, `${width}x${height}`, "Scale or split the image."));
  }
  return metadata;
}

/** See `Platform.decodeImage` and, with `bytes`, `Platform.decodeImageBytes`. */
export async function decodePhotograph(path: string, bytes?: Uint8Array): Promise<Image> {
  const metadata = await openChecked(path, imageExpected, photographFormats, bytes);
  const within = <T>(use: (file: ByteSource) => Promise<T>) =>
    bytes === undefined ? withFile(path, use) : use(sourceOf(bytes));
  const { format, orientation = 1 } = metadata;
  if (format === "jpeg") {
    const start = await within((file) => file.read(0, Math.min(file.size, mostBytes(metadata), readAtOnce)));
    const damage = jpegDamage(start);
    if (damage !== undefined) throw new InputError(problem(path, imageExpected, damage, intact));
  }
  const tags = format === "tiff" ? await within(readTiffTags) : undefined;
  const bands = bandsOf(path, metadata, tags);
  try {
    const image = isLargeInterlaced(metadata)
      ? await within((file) => decodePngPhotograph(file, path))
      : await decodeRgb(bytes ?? path, bands.extra === "left out");
    const remarks = [...bands.remarks, ...(await checkRange(path, image, metadata, bytes)), ...turnRemarks(metadata)];
    return { ...(await upright(image, orientation)), ...(remarks.length > 0 && { remarks }) };
  } catch (error) {
    throw error instanceof InputError ? error : unreadable(path, imageExpected, error, photographFormats);
  }
}

/** Most bytes in which the pixels of a picture lie, whatever else the file holds behind them. */
function mostBytes({ width, height }: Metadata): number {
  return 8 * width * height + 64 * 2 ** 20;
}

function isLargeInterlaced({ format, isProgressive, hasProfile, width, height, channels, depth }: Metadata): boolean {
  const size = width * height * channels * (depth === "ushort" ? 2 : 1);
  return format === "png" && isProgressive && !hasProfile && size > 2 ** 27;
}

/** Values that fill less than a part of 16 bits would become dark, or black. Throws InputError where they fill a sixteenth. */
async function checkRange(path: string, { data }: Image, metadata: Metadata, bytes?: Uint8Array): Promise<Remark[]> {
  const { format, depth } = metadata;
  // Other decoders spread fewer bits over all 16.
  if (depth !== "ushort" || (format !== "tiff" && format !== "png")) return [];
  const brightest = data.reduce((most, value) => Math.max(most, value), 0);
  if (brightest >= quarterOfRange) return [];
  const sharp = await loadSharp();
  const { channels } = await sharp(bytes ?? path, options).stats();
  return rangeRemarks(path, Math.max(...channels.map(({ max }) => max)));
}

/** Pixels in the order of the file, alpha on white, or without a last band that is no alpha. */
async function decodeRgb(input: string | Uint8Array, withoutLast: boolean): Promise<Image> {
  const sharp = await loadSharp();
  const decode = (failOn: "error" | "warning") =>
    (withoutLast
      ? sharp(input, { ...options, failOn }).removeAlpha()
      : sharp(input, { ...options, failOn }).flatten({ background: "#ffffff" })
    )
      .toColourspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
  const { data, info } = await decode("warning").catch((error: unknown) => {
    if (error instanceof Error && madeUp.test(error.message)) throw error;
    return decode("error");
  });
  if (info.channels !== 3) throw new Error(`${info.channels} channels after conversion to RGB`);
  return { width: info.width, height: info.height, data: plain(data) };
}

/** By EXIF orientation: whether left and right of the file change places, and the turn clockwise after that. */
const turns: Readonly<Record<number, readonly [degrees: number, mirrored: boolean]>> = {
  2: [0, true],
  3: [180, false],
  4: [180, true],
  5: [270, true],
  6: [90, false],
  7: [90, true],
  8: [270, false],
};

/** Turns 8-bit RGB only: turning while decoding would hold the whole picture in the file's own, larger, pixels. */
async function upright({ width, height, data }: Image, orientation: number): Promise<Image> {
  const turn = turns[orientation];
  if (turn === undefined) return { width, height, data };
  const sharp = await loadSharp();
  const turned = await sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: maxPixels })
    .rotate(turn[0])
    .flop(turn[1])
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: turned.info.width, height: turned.info.height, data: plain(turned.data) };
}

/** The same bytes as a plain array: a Buffer differs in `slice`, in comparing and in crossing threads. */
function plain(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** See `Platform.imageSize`. */
export async function sizeOfPhotograph(path: string): Promise<ImageSize> {
  const { width, height } = (await openChecked(path, imageExpected, photographFormats)).autoOrient;
  return { width, height };
}

/** See `Platform.decodeMask`. PNG by our own reader; TIFF and WebP by sharp where they are lossless and not a palette. */
export async function decodeStoredMask(path: string): Promise<RawImage> {
  await requireContent(path, maskExpected);
  const png = await withFile(path, async (file) => isPng(await file.read(0, 8)) && decodePng(file, path));
  if (png) return png;
  const metadata = await openChecked(path, maskExpected, "PNG");
  const reason = await withFile(path, (file) => inexact(metadata, file));
  if (reason !== undefined) {
    const remedy = "Save masks as PNG from the original labels: converting this file would keep its wrong values.";
    throw new InputError(
      problem(path, maskExpected, reason.got, reason.lossy ? remedy : (reason.remedy ?? "Save it as PNG.")),
    );
  }
  const bits = metadata.depth === "ushort" ? 16 : 8;
  // Stored values, not colours: without naming the space sharp would convert 16-bit values to 8-bit sRGB.
  const grey = metadata.channels < 3;
  const space = grey ? (bits === 16 ? "grey16" : "b-w") : bits === 16 ? "rgb16" : "srgb";
  try {
    const sharp = await loadSharp();
    const { data, info } = await sharp(path, options)
      .toColourspace(space)
      .raw({ depth: bits === 16 ? "ushort" : "uchar" })
      .toBuffer({ resolveWithObject: true });
    const values = bits === 16 ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : plain(data);
    const { width, height, channels } = info;
    if (channels > 4 || values.length !== width * height * channels) throw new Error(`${channels} channels`);
    return { width, height, channels: channels as 1 | 2 | 3 | 4, bits, data: values };
  } catch (error) {
    throw unreadable(path, maskExpected, error, "PNG");
  }
}

/** None, LZW, deflate (two codes), PackBits, Zstandard, LZMA. */
const losslessTiff: ReadonlySet<number> = new Set([1, 5, 8, 32946, 32773, 50000, 34925]);

/** Why the stored values of a file that is not a PNG cannot be had exactly; undefined when they can. */
async function inexact(
  metadata: Metadata,
  file: ByteSource,
): Promise<{ got: string; lossy: boolean; remedy?: string } | undefined> {
  const { format, space, depth, bitsPerSample = 8 } = metadata;
  if (format === "jpeg") return { got: "a JPEG, whose compression changes the values", lossy: true };
  if (format === "webp") {
    // "VP8 " is the lossy codec; it may stand behind other chunks of the container.
    const lossy = Buffer.from(await file.read(0, Math.min(file.size, 4096))).includes("VP8 ");
    return lossy ? { got: "a lossy WebP", lossy } : undefined;
  }
  if (format !== "tiff") return { got: `a ${format} file`, lossy: false };
  const tags = await readTiffTags(file);
  if ((metadata.pages ?? 1) > 1) return { got: `a TIFF of ${metadata.pages} pages`, lossy: false };
  if (tags === undefined) return { got: "a TIFF of an unknown kind", lossy: false };
  if (!losslessTiff.has(tags.compression)) return { got: "a TIFF with lossy compression", lossy: true };
  if (tags.photometric === 0) return { got: "a TIFF in which white is zero", lossy: false };
  if (tags.photometric === 3) return { got: "a palette TIFF, whose indices cannot be read", lossy: false };
  if (bitsPerSample < 8) return { got: `a ${bitsPerSample}-bit TIFF, whose values would be stretched`, lossy: false };
  const exact = ["b-w", "grey16", "srgb", "rgb16"].includes(space) && (depth === "uchar" || depth === "ushort");
  // Programs of maps write classes as 32-bit numbers.
  const remedy = "Save whole numbers from 0 to 65535, such as: gdal_translate -ot UInt16 IN OUT";
  return exact ? undefined : { got: `a TIFF of ${space} ${depth} values`, lossy: false, remedy };
}

/** See `Platform.encodeImage`. */
export async function encodePhotograph(
  { width, height, data }: Image,
  format: "png" | "jpeg",
  { quality = 90, compression = 6 }: { readonly quality?: number; readonly compression?: number } = {},
): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const picture = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels: maxPixels });
  return format === "png"
    ? picture.png({ compressionLevel: compression }).toBuffer()
    : picture.jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
}

/** See `Platform.encodeGrey16Png`. */
export async function encodeGrey16Png({
  width,
  height,
  data,
}: {
  readonly width: number;
  readonly height: number;
  readonly data: Uint16Array;
}): Promise<Uint8Array> {
  const sharp = await loadSharp();
  const picture = sharp(data, { raw: { width, height, channels: 1 }, limitInputPixels: maxPixels });
  return picture.toColourspace("grey16").png().toBuffer();
}
