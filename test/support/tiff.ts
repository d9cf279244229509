/** Uncompressed TIFF files, written after the specification (TIFF 6.0): any number of bands, depths, formats, pages. */

export interface TiffPage {
  readonly width: number;
  readonly height: number;
  /** Values row by row, bands side by side. */
  readonly values: Uint8Array | Uint16Array | Int16Array | Float32Array | Uint32Array;
  readonly bands: number;
  /** Tag 338: what bands beyond the colours are: 0 unspecified, 1 and 2 alpha. Default: left out. */
  readonly extra?: readonly number[];
  /** Tag 262; default 2 (RGB) from three bands on, else 1. */
  readonly photometric?: number;
}

type Field = readonly [tag: number, type: 3 | 4, values: readonly number[]];

export function tiff(...pages: readonly TiffPage[]): Buffer {
  const pieces: Buffer[] = [Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0])];
  let at = 8;
  for (const [index, page] of pages.entries()) {
    const { width, height, values, bands, extra = [], photometric = bands > 2 ? 2 : 1 } = page;
    const format = values instanceof Float32Array ? 3 : values instanceof Int16Array ? 2 : 1;
    const pixels = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const fields: Field[] = [
      [256, 4, [width]],
      [257, 4, [height]],
      [258, 3, new Array(bands).fill(8 * values.BYTES_PER_ELEMENT)],
      [259, 3, [1]],
      [262, 3, [photometric]],
      [273, 4, [0]],
      [277, 3, [bands]],
      [278, 4, [height]],
      [279, 4, [pixels.length]],
      ...(extra.length > 0 ? [[338, 3, extra] as Field] : []),
      [339, 3, new Array(bands).fill(format)],
    ];
    const head = 2 + 12 * fields.length + 4;
    const long = fields.map(([, type, list]) => (list.length * (type === 3 ? 2 : 4) > 4 ? list.length * 2 : 0));
    const dataAt = at + head + long.reduce((sum, size) => sum + size, 0);
    const directory = Buffer.alloc(head);
    const extras: Buffer[] = [];
    directory.writeUInt16LE(fields.length, 0);
    let extraAt = at + head;
    for (const [i, [tag, type, list]] of fields.entries()) {
      const place = 2 + 12 * i;
      directory.writeUInt16LE(tag, place);
      directory.writeUInt16LE(type, place + 2);
      directory.writeUInt32LE(list.length, place + 4);
      if (long[i] > 0) {
        const body = Buffer.alloc(long[i]);
        for (const [j, value] of list.entries()) body.writeUInt16LE(value, 2 * j);
        directory.writeUInt32LE(extraAt, place + 8);
        extras.push(body);
        extraAt += long[i];
      } else if (tag === 273) directory.writeUInt32LE(dataAt, place + 8);
      else
        for (const [j, value] of list.entries())
          type === 3 ? directory.writeUInt16LE(value, place + 8 + 2 * j) : directory.writeUInt32LE(value, place + 8);
    }
    const padding = Buffer.alloc(pixels.length % 2);
    const next = dataAt + pixels.length + padding.length;
    directory.writeUInt32LE(index + 1 < pages.length ? next : 0, head - 4);
    pieces.push(directory, ...extras, pixels, padding);
    at = next;
  }
  return Buffer.concat(pieces);
}
