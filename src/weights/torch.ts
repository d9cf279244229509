/**
 * Tensors out of files that PyTorch's `torch.save` wrote (torch/serialization.py): the zip container (since 1.6), and
 * the form before it, several pickles in a row followed by the numbers. Nothing in the file is run: pickles are read
 * by our own machine, which knows only the handful of globals below.
 */
import { bytesOf, type Dtype, type TypedArray, view } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { type Shape, show, sizeOf, stridesOf } from "../array/shape.ts";
import { InputError, problem } from "../errors.ts";
import { gatherStrided } from "./npy.ts";
import { type Global, GlobalReference, kindOf, quote, unpickle } from "./pickle.ts";
import { openZip, type ZipArchive } from "./zip.ts";

export interface TorchFile {
  /** The tensors of the state dictionary, by name. */
  readonly tensors: Named<NdArray>;
  /** Names of everything else that the file holds: epoch numbers, settings, the optimizer's state. */
  readonly others: readonly string[];
}

/** How elements are kept. We have no type for bfloat16: its bits are taken as uint16 and widened. */
interface StorageType {
  readonly dtype: Dtype;
  readonly brain?: true;
}

const storageTypes = new Map<string, StorageType>([
  ["torch FloatStorage", { dtype: "float32" }],
  ["torch DoubleStorage", { dtype: "float64" }],
  ["torch HalfStorage", { dtype: "float16" }],
  ["torch BFloat16Storage", { dtype: "uint16", brain: true }],
  ["torch LongStorage", { dtype: "int64" }],
  ["torch IntStorage", { dtype: "int32" }],
  ["torch ShortStorage", { dtype: "int16" }],
  ["torch CharStorage", { dtype: "int8" }],
  ["torch ByteStorage", { dtype: "uint8" }],
  ["torch BoolStorage", { dtype: "bool" }],
  ["torch UntypedStorage", { dtype: "uint8" }],
  ["torch.storage UntypedStorage", { dtype: "uint8" }],
]);

const largestRank = 8;

/** The description of the tensors, without their numbers. */
const largestPickle = 2 ** 28;

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/** Numbers of a file, on which tensors are views. */
class StoredNumbers {
  readonly key: string;
  readonly type: StorageType;
  /** In elements. */
  readonly count: number;
  readonly byteLength: number;

  constructor(key: string, type: StorageType, count: number) {
    this.key = key;
    this.type = type;
    this.count = count;
    this.byteLength = count * bytesOf(type.dtype);
  }
}

/** A tensor as the pickle describes it; its numbers are read only if it is wanted. */
class StoredTensor {
  readonly storage: StoredNumbers;
  readonly offset: number;
  readonly shape: Shape;
  readonly strides: readonly number[];

  constructor(storage: StoredNumbers, offset: number, shape: Shape, strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** The object that was saved, and the bytes of a storage that it refers to. */
interface Saved {
  readonly object: unknown;
  readonly read: (storage: StoredNumbers) => Uint8Array | Promise<Uint8Array>;
}

/**
 * The tensors in the bytes of a .pth or .pt file, row-major, each in a buffer of its own. float16 and bfloat16 become
 * float32 (exact).
 *
 * The file's object is a dictionary of tensors, or one that holds such a dictionary under "state_dict" or "model".
 * Where every name begins with "module." (nn.DataParallel), that is taken away.
 *
 * Throws InputError that starts with `where` (the file's name) when the file is damaged, has another form, or asks
 * for anything but tensors and plain values.
 */
export async function readTorch(bytes: Uint8Array, where = "torch"): Promise<TorchFile> {
  const { object, read } = startsWith(bytes, 0, "PK\x03\x04")
    ? await readContainer(bytes, where)
    : readLegacy(bytes, where);
  const { named, others } = chooseTensors(object, where);
  checkTotal(named, where);
  const tensors: [string, NdArray][] = [];
  const loaded = new Map<StoredNumbers, Uint8Array>();
  for (const [name, tensor] of named) {
    let numbers = loaded.get(tensor.storage) ?? (await read(tensor.storage));
    // Strided copies need aligned numbers: old files have them anywhere. Once for each storage, not for each tensor.
    const aligned = numbers.byteOffset % bytesOf(tensor.storage.type.dtype) === 0;
    if (!aligned && !isRowMajor(tensor)) numbers = new Uint8Array(numbers);
    loaded.set(tensor.storage, numbers);
    tensors.push([name, arrayOf(tensor, numbers)]);
  }
  return { tensors: Object.fromEntries(tensors), others };
}

/** The zip container: a folder with data.pkl, the numbers of each storage in data/KEY, and some small notes. */
async function readContainer(bytes: Uint8Array, where: string): Promise<Saved> {
  const archive = openZip(bytes, where);
  const pickles = [...archive.sizes.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) throw otherForm(where, `an archive with ${pickles.length} files data.pkl`);
  const folder = pickles[0].slice(0, -"data.pkl".length);
  if (archive.sizes.has(`${folder}constants.pkl`)) throw otherForm(where, "a TorchScript program");
  await checkByteOrder(archive, `${folder}byteorder`, where);
  const pickleBytes = archive.sizes.get(pickles[0])!;
  if (pickleBytes > largestPickle) throw otherForm(where, `a data.pkl of ${pickleBytes} bytes`);
  const { object, storages } = unpickleTensors(await archive.read(pickles[0]), where);
  const nameOf = ({ key }: StoredNumbers) => `${folder}data/${key}`;
  for (const storage of storages.values()) {
    const size = archive.sizes.get(nameOf(storage));
    if (size !== storage.byteLength) {
      throw damaged(where, `${storage.byteLength} bytes in ${quote(nameOf(storage))}`, `${size ?? "no such file"}`);
    }
  }
  return { object, read: (storage) => archive.read(nameOf(storage)) };
}

async function checkByteOrder({ sizes, read }: ZipArchive, note: string, where: string): Promise<void> {
  const size = sizes.get(note);
  if (size === undefined) return; // older versions did not say: files were little-endian
  const order = size > 16 ? "something else" : new TextDecoder().decode(await read(note));
  if (order !== "little") throw otherForm(where, `numbers in byte order ${quote(order)}`);
}

/** The form before PyTorch 1.6: five pickles, then for each storage its count of elements and its numbers. */
function readLegacy(bytes: Uint8Array, where: string): Saved {
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

interface Unpickled {
  readonly object: unknown;
  readonly storages: ReadonlyMap<string, StoredNumbers>;
  readonly end: number;
}

/** The object of a pickle that may hold tensors, and the storages that it refers to. */
function unpickleTensors(bytes: Uint8Array, where: string, start = 0): Unpickled {
  const rebuild: Global = { call: (args) => rebuildTensor(args, where) };
  const globals = new Map<string, Global>([
    // The state that can be set is `_metadata`, the versions of the modules: nothing that we need.
    ["collections OrderedDict", { call: (args) => orderedDictionary(args, where), build() {} }],
    ["torch Size", { call: (args) => Object.freeze(sizesOf(args[0], where)) }],
    ["torch._utils _rebuild_tensor", rebuild],
    ["torch._utils _rebuild_tensor_v2", rebuild],
    ["torch._utils _rebuild_parameter", { call: (args) => tensorOf(args[0], where) }],
  ]);
  for (const name of storageTypes.keys()) globals.set(name, {});
  const storages = new Map<string, StoredNumbers>();
  const persistent = (id: unknown) => storageOf(id, storages, where);
  const { value, end } = unpickle(bytes, where, { globals, persistent, start });
  return { object: value, storages, end };
}

/** `OrderedDict()`, or as Python 2 wrote it, `OrderedDict([[key, value], …])`. */
function orderedDictionary(args: readonly unknown[], where: string): Map<unknown, unknown> {
  const pairs = args[0] ?? [];
  if (args.length > 1 || !Array.isArray(pairs)) throw damaged(where, "a list of pairs", kindOf(pairs));
  for (const pair of pairs) {
    if (!Array.isArray(pair) || pair.length !== 2 || typeof pair[0] !== "string") {
      throw damaged(where, "pairs of names and values", kindOf(pair));
    }
  }
  return new Map(pairs);
}

/** id: ("storage", class, key, device, count of elements), in old files with a sixth part, about views. */
function storageOf(id: unknown, storages: Map<string, StoredNumbers>, where: string): StoredNumbers {
  if (!Array.isArray(id)) throw damaged(where, "a reference to a storage", kindOf(id));
  const [kind, type, key, , count, viewed] = id as unknown[];
  if (kind === "module") throw otherForm(where, "a whole model");
  const known = type instanceof GlobalReference ? storageTypes.get(type.name) : undefined;
  if (kind !== "storage" || known === undefined || typeof key !== "string" || !isSize(count)) {
    throw damaged(where, "a storage with its class, key and count of elements", id.slice(0, 6).map(kindOf).join(", "));
  }
  if (viewed !== undefined && viewed !== null) throw otherForm(where, "views of storages of PyTorch before 0.4");
  const storage = storages.get(key) ?? new StoredNumbers(key, known, count);
  if (storage.type !== known || storage.count !== count) {
    throw damaged(where, `one type and size for storage ${quote(key)}`, "two");
  }
  storages.set(key, storage);
  return storage;
}

/** args: storage, offset, shape, strides (all in elements), then what concerns training only. */
function rebuildTensor(args: readonly unknown[], where: string): StoredTensor {
  const [storage, offset] = args;
  if (!(storage instanceof StoredNumbers)) throw damaged(where, "a tensor's storage", kindOf(storage));
  if (!isSize(offset)) throw damaged(where, "a tensor's offset in its storage", kindOf(offset));
  const [shape, strides] = [sizesOf(args[2], where), sizesOf(args[3], where)];
  if (strides.length !== shape.length) throw damaged(where, `strides for shape ${show(shape)}`, show(strides));
  const last = shape.reduce((at, size, axis) => at + (size - 1) * strides[axis], offset);
  if (sizeOf(shape) > 0 && last >= storage.count) {
    const expected = `a tensor of shape ${show(shape)} within the ${storage.count} elements of its storage`;
    throw damaged(where, expected, `element ${last}`);
  }
  return new StoredTensor(storage, offset, shape, strides);
}

function tensorOf(value: unknown, where: string): StoredTensor {
  if (value instanceof StoredTensor) return value;
  throw damaged(where, "a tensor as parameter", kindOf(value));
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function sizesOf(value: unknown, where: string): number[] {
  if (!Array.isArray(value) || !value.every(isSize)) throw damaged(where, "a tuple of sizes", kindOf(value));
  if (value.length > largestRank) throw otherForm(where, `a tensor with ${value.length} axes`);
  return [...value]; // a copy: the pickle may still append to its list, after our checks
}

/** The dictionary that holds the tensors, and what is beside them in the file. */
function chooseTensors(object: unknown, where: string): { named: [string, StoredTensor][]; others: string[] } {
  if (!(object instanceof Map)) {
    throw otherForm(where, object instanceof StoredTensor ? "a tensor without a name" : kindOf(object));
  }
  const nested = ["state_dict", "model"].find((key) => holdsTensors(object.get(key)));
  const dictionary: Map<unknown, unknown> = nested === undefined ? object : object.get(nested);
  const others = nested === undefined ? [] : [...object.keys()].filter((key) => key !== nested).map(String);
  const named: [string, StoredTensor][] = [];
  for (const [key, value] of dictionary) {
    if (typeof key === "string" && value instanceof StoredTensor) named.push([key, value]);
    else others.push(String(key));
  }
  if (named.length === 0) {
    throw otherForm(where, `a dictionary without any, its keys ${quote(others.join(", ")) || "none"}`);
  }
  const prefix = "module.";
  if (!named.every(([name]) => name.startsWith(prefix))) return { named, others };
  return { named: named.map(([name, tensor]) => [name.slice(prefix.length), tensor]), others };
}

function holdsTensors(value: unknown): boolean {
  return value instanceof Map && [...value.values()].some((part) => part instanceof StoredTensor);
}

/**
 * Tensors may share numbers or repeat them (stride 0), so a small file can describe more than any memory holds. Real
 * ones share a few weights and repeat next to nothing.
 */
function checkTotal(named: readonly (readonly [string, StoredTensor])[], where: string): void {
  const storages = new Set(named.map(([, { storage }]) => storage));
  const stored = [...storages].reduce((sum, { byteLength }) => sum + byteLength, 0);
  const largest = 16 * stored + 2 ** 26;
  const total = named.reduce((sum, [, { shape, storage }]) => sum + sizeOf(shape) * bytesOf(storage.type.dtype), 0);
  if (total > largest) throw damaged(where, `at most ${largest} bytes of tensors on ${stored} stored`, `${total}`);
}

function isRowMajor({ shape, strides }: StoredTensor): boolean {
  const expected = stridesOf(shape);
  return sizeOf(shape) === 0 || shape.every((size, axis) => size === 1 || strides[axis] === expected[axis]);
}

function arrayOf(tensor: StoredTensor, numbers: Uint8Array): NdArray {
  const { storage, offset, shape } = tensor;
  const { dtype, brain } = storage.type;
  const data = isRowMajor(tensor)
    ? copy(dtype, numbers, offset, sizeOf(shape))
    : gatherStrided(dtype, view(dtype, numbers.buffer, numbers.byteOffset, storage.count), tensor);
  if (brain) return { dtype: "float32", shape, data: widenBrain(data as Uint16Array) };
  if (dtype === "float16") return { dtype: "float32", shape, data: widenHalf(data as Uint16Array) };
  return { dtype, shape, data };
}

/** Elements one after another, wherever they are. */
function copy(dtype: Dtype, numbers: Uint8Array, offset: number, count: number): TypedArray {
  const width = bytesOf(dtype);
  const bytes = new Uint8Array(numbers.subarray(offset * width, (offset + count) * width));
  return view(dtype, bytes.buffer, 0, count);
}

/** bfloat16 is the upper half of a float32. */
function widenBrain(narrow: Uint16Array): Float32Array {
  const wide = new Uint32Array(narrow.length);
  for (let i = 0; i < narrow.length; i++) wide[i] = narrow[i] << 16;
  return new Float32Array(wide.buffer);
}

/** float16: sign, 5 bits of exponent, 10 of fraction. Exponent and fraction keep their order, so one shift moves both. */
function widenHalf(narrow: Uint16Array): Float32Array {
  const wide = new Float32Array(narrow.length);
  const bits = new Uint32Array(wide.buffer);
  for (let i = 0; i < narrow.length; i++) {
    const magnitude = narrow[i] & 0x7fff;
    const isNumber = magnitude < 0x7c00; // else infinity or NaN
    if (magnitude >= 0x0400) bits[i] = (magnitude << 13) + ((isNumber ? 127 - 15 : 255 - 31) << 23);
    else wide[i] = magnitude * 2 ** -24; // zero and subnormal
    bits[i] |= (narrow[i] & 0x8000) << 16;
  }
  return wide;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  return at + text.length <= bytes.length && [...text].every((letter, i) => bytes[at + i] === letter.charCodeAt(0));
}

function damaged(where: string, expected: string, got: string): InputError {
  const remedy = "The file is damaged or was not written by torch.save; fetch it again.";
  return new InputError(problem(where, `expected ${expected}`, got, remedy));
}

function otherForm(where: string, got: string): InputError {
  const remedy = "Save model.state_dict() with torch.save of PyTorch 1.6 or newer, or as safetensors.";
  return new InputError(problem(where, "expected a dictionary of tensors as torch.save writes it", got, remedy));
}
