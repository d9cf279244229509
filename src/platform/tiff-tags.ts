/** The tags of a TIFF's first picture that say what its values are (TIFF 6.0, section 2; BigTIFF). */
import type { ByteSource } from "./byte-source.ts";

export interface TiffTags {
  /** Tag 259: 1 none, 5 LZW, 7 JPEG, 8 and 32946 deflate, 32773 PackBits … */
  readonly compression: number;
  /** Tag 262: 0 white is zero, 1 black is zero, 2 RGB, 3 palette … */
  readonly photometric: number;
  /** Tag 338: what the bands beyond the colours are: 0 not said, 1 and 2 alpha. */
  readonly extra: readonly number[];
}

/** Fields that are read; a directory has some dozens. */
const mostFields = 4096;

/** file: a TIFF → its tags; undefined for a damaged directory. */
export async function readTiffTags(file: ByteSource): Promise<TiffTags | undefined> {
  const head = await bytesAt(file, 0, 16);
  if (head === undefined) return undefined;
  const little = head.getUint8(0) === 0x49;
  const version = head.getUint16(2, little);
  if (version !== 42 && version !== 43) return undefined;
  const big = version === 43;
  const [countBytes, fieldBytes] = big ? [8, 20] : [2, 12];
  const wide = (view: DataView, at: number) =>
    big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
  const directory = wide(head, big ? 8 : 4);
  const counted = await bytesAt(file, directory, countBytes);
  if (counted === undefined) return undefined;
  const count = big ? Number(counted.getBigUint64(0, little)) : counted.getUint16(0, little);
  const fields = count > mostFields ? undefined : await bytesAt(file, directory + countBytes, count * fieldBytes);
  if (fields === undefined) return undefined;
  const tags = { compression: 1, photometric: 1, extra: [] as number[] };
  for (let at = 0; at < fields.byteLength; at += fieldBytes) {
    const tag = fields.getUint16(at, little);
    const valueAt = at + (big ? 12 : 8);
    if (tag === 259) tags.compression = fields.getUint16(valueAt, little);
    if (tag === 262) tags.photometric = fields.getUint16(valueAt, little);
    if (tag !== 338) continue;
    const length = Math.min(wide(fields, at + 4), 64);
    const isInside = 2 * length <= (big ? 8 : 4);
    const list = isInside ? fields : await bytesAt(file, wide(fields, valueAt), 2 * length);
    if (list === undefined) return undefined;
    const start = isInside ? valueAt : 0;
    tags.extra = Array.from({ length }, (_, i) => list.getUint16(start + 2 * i, little));
  }
  return tags;
}

async function bytesAt(file: ByteSource, offset: number, length: number): Promise<DataView | undefined> {
  if (!Number.isSafeInteger(offset) || offset + length > file.size) return undefined;
  const bytes = await file.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
