/**
 * Files as `torch.save` writes them (torch/serialization.py, the zip container since 1.6): a pickle of protocol 2 that describes
 * the tensors, and each tensor's numbers raw. It names nothing but what `torch.load` allows without being told to trust the file.
 */
import type { Dtype } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { show, sizeOf, stridesOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { storageTypes } from "./torch-tensors.ts";
import { writeZip } from "./zip-write.ts";

export interface TorchWriteOptions {
  /** Under which the dictionary of tensors stands in the file's own; null: it is the file's. Default `model`. */
  readonly key?: string | null;
  /** The folder in the archive; PyTorch names it after the file. Default `archive`. */
  readonly folder?: string;
}

/** What the classes of storages are called, by the type of their elements. */
const storageNames = new Map<Dtype, string>(
  [...storageTypes]
    .filter(([, { brain }]) => brain === undefined)
    .map(([name, { dtype }]) => [dtype, name] as const)
    .reverse(),
);

/**
 * The bytes of a .pth file: a dictionary with the state dictionary under `key`, each tensor row-major in a storage of its own.
 * Equal tensors in the same order give equal bytes.
 *
 * Throws InputError, which begins with `where`, for types that PyTorch has no storage of, and beyond 4 GB.
 */
export function writeTorch(
  tensors: Named<NdArray>,
  where = "torch",
  { key = "model", folder = "archive" }: TorchWriteOptions = {},
): Uint8Array {
  if (key !== null) return writeTorchParts({ [key]: tensors }, where, { folder });
  return written(tensors, (dictionary) => dictionary(tensors, ""), where, folder);
}

/**
 * The bytes of a .pth file that holds several dictionaries of tensors by name, and whole numbers (0 and above) such as an epoch before them.
 * Throws InputError as `writeTorch`.
 */
export function writeTorchParts(
  parts: Named<Named<NdArray>>,
  where = "torch",
  {
    folder = "archive",
    numbers = {},
    texts = {},
  }: {
    readonly folder?: string;
    readonly numbers?: Named<number>;
    /** Dictionaries of texts by name, in front of all. */
    readonly texts?: Named<Named<string>>;
  } = {},
): Uint8Array {
  const all = Object.fromEntries(
    Object.entries(parts).flatMap(([part, tensors]) =>
      Object.entries(tensors).map(([name, array]) => [`${part}/${name}`, array]),
    ),
  );
  const object = (dictionary: Dictionary): Piece => [
    ...[emptyDictionary, mark],
    ...Object.entries(texts).map(([name, values]): Piece => {
      const entries = Object.entries(values).map(([key, value]): Piece => [text(key), text(value)]);
      return [text(name), emptyDictionary, mark, entries, setItems];
    }),
    ...Object.entries(numbers).map(([name, value]): Piece => [text(name), integer(value)]),
    ...Object.entries(parts).map(([part, tensors]): Piece => [text(part), dictionary(tensors, `${part}/`)]),
    setItems,
  ];
  return written(all, object, where, folder);
}

/** The pickle of a dictionary of tensors, whose numbers are kept under `prefix` and their names. */
type Dictionary = (tensors: Named<NdArray>, prefix: string) => Piece;

function written(
  all: Named<NdArray>,
  object: (dictionary: Dictionary) => Piece,
  where: string,
  folder: string,
): Uint8Array {
  const named = Object.entries(all);
  const keys = new Map(named.map(([name], i) => [name, String(i)]));
  const dictionary: Dictionary = (tensors, prefix) =>
    orderedDictionary(
      Object.entries(tensors).map(([name, array]) => [name, tensor(name, array, keys.get(prefix + name)!, where)]),
    );
  const pickle = joined([protocol2, object(dictionary), stop]);
  const note = (name: string, content: string) => ({ name: `${folder}/${name}`, data: encoder.encode(content) });
  return writeZip(
    [
      { name: `${folder}/data.pkl`, data: pickle },
      note("byteorder", "little"),
      ...named.map(([, { data }], i) => ({
        name: `${folder}/data/${i}`,
        data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
      })),
      note("version", "3\n"),
    ],
    where,
  );
}

type Piece = Uint8Array | readonly Piece[];

const encoder = new TextEncoder();

const opcode = (letter: string): Uint8Array => Uint8Array.of(letter.charCodeAt(0));
const protocol2 = Uint8Array.of(0x80, 2);
const [stop, mark, reduce, persistentId] = [".", "(", "R", "Q"].map(opcode);
const [emptyDictionary, setItems, emptyTuple, tupleEnd] = ["}", "u", ")", "t"].map(opcode);
const newFalse = Uint8Array.of(0x89);

/** X: length, then UTF-8. */
function text(value: string): Piece {
  const utf8 = encoder.encode(value);
  return [opcode("X"), littleEndian(utf8.length, 4), utf8];
}

/** K, M and J for what fits 1, 2 and 4 bytes, LONG1 for more. */
function integer(value: number): Piece {
  if (value < 2 ** 8) return [opcode("K"), littleEndian(value, 1)];
  if (value < 2 ** 16) return [opcode("M"), littleEndian(value, 2)];
  return value < 2 ** 31 ? [opcode("J"), littleEndian(value, 4)] : [Uint8Array.of(0x8a, 8), littleEndian(value, 8)];
}

function littleEndian(value: number, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, i) => Math.floor(value / 2 ** (8 * i)) % 256);
}

const tuple = (items: readonly Piece[]): Piece => (items.length === 0 ? emptyTuple : [mark, items, tupleEnd]);

/** name: `module class`. */
const global = (name: string): Piece => encoder.encode(`c${name.replace(" ", "\n")}\n`);

function orderedDictionary(items: readonly (readonly [string, Piece])[]): Piece {
  const entries = items.map(([name, value]): Piece => [text(name), value]);
  return [global("collections OrderedDict"), emptyTuple, reduce, mark, entries, setItems];
}

/** `_rebuild_tensor_v2(storage, offset, shape, strides, requires gradient, hooks)`. */
function tensor(name: string, { dtype, shape, data }: NdArray, key: string, where: string): Piece {
  const storage = storageNames.get(dtype);
  if (storage === undefined) {
    const known = [...storageNames.keys()].join(", ");
    throw new InputError(
      `${where}: expected ${name} of a type that PyTorch has (${known}), got ${dtype}. Convert it first.`,
    );
  }
  if (data.length !== sizeOf(shape))
    throw new Error(`${where}: ${name} has ${data.length} numbers, but shape ${show(shape)}.`);
  const id = tuple([text("storage"), global(storage), text(key), text("cpu"), integer(data.length)]);
  const sizes = (values: readonly number[]) => tuple(values.map(integer));
  const rest = [integer(0), sizes(shape), sizes(stridesOf(shape)), newFalse, orderedDictionaryOfHooks];
  return [global("torch._utils _rebuild_tensor_v2"), tuple([[id, persistentId], ...rest]), reduce];
}

const orderedDictionaryOfHooks: Piece = [global("collections OrderedDict"), emptyTuple, reduce];

function joined(piece: Piece): Uint8Array {
  const flat = flattened(piece);
  const bytes = new Uint8Array(flat.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of flat) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function flattened(piece: Piece): Uint8Array[] {
  return piece instanceof Uint8Array ? [piece] : piece.flatMap(flattened);
}
