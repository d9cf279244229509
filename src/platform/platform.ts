/** All that TESSERA needs of the machine besides ONNX Runtime. `node.ts` and `web.ts` provide it. */
import type { Image } from "../image/image.ts";

/** Pixels as a file stores them: palette indices are not replaced by their colours. */
export interface RawImage {
  readonly width: number;
  readonly height: number;
  /** 1 grey or palette index, 2 grey and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly bits: 8 | 16;
  readonly data: Uint8Array | Uint16Array;
  /** Colours of a palette file, 0 … 255; undefined otherwise. */
  readonly palette?: readonly (readonly [number, number, number])[];
}

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

export interface Platform {
  readFile(path: string): Promise<Uint8Array>;
  /** Writes beside the target, syncs and renames: the file never exists half-written. Makes missing folders. */
  writeFile(path: string, bytes: Uint8Array | string): Promise<void>;
  /** Names in a folder, sorted; throws InputError when there is no such folder. */
  list(folder: string): Promise<string[]>;
  exists(path: string): Promise<"file" | "folder" | "nothing">;
  /** A photograph: any common format, EXIF orientation applied, converted to 8-bit sRGB; alpha on white. */
  decodeImage(path: string): Promise<Image>;
  /** Upright size, from the header alone. */
  imageSize(path: string): Promise<ImageSize>;
  /** A mask: stored values, exact. PNG (1 to 16 bits, grey, palette, RGB), and what else is lossless. */
  decodeMask(path: string): Promise<RawImage>;
}
