/** The tags of a TIFF's first picture that say whether its values can be read exactly (TIFF 6.0, section 2). */
export interface TiffTags {
  /** Tag 259: 1 none, 5 LZW, 7 JPEG, 8 and 32946 deflate, 32773 PackBits … */
  readonly compression: number;
  /** Tag 262: 0 white is zero, 1 black is zero, 2 RGB, 3 palette … */
  readonly photometric: number;
}

/** bytes: a TIFF file → its tags; undefined for a BigTIFF or a damaged directory. */
export function readTiffTags(bytes: Uint8Array): TiffTags | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) return undefined;
  const little = bytes[0] === 0x49;
  if (view.getUint16(2, little) !== 42) return undefined;
  const directory = view.getUint32(4, little);
  if (directory + 2 > bytes.length) return undefined;
  const count = view.getUint16(directory, little);
  if (directory + 2 + count * 12 > bytes.length) return undefined;
  let compression = 1;
  let photometric = 1;
  for (let entry = 0; entry < count; entry++) {
    const at = directory + 2 + entry * 12;
    const tag = view.getUint16(at, little);
    if (tag === 259) compression = view.getUint16(at + 8, little);
    if (tag === 262) photometric = view.getUint16(at + 8, little);
  }
  return { compression, photometric };
}
