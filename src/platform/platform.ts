/** All that TESSERA needs of the machine besides ONNX Runtime. `node.ts` and `web.ts` provide it. */
import type { Color, Image } from "../image/image.ts";
import type { ByteSource } from "./byte-source.ts";
import type { SharedFiles } from "./shared-files.ts";

/** Pixels as a file stores them: palette indices are not replaced by their colours, small depths are not stretched. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  /** 1 grey or palette index, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** 16 for 16-bit files; 8 for everything smaller, with the stored values (a 1-bit file holds 0 and 1). */
  readonly bits: 8 | 16;
  /** Bits of a value in the file, where they are fewer than 8: the largest is white in a grey file. */
  readonly depth?: number;
  readonly data: Uint8Array | Uint16Array;
  /** Colours of a palette file, 0 … 255; undefined otherwise. */
  readonly palette?: readonly Color[];
  /** Texts of a PNG by their keyword, Latin-1. */
  readonly texts?: Readonly<Record<string, string>>;
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** A map of palette indices: data[y · width + x] < palette.length ≤ 256. */
export interface IndexedImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly palette: readonly Color[];
  /** Texts to write beside the pixels, by keyword; ASCII. */
  readonly texts?: Readonly<Record<string, string>>;
}

export interface Platform {
  /** Environment variables by name. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user's home folder. Throws InputError where the system knows of none. */
  home(): string;
  /**
   * The whole file. Throws InputError when it is missing, a folder, may not be read, or has more than `most` bytes (default:
   * what fits into memory); its size is known before it is read.
   */
  readFile(path: string, most?: number): Promise<Uint8Array>;
  /** The whole file as UTF-8 text; `most` as in `readFile`, by default `descriptionBytes` of `limits.ts`. */
  readText(path: string, most?: number): Promise<string>;
  /** Opens a file that is read in parts, and closes it when `use` is done. Throws InputError as `readFile` does. */
  withFile<T>(path: string, use: (file: ByteSource) => Promise<T>): Promise<T>;
  /**
   * Writes beside the target, syncs and renames: the file never exists half-written. Makes missing folders. Several
   * pieces are written one after another. Throws InputError (disk full, folder not writable), leaving nothing behind.
   */
  writeFile(path: string, bytes: Uint8Array | string | readonly Uint8Array[]): Promise<void>;
  /** Adds to the end of a file, which is made if need be. Throws InputError as `writeFile` does. */
  appendFile(path: string, bytes: Uint8Array | string): Promise<void>;
  /** Moves a file or folder, replacing a file of that name. */
  rename(from: string, to: string): Promise<void>;
  /** Deletes a file or a folder with all that is in it; nothing happens when there is none. */
  remove(path: string): Promise<void>;
  /** Names in a folder, sorted by code unit; throws InputError when there is no such folder. */
  list(folder: string): Promise<string[]>;
  exists(path: string): Promise<"file" | "folder" | "nothing">;
  /**
   * Takes a folder (made if need be) for this process until the result is called. Throws InputError where another
   * process that still runs has it.
   */
  lock(folder: string): Promise<() => Promise<void>>;
  /** For folders that other programs use at the same time. */
  readonly shared: SharedFiles;
  /** A photograph: any common format, first frame, EXIF orientation applied, converted to 8-bit sRGB; alpha on white. */
  decodeImage(path: string): Promise<Image>;
  /** The same of the bytes of such a file; `where` is what messages call it. */
  decodeImageBytes(bytes: Uint8Array, where: string): Promise<Image>;
  /** Upright size, from the header alone. */
  imageSize(path: string): Promise<ImageSize>;
  /** A mask: stored values, exact. PNG (1 to 16 bits, grey, palette, RGB), and what else is lossless. */
  decodeMask(path: string): Promise<RawImage>;
  /** The same of the bytes of a PNG; `where` is what messages call it. */
  decodeMaskBytes(bytes: Uint8Array, where: string): Promise<RawImage>;
  /** An 8-bit palette PNG: what every tool reads back as class indices. Memory: the map and the compressed file. */
  encodeIndexedPng(image: IndexedImage): Promise<Uint8Array>;
  /** A grey PNG of 16 bits: data[y · width + x], 0 … 65535. */
  encodeGrey16Png(image: ImageSize & { readonly data: Uint16Array }): Promise<Uint8Array>;
  /** `quality` 1 … 100 is for JPEG; PNG is exact, and `compression` 1 (fast) … 9 (small) is for it. */
  encodeImage(
    image: Image,
    format: "png" | "jpeg",
    options?: { readonly quality?: number; readonly compression?: number },
  ): Promise<Uint8Array>;
}
