/** PyTorch's files before version 1.6: several pickles in a row, followed by the numbers. */
import { unpickle } from "./pickle.ts";
import { kindOf, quote } from "./pickle-values.ts";
import { damaged, otherForm, type Saved, unpickleTensors } from "./torch-pickle.ts";
import type { StoredNumbers } from "./torch-tensors.ts";

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/** The form before PyTorch 1.6: five pickles, then for each storage its count of elements and its numbers. */
export function readLegacy(bytes: Uint8Array, where: string): Saved {
  if (startsWith(bytes, 257, "ustar")) throw otherForm(where, "a tar archive of the first versions of PyTorch");
  if (!startsWith(bytes, 0, "\x80")) throw otherForm(where, "something else");
  let at = 0;
  const next = () => {
    const { value, end } = unpickle(bytes, where, { start: at });
    at = end;
    return value;
  };
  if (next() !== magicNumber) throw otherForm(where, "a pickle of something else");
  const version = next();
  if (version !== protocolVersion) throw damaged(where, `protocol version ${protocolVersion}`, kindOf(version));
  const system = next();
  if (!(system instanceof Map) || system.get("little_endian") !== true) {
    throw otherForm(where, "numbers that are not little-endian");
  }
  const { object, storages, end } = unpickleTensors(bytes, where, at);
  at = end;
  const keys = next();
  const places = placeStorages(bytes, { keys, storages, start: at }, where);
  return {
    object,
    read(storage) {
      const place = places.get(storage)!;
      return bytes.subarray(place, place + storage.byteLength);
    },
  };
}

/** Where the numbers of each storage begin, in a file that has them one after another in the order of `keys`. */
function placeStorages(
  bytes: Uint8Array,
  { keys, storages, start }: { keys: unknown; storages: ReadonlyMap<string, StoredNumbers>; start: number },
  where: string,
): Map<StoredNumbers, number> {
  if (!Array.isArray(keys)) throw damaged(where, "a list of storages", kindOf(keys));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = new Map<StoredNumbers, number>();
  let at = start;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined || places.has(storage))
      throw damaged(where, "every storage once", typeof key === "string" ? quote(key) : kindOf(key));
    if (at + 8 > bytes.length) throw damaged(where, `the count of elements at byte ${at}`, `${bytes.length} bytes`);
    const count = Number(view.getBigInt64(at, true));
    if (count !== storage.count) throw damaged(where, `${storage.count} elements at byte ${at}`, `${count}`);
    places.set(storage, at + 8);
    at += 8 + storage.byteLength;
    if (at > bytes.length) throw damaged(where, `numbers up to byte ${at}`, `${bytes.length} bytes`);
  }
  if (places.size !== storages.size) throw damaged(where, `${storages.size} storages`, `${places.size}`);
  if (at !== bytes.length) throw damaged(where, `the end of the file at byte ${at}`, `${bytes.length - at} bytes more`);
  return places;
}

export function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  return at + text.length <= bytes.length && [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
}
