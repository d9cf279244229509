/** Cyclic redundancy checks of 32 bits, as files have them beside their numbers. */

/** Remainders of a polynomial (bits reversed): table k is for a byte with k more after it. */
function tablesOf(polynomial: number): readonly Int32Array[] {
  const tables = Array.from({ length: 4 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let rest = byte;
    for (let k = 0; k < 4; k++) {
      for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? polynomial : 0);
      tables[k][byte] = rest;
    }
  }
  return tables;
}

const ofZip = tablesOf(0xedb88320);
const castagnoli = tablesOf(0x82f63b78);

/** CRC-32 of `bytes`, as zip archives and PNG have it. */
export function crc32(bytes: Uint8Array): number {
  return remainder(bytes, ofZip);
}

/** CRC-32C (Castagnoli's polynomial), as TensorFlow and LevelDB have it. */
export function crc32c(bytes: Uint8Array): number {
  return remainder(bytes, castagnoli);
}

/** Four bytes at a time: this is most of the time that a large file takes. */
function remainder(bytes: Uint8Array, [t0, t1, t2, t3]: readonly Int32Array[]): number {
  const whole = bytes.length - (bytes.length % 4);
  let crc = -1;
  let at = 0;
  for (; at < whole; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc = t3[crc & 255] ^ t2[(crc >>> 8) & 255] ^ t1[(crc >>> 16) & 255] ^ t0[crc >>> 24];
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]) & 255];
  return ~crc >>> 0;
}

/** A sum that is stored beside the bytes it is of, as LevelDB masks it, so that sums of bytes with sums in them differ. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
