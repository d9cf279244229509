/** Remainders of CRC-32 (polynomial 0xEDB88320): table k is for a byte with k more after it. */
const crcTables = Array.from({ length: 4 }, () => new Int32Array(256));
for (let byte = 0; byte < 256; byte++) {
  let rest = byte;
  for (let k = 0; k < 4; k++) {
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
    crcTables[k][byte] = rest;
  }
}

/** CRC-32 of `bytes`, four at a time: this is most of the time that a large file takes. */
export function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = crcTables;
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
