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
/** Values of a field that are read. */
const mostValues = 4096;

/** Bytes of a value by TIFF's number of its type: bytes, text, 16 and 32 bits, double, 64 bits. Others are not read. */
const sizes: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 12: 8, 16: 8 };

/** file: a TIFF → its tags; undefined for a damaged directory. */
export async function readTiffTags(file: ByteSource): Promise<TiffTags | undefined> {
  const fields = await readTiffFields(file, [259, 262, 338]);
  if (fields === undefined) return undefined;
  return {
    compression: fields.get(259)?.[0] ?? 1,
    photometric: fields.get(262)?.[0] ?? 1,
    extra: fields.get(338) ?? [],
  };
}

/** The numbers of these fields of the first picture, text as codes; without those that it has not. undefined for a damaged directory. */
export async function readTiffFields(
  file: ByteSource,
  tags: readonly number[],
): Promise<ReadonlyMap<number, readonly number[]> | undefined> {
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
  const found = new Map<number, readonly number[]>();
  for (let at = 0; at < fields.byteLength; at += fieldBytes) {
    const [tag, type] = [fields.getUint16(at, little), fields.getUint16(at + 2, little)];
    const bytes = sizes[type];
    if (!tags.includes(tag) || bytes === undefined) continue;
    const length = Math.min(wide(fields, at + 4), mostValues);
    const valueAt = at + (big ? 12 : 8);
    const isInside = bytes * length <= (big ? 8 : 4);
    const list = isInside ? fields : await bytesAt(file, wide(fields, valueAt), bytes * length);
    if (list === undefined) return undefined;
    const start = isInside ? valueAt : 0;
    found.set(
      tag,
      Array.from({ length }, (_, i) => numberAt(list, start + bytes * i, type, little)),
    );
  }
  return found;
}

function numberAt(view: DataView, at: number, type: number, little: boolean): number {
  if (type === 3) return view.getUint16(at, little);
  if (type === 4) return view.getUint32(at, little);
  if (type === 12) return view.getFloat64(at, little);
  return type === 16 ? Number(view.getBigUint64(at, little)) : view.getUint8(at);
}

async function bytesAt(file: ByteSource, offset: number, length: number): Promise<DataView | undefined> {
  if (!Number.isSafeInteger(offset) || offset + length > file.size) return undefined;
  const bytes = await file.read(offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
