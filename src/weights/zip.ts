/**
 * Zip archives (PKWARE APPNOTE 6.3.10), as far as `.npz` and `.pth` files need them: one disk, members stored or
 * deflated, zip64. Nothing that the archive says about itself is believed before it is checked, and an archive
 * cannot make us hold more bytes than it declares.
 */
import { InputError, problem } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import { inflate } from "./inflate.ts";

export interface ZipArchive {
  /** File name → bytes of its contents, in the order of the archive. Folders are left out. */
  readonly sizes: ReadonlyMap<string, number>;
  /**
   * The contents of one file, checked against its CRC-32. What is stored without compression is a view on the
   * archive's bytes, not a copy. Throws InputError when there is no such file or it is damaged.
   */
  read(name: string): Promise<Uint8Array>;
}

interface Archive {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly where: string;
}

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly end: number;
}

interface Member {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly header: number;
}

/** A member with its place in the file: its local header, then its bytes from `start` to `end`. */
interface Placed extends Member {
  readonly start: number;
  readonly end: number;
}

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator: 0x07064b50 };
const lengths = { local: 30, central: 46, end: 22, end64: 56, locator: 20 };
const methods = { stored: 0, deflated: 8 };

/** Flags that change nothing for a reader: effort of compression (1, 2), sizes after the data (3), UTF-8 names (11). */
const harmlessFlags = 0x080e;
const sizesFollow = 0x0008;

/** A 16- or 32-bit field that is too small for its value holds this; the value is in the zip64 record. */
const beyond16 = 0xffff;
const beyond32 = 0xffffffff;

const largestCount = 100_000;
const longestName = 1024;

/** Deflate cannot make 1 byte of more than 1032, so a larger claim is a lie that we need not allocate memory for. */
const largestRatio = 1032;

/**
 * Opens the archive in `bytes`, checking its directory and every member's place, but not yet their contents.
 *
 * `largestTotal`: how many bytes the members may have together once unpacked; by default 64 times the file and 64 MiB,
 * but no more than 4 GiB unless the file itself is larger. Weights are nearly random, and hardly compress.
 *
 * Throws InputError that starts with `where` (the file's name) when the archive is truncated, damaged, contradictory,
 * encrypted, or packed in a way that we do not read.
 */
export function openZip(
  bytes: Uint8Array,
  where = "zip",
  { largestTotal = usualTotal(bytes.length) }: { largestTotal?: number } = {},
): ZipArchive {
  const archive: Archive = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), where };
  const directory = findDirectory(archive);
  const members = readDirectory(archive, directory);
  const total = members.reduce((sum, { size }) => sum + size, 0);
  if (total > largestTotal) {
    const got = `${total} bytes in ${members.length} files`;
    throw refused(where, `at most ${largestTotal} bytes once unpacked`, got, "Do not use this file.");
  }
  const placed = new Map(members.map((member) => [member.name, place(archive, member)]));
  checkOverlaps(archive, [...placed.values()], directory.start);
  const files = [...placed.values()].filter(({ name }) => !name.endsWith("/"));
  return {
    sizes: new Map(files.map(({ name, size }) => [name, size])),
    async read(name) {
      const member = placed.get(name);
      if (member === undefined) throw damaged(where, `a file ${name} in the archive`, "none");
      return contents(archive, member);
    },
  };
}

function usualTotal(length: number): number {
  return Math.max(length, Math.min(64 * length + 2 ** 26, 2 ** 32));
}

/** The end record is the last thing in the file, before a comment of up to 65535 bytes. */
function findEnd({ view, where }: Archive): number {
  const last = view.byteLength - lengths.end;
  for (let at = last; at >= Math.max(0, last - beyond16); at--) {
    if (view.getUint32(at, true) === signatures.end && view.getUint16(at + 20, true) === last - at) return at;
  }
  throw damaged(where, "a zip archive's directory at the end of the file", "none");
}

function findDirectory(archive: Archive): Directory {
  const { view, where } = archive;
  const end = findEnd(archive);
  const wide = findWideEnd(archive, end);
  const disks = [view.getUint16(end + 4, true), view.getUint16(end + 6, true)];
  const counts = [view.getUint16(end + 8, true), view.getUint16(end + 10, true)];
  if (counts[0] !== counts[1] || disks.some((disk) => disk !== 0)) {
    throw refused(where, "an archive in one piece", "one part of several", "Join the parts first.");
  }
  const count = agreed(counts[1], beyond16, wide?.count, where);
  const length = agreed(view.getUint32(end + 12, true), beyond32, wide?.length, where);
  const start = agreed(view.getUint32(end + 16, true), beyond32, wide?.start, where);
  if (count > largestCount) throw damaged(where, `at most ${largestCount} files in the archive`, `${count}`);
  const room = (wide?.at ?? end) - start;
  if (length > room || count * lengths.central > length) {
    throw damaged(
      where,
      `a directory of ${count} files before byte ${wide?.at ?? end}`,
      `${length} bytes from ${start}`,
    );
  }
  return { count, start, end: start + length };
}

/** A field of the end record, or where that is too small for it, of the zip64 record; they must not contradict. */
function agreed(value: number, beyond: number, wide: number | undefined, where: string): number {
  if (wide === undefined || value === wide || value === beyond) return wide ?? value;
  throw damaged(where, `${value} in both records of the directory`, `${wide}`);
}

/** The zip64 end record, if the file has one. PyTorch writes it always, others where a field is too small. */
function findWideEnd({ view, where }: Archive, end: number) {
  const locator = end - lengths.locator;
  if (locator < 0 || view.getUint32(locator, true) !== signatures.locator) return undefined;
  const at = wideNumber(view, locator + 8);
  if (at + lengths.end64 > locator || view.getUint32(at, true) !== signatures.end64) {
    throw damaged(where, `a zip64 record before byte ${locator}`, `none at ${at}`);
  }
  const here = wideNumber(view, at + 24);
  const count = wideNumber(view, at + 32);
  const disks = [view.getUint32(locator + 4, true), view.getUint32(at + 16, true), view.getUint32(at + 20, true)];
  if (here !== count || disks.some((disk) => disk !== 0)) {
    throw refused(where, "an archive in one piece", "one part of several", "Join the parts first.");
  }
  return { at, count, length: wideNumber(view, at + 40), start: wideNumber(view, at + 48) };
}

function readDirectory(archive: Archive, { count, start, end }: Directory): Member[] {
  const members: Member[] = [];
  const seen = new Set<string>();
  let at = start;
  for (let i = 0; i < count; i++) {
    const { member, next } = readEntry(archive, at, end);
    if (seen.has(member.name)) throw damaged(archive.where, "every file once", `${member.name} twice`);
    seen.add(member.name);
    members.push(member);
    at = next;
  }
  if (at !== end) throw damaged(archive.where, `a directory that ends at byte ${end}`, `${at}`);
  return members;
}

function readEntry({ bytes, view, where }: Archive, at: number, end: number): { member: Member; next: number } {
  if (at + lengths.central > end || view.getUint32(at, true) !== signatures.central) {
    throw damaged(where, `a directory entry at byte ${at}`, "something else");
  }
  const nameEnd = at + lengths.central + view.getUint16(at + 28, true);
  const extraEnd = nameEnd + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > end) throw damaged(where, `a directory entry before byte ${end}`, `one up to ${next}`);
  const nameBytes = bytes.subarray(at + lengths.central, nameEnd);
  const name = decodeName(nameBytes, where);
  const fields = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  const [size, packed, header] = widen(fields, view, nameEnd, extraEnd, where);
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if (view.getUint16(at + 34, true) !== 0) {
    throw refused(where, "an archive in one piece", "one part of several", "Join the parts first.");
  }
  if ((flags & ~harmlessFlags) !== 0) {
    throw refused(where, "plain files", `${name} encrypted or patched`, "Pack it again without a password.");
  }
  if (method !== methods.stored && method !== methods.deflated) {
    throw refused(where, "files stored or deflated", `${name} with method ${method}`, "Pack it again with deflate.");
  }
  if (method === methods.stored ? size !== packed : size > packed * largestRatio) {
    throw damaged(where, `${name} to unpack to what its ${packed} bytes can hold`, `${size}`);
  }
  return { member: { name, nameBytes, flags, method, crc: view.getUint32(at + 16, true), packed, size, header }, next };
}

function decodeName(bytes: Uint8Array, where: string): string {
  if (bytes.length === 0 || bytes.length > longestName) {
    throw damaged(where, `file names of 1 to ${longestName} bytes`, `${bytes.length}`);
  }
  try {
    const name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return name; // names appear in messages, which are one line
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw damaged(where, "file names in UTF-8", "one that is not");
}

/** Fields that are too small for their value, taken from the zip64 extra field: it has only those, in this order. */
function widen(fields: readonly number[], view: DataView, start: number, end: number, where: string): number[] {
  if (!fields.includes(beyond32)) return [...fields];
  let at = start;
  while (at + 4 <= end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  const stop = at + 4 <= end ? at + 4 + view.getUint16(at + 2, true) : 0;
  at += 4;
  return fields.map((field) => {
    if (field !== beyond32) return field;
    if (at + 8 > stop || stop > end) throw damaged(where, "a zip64 field for a large file", "none");
    at += 8;
    return wideNumber(view, at - 8);
  });
}

/** The local header must say what the directory says: a file that readers could understand in two ways is refused. */
function place({ bytes, view, where }: Archive, member: Member): Placed {
  const { name, nameBytes, header: at } = member;
  const nameStart = at + lengths.local;
  if (nameStart > view.byteLength || view.getUint32(at, true) !== signatures.local) {
    throw damaged(where, `a header of ${name} at byte ${at}`, "something else");
  }
  const nameEnd = nameStart + view.getUint16(at + 26, true);
  const start = nameEnd + view.getUint16(at + 28, true);
  const end = start + member.packed;
  if (end > view.byteLength) throw damaged(where, `${name} within the file`, `bytes up to ${end}`);
  const fields = [view.getUint32(at + 22, true), view.getUint32(at + 18, true)];
  const [size, packed] = widen(fields, view, nameEnd, start, where);
  const crc = view.getUint32(at + 14, true);
  const unknown = (member.flags & sizesFollow) !== 0 && size === 0 && packed === 0 && crc === 0;
  const agrees =
    view.getUint16(at + 6, true) === member.flags &&
    view.getUint16(at + 8, true) === member.method &&
    (unknown || (size === member.size && packed === member.packed && crc === member.crc)) &&
    nameEnd - nameStart === nameBytes.length &&
    nameBytes.every((byte, i) => bytes[nameStart + i] === byte);
  if (!agrees) throw damaged(where, `a header of ${name} like its entry in the directory`, "another one");
  return { ...member, start, end };
}

function checkOverlaps({ where }: Archive, members: Placed[], limit: number): void {
  let previous = { name: "", end: 0 };
  for (const member of members.sort((a, b) => a.header - b.header)) {
    if (member.header < previous.end)
      throw damaged(where, "files side by side", `${previous.name} over ${member.name}`);
    previous = member;
  }
  if (previous.end > limit) throw damaged(where, "files before the directory", `${previous.name} over it`);
}

async function contents({ bytes, where }: Archive, member: Placed): Promise<Uint8Array> {
  const packed = bytes.subarray(member.start, member.end);
  const data =
    member.method === methods.stored
      ? packed
      : await inflate(packed, member.size, (expected, got) => damaged(where, `${expected} in ${member.name}`, got));
  if (crc32(data) !== member.crc) throw damaged(where, `${member.name} with its checksum`, "another one");
  return data;
}

/** Beyond 2⁵³ the number is not exact, but then larger than any file, and refused. */
function wideNumber(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function damaged(where: string, expected: string, got: string): InputError {
  return refused(where, expected, got, "The file is damaged or not a zip archive; fetch it again.");
}

function refused(where: string, expected: string, got: string, remedy: string): InputError {
  return new InputError(problem(where, `expected ${expected}`, got, remedy));
}
