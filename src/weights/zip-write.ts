/** Zip archives (PKWARE APPNOTE 6.3.10) as `torch.save` makes them: members stored, their contents aligned. */
import { InputError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

export interface ZipContent {
  readonly name: string;
  readonly data: Uint8Array;
}

const lengths = { local: 30, central: 46, end: 22 };
const beyond32 = 2 ** 32 - 1;
const beyond16 = 2 ** 16 - 1;

/** The extra field that PyTorch pads local headers with; readers skip what they do not know. */
const paddingField = 0x4246;

/**
 * The bytes of an archive that holds `contents` in their order, uncompressed, each beginning at a multiple of `alignment` bytes.
 * Equal contents give equal bytes: no member has a date.
 *
 * Throws InputError, which begins with `where`, beyond 4 GB or 65535 members: then a zip64 archive would be needed.
 */
export function writeZip(
  contents: readonly ZipContent[],
  where = "zip",
  { alignment = 64 }: { readonly alignment?: number } = {},
): Uint8Array {
  const encoder = new TextEncoder();
  let at = 0;
  const members = contents.map(({ name, data }) => {
    const nameBytes = encoder.encode(name);
    const bare = at + lengths.local + nameBytes.length;
    // A field's own head takes four bytes, so padding that would be shorter is one step longer.
    const missing = (alignment - (bare % alignment)) % alignment;
    const padding = missing === 0 || missing >= 4 ? missing : missing + alignment;
    const member = { nameBytes, data, crc: crc32(data), header: at, padding, start: bare + padding };
    at = member.start + data.length;
    return member;
  });
  const directory = at;
  const directoryLength = members.reduce((sum, { nameBytes }) => sum + lengths.central + nameBytes.length, 0);
  const total = directory + directoryLength + lengths.end;
  if (total > beyond32 || members.length >= beyond16) {
    throw new InputError(
      `${where}: expected at most ${beyond32} bytes in fewer than ${beyond16} files, got ${total} in ${members.length}. Write safetensors instead.`,
    );
  }
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let place = directory;
  for (const { nameBytes, data, crc, header, padding, start } of members) {
    const common = (from: number) => {
      view.setUint16(from, 20, true); // version 2.0 is enough to read it
      view.setUint16(from + 2, 0x0800, true); // names are UTF-8
      view.setUint32(from + 10, crc, true);
      view.setUint32(from + 14, data.length, true);
      view.setUint32(from + 18, data.length, true);
      view.setUint16(from + 22, nameBytes.length, true);
    };
    view.setUint32(header, 0x04034b50, true);
    common(header + 4);
    view.setUint16(header + 28, padding, true);
    bytes.set(nameBytes, header + lengths.local);
    if (padding > 0) {
      const extra = header + lengths.local + nameBytes.length;
      view.setUint16(extra, paddingField, true);
      view.setUint16(extra + 2, padding - 4, true);
    }
    bytes.set(data, start);

    view.setUint32(place, 0x02014b50, true);
    view.setUint16(place + 4, 20, true);
    common(place + 6);
    view.setUint32(place + 42, header, true);
    bytes.set(nameBytes, place + lengths.central);
    place += lengths.central + nameBytes.length;
  }
  view.setUint32(place, 0x06054b50, true);
  view.setUint16(place + 8, members.length, true);
  view.setUint16(place + 10, members.length, true);
  view.setUint32(place + 12, directoryLength, true);
  view.setUint32(place + 16, directory, true);
  return bytes;
}
