/**
 * Says whether the data of a JPEG go on to its end (ITU-T T.81, annex B). libjpeg fills in what is missing: data that
 * break off and go on as zeros decode without complaint, since zeros are valid codes, and only a look at the markers and
 * at the length of such runs tells.
 */

/** A run of equal bytes that no picture's data contain by chance: 512 bits. */
const suspiciousRun = 64;
const zeros = Buffer.alloc(suspiciousRun);
const ones = Buffer.alloc(suspiciousRun, 0xff);

/** A block whose zero bits mean more coefficients than these, all of them the same, is no picture's. */
const mostEqualCoefficients = 8;

/** The code of zero bits alone, which every table has: its length, and what it means. */
interface ZeroCode {
  readonly bits: number;
  readonly symbol: number;
}

interface Frame {
  readonly progressive: boolean;
  /** 8 x 8 blocks of each component, by its identifier. */
  readonly blocks: ReadonlyMap<number, number>;
}

/** bytes: a JPEG file → what is wrong with it, for "got …"; undefined where its data are whole. */
export function jpegDamage(bytes: Uint8Array): string | undefined {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tables = new Map<number, ZeroCode>();
  let frame: Frame | undefined;
  for (let at = 2; ; ) {
    // Between segments decoders pass over what is no marker.
    at = file.indexOf(0xff, at);
    while (at >= 0 && file[at + 1] === 0xff) at++;
    if (at < 0 || at + 2 > file.length) return endless(file);
    const marker = file[at + 1];
    at += 2;
    if (marker === 0xd9) return undefined;
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    if (at + 2 > file.length) return endless(file);
    const segment = file.subarray(at + 2, at + file.readUInt16BE(at));
    at += Math.max(2, file.readUInt16BE(at));
    if (marker === 0xc4) readTables(segment, tables);
    else if (marker >= 0xc0 && marker <= 0xc2) frame = readFrame(segment, marker === 0xc2);
    else if (marker === 0xda) {
      const end = endOfScan(file, at);
      // Frames of other kinds (arithmetic coding, lossless) have other codes.
      const mostZeros = frame === undefined ? Number.POSITIVE_INFINITY : longestZeros(segment, frame, tables);
      const damage = scanDamage(file.subarray(at, end), mostZeros);
      if (damage !== undefined) return damage;
      at = end;
    }
  }
}

/** What to call a file without an end-of-image marker. */
function endless(file: Uint8Array): string {
  const last = file[file.length - 1];
  const filled = file.length - 1 - file.findLastIndex((byte) => byte !== last);
  if (filled < suspiciousRun || (last !== 0 && last !== 0xff)) return "a truncated file";
  return `a truncated file (its last ${filled} bytes are ${last === 0 ? "zeros" : "0xFF"})`;
}

/** Where the next marker that ends a scan is: within it, 0xFF 0x00 stands for 0xFF, and restart markers occur. */
function endOfScan(file: Buffer, start: number): number {
  for (let at = start; ; at += 2) {
    at = file.indexOf(0xff, at);
    if (at < 0 || at + 1 >= file.length) return file.length;
    const next = file[at + 1];
    if (next === 0xff)
      at--; // fill bytes
    else if (next !== 0 && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
}

function scanDamage(scan: Buffer, mostZeros: number): string | undefined {
  if (scan.includes(ones)) return "a damaged file (data of 0xFF bytes only)";
  for (let at = scan.indexOf(zeros); at >= 0; ) {
    let end = at + suspiciousRun;
    while (scan[end] === 0) end++;
    if (end - at >= suspiciousRun + mostZeros) return `a damaged file (${end - at} zero bytes within its data)`;
    at = scan.indexOf(zeros, end);
  }
  return undefined;
}

function readTables(segment: Uint8Array, tables: Map<number, ZeroCode>): void {
  for (let at = 0; at + 17 <= segment.length; ) {
    const counts = segment.subarray(at + 1, at + 17);
    const shortest = counts.findIndex((count) => count > 0);
    if (shortest >= 0) tables.set(segment[at], { bits: shortest + 1, symbol: segment[at + 17] });
    at += 17 + counts.reduce((sum, count) => sum + count, 0);
  }
}

function readFrame(segment: Uint8Array, progressive: boolean): Frame {
  const [, high, low, wide, narrow, count] = segment;
  const [height, width] = [high * 256 + low, wide * 256 + narrow];
  const components = Array.from({ length: count ?? 0 }, (_, i) => segment.subarray(6 + 3 * i, 9 + 3 * i));
  const across = Math.max(1, ...components.map(([, sampling]) => sampling >> 4));
  const down = Math.max(1, ...components.map(([, sampling]) => sampling & 15));
  const units = Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down));
  const blocks = components.map(([id, sampling]) => [id, units * (sampling >> 4) * (sampling & 15)] as const);
  return { progressive, blocks: new Map(blocks) };
}

/**
 * Most zero bytes in a row that a scan may hold. Where zero bits mean "as the block before" a flat picture consists of
 * them; where they mean one coefficient after the other, no picture has even one block of them.
 */
function longestZeros(segment: Uint8Array, frame: Frame, tables: ReadonlyMap<number, ZeroCode>): number {
  const count = segment[0];
  const [first, last, approximation] = segment.subarray(1 + 2 * count);
  let bits = 0;
  for (let i = 0; i < count; i++) {
    const [id, chosen] = segment.subarray(1 + 2 * i, 3 + 2 * i);
    const ofBlock = zeroBits(tables.get(chosen >> 4), tables.get(16 + (chosen & 15)), {
      ...(frame.progressive ? { first, last } : { first: 0, last: 63 }),
      refining: frame.progressive && approximation >> 4 > 0,
    });
    if (ofBlock === undefined) return 0;
    bits += ofBlock * (frame.blocks.get(id) ?? 0);
  }
  return Math.ceil(bits / 8);
}

/** Zero bits that a block takes, or undefined where they make a block that no picture has. */
function zeroBits(
  dc: ZeroCode | undefined,
  ac: ZeroCode | undefined,
  { first, last, refining }: { readonly first: number; readonly last: number; readonly refining: boolean },
): number | undefined {
  if (refining) return 2 * 64; // bits of coefficients that are there already
  let bits = 0;
  if (first === 0) {
    if (dc === undefined) return undefined;
    bits += dc.bits + dc.symbol;
  }
  if (last === 0) return bits;
  if (ac === undefined) return undefined;
  const [zerosBefore, size] = [ac.symbol >> 4, ac.symbol & 15];
  if (size === 0 && zerosBefore < 15) return bits + ac.bits + zerosBefore; // the end of the block, or of several
  const coefficients = Math.ceil((last - Math.max(1, first) + 1) / (zerosBefore + 1));
  return coefficients > mostEqualCoefficients || size === 0 ? undefined : bits + coefficients * (ac.bits + size);
}
