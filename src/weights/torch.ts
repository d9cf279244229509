/**
 * Tensors out of files that PyTorch's `torch.save` wrote (torch/serialization.py): the zip container (since 1.6), and
 * the form before it, several pickles in a row followed by the numbers. Nothing in the file is run: pickles are read
 * by our own machine, which knows only the handful of globals below.
 */
import { bytesOf } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { kindOf, quote } from "./pickle-values.ts";
import { readLegacy, startsWith } from "./torch-legacy.ts";
import { isModule, tensorsOfModule } from "./torch-modules.ts";
import { damaged, otherForm, type Saved, unpickleTensors } from "./torch-pickle.ts";
import { arrayOf, isRowMajor, type StoredNumbers, StoredTensor } from "./torch-tensors.ts";
import { openZip, type ZipArchive } from "./zip.ts";

export interface TorchFile {
  /** The tensors of the state dictionary, by name. */
  readonly tensors: Named<NdArray>;
  /** Names of everything else that the file holds: epoch numbers, settings, the optimizer's state. */
  readonly others: readonly string[];
  /** What the file says under `meta`, as mmcv writes it: text, numbers, lists and dictionaries of these. */
  readonly meta?: Named<unknown>;
}

/** The description of the tensors, without their numbers. */
const largestPickle = 2 ** 26;

/**
 * The tensors in the bytes of a .pth or .pt file, row-major, each in a buffer of its own. float16 and bfloat16 become
 * float32 (exact).
 *
 * The file's object is a dictionary of tensors, or one that holds such a dictionary under a usual name ("state_dict",
 * "model" …) or as the only one, or a whole module, of which the parameters and buffers are taken. Where every name begins with "module." (nn.DataParallel), that is taken away.
 *
 * key: where the file holds several dictionaries, the one that is wanted.
 *
 * Throws InputError that starts with `where` (the file's name) when the file is damaged, has another form, or asks
 * for anything but tensors and plain values.
 */
export async function readTorch(
  bytes: Uint8Array,
  where = "torch",
  { key }: { readonly key?: string } = {},
): Promise<TorchFile> {
  const { object: saved, read } = startsWith(bytes, 0, "PK\x03\x04")
    ? await readContainer(bytes, where)
    : readLegacy(bytes, where);
  const object = withoutModules(saved, where);
  const { named, others } = chooseTensors(object, where, key);
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
  const meta = object instanceof Map ? plain(object.get("meta")) : undefined;
  const described = typeof meta === "object" && meta !== null && !Array.isArray(meta);
  return { tensors: Object.fromEntries(tensors), others, ...(described && { meta: meta as Named<unknown> }) };
}

/** The dictionary of a module's tensors in its place, for the file's object and for what it holds by name. */
function withoutModules(object: unknown, where: string): unknown {
  if (isModule(object)) return tensorsOfModule(object, where);
  if (!(object instanceof Map)) return object;
  const entries = [...object].map(([key, value]) => [key, isModule(value) ? tensorsOfModule(value, where) : value]);
  return new Map(entries as [unknown, unknown][]);
}

/** Text, numbers and truth values, lists, and dictionaries with names as objects; undefined for all else. What stands twice is made once. */
function plain(value: unknown, known = new Map<unknown, unknown>()): unknown {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) return value;
  if (known.has(value)) return known.get(value);
  let made: unknown;
  if (Array.isArray(value)) made = value.map((each) => plain(each, known));
  if (value instanceof Map) {
    const named = [...value].flatMap(([key, inner]) => (typeof key === "string" ? [[key, plain(inner, known)]] : []));
    made = Object.fromEntries(named);
  }
  known.set(value, made);
  return made;
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

/** The dictionary that holds the tensors, and what is beside them in the file. */
function chooseTensors(
  object: unknown,
  where: string,
  key: string | undefined,
): { named: [string, StoredTensor][]; others: string[] } {
  if (!(object instanceof Map)) {
    throw otherForm(where, object instanceof StoredTensor ? "a tensor without a name" : kindOf(object));
  }
  const { dictionary, others } = key === undefined ? stateDictionaryIn(object) : dictionaryAt(object, key, where);
  const named: [string, StoredTensor][] = [];
  for (const [key, value] of dictionary) {
    if (typeof key === "string" && value instanceof StoredTensor) named.push([key, value]);
    else others.push(String(key));
  }
  if (named.length === 0) {
    throw otherForm(where, `a dictionary without any, its keys ${quote(others.join(", ")) || "none"}`);
  }
  return { named: withoutWrapper(named), others };
}

function dictionaryAt(
  checkpoint: Map<unknown, unknown>,
  key: string,
  where: string,
): ReturnType<typeof stateDictionaryIn> {
  const dictionary = checkpoint.get(key);
  const keys = [...checkpoint.keys()].map(String);
  if (!(dictionary instanceof Map)) {
    throw otherForm(where, `a dictionary without ${quote(key)}, its keys ${quote(keys.join(", ")) || "none"}`);
  }
  return { dictionary, others: keys.filter((other) => other !== key) };
}

/** Under these checkpoints keep the weights, beside counters, losses and the optimizer's state. */
const usualKeys = ["state_dict", "model_state_dict", "model", "net", "network", "module"];
const deepest = 3;

/** The dictionary of weights in a checkpoint; the checkpoint itself where there is none below it. others: keys passed by. */
function stateDictionaryIn(checkpoint: Map<unknown, unknown>): {
  dictionary: Map<unknown, unknown>;
  others: string[];
} {
  // Each dictionary is looked through once, however often the file names it.
  const known = new Map<unknown, boolean>();
  const holds = (value: unknown): boolean => {
    if (!(value instanceof Map)) return false;
    const held = known.get(value) ?? [...value.values()].some((part) => part instanceof StoredTensor);
    known.set(value, held);
    return held;
  };
  const others: string[] = [];
  let dictionary = checkpoint;
  for (let depth = 0; depth < deepest; depth++) {
    const keys = [...dictionary.keys()];
    const below = (key: unknown) => dictionary.get(key);
    const leads = (value: unknown) =>
      holds(value) || (value instanceof Map && usualKeys.some((key) => holds(value.get(key))));
    const holding = holds(dictionary) ? [] : keys.filter((key) => holds(below(key)));
    const next = usualKeys.find((key) => leads(below(key))) ?? (holding.length === 1 ? holding[0] : undefined);
    if (next === undefined) break;
    others.push(...keys.filter((key) => key !== next).map(String));
    dictionary = below(next) as Map<unknown, unknown>;
  }
  return { dictionary, others };
}

/** Names without "module.", which nn.DataParallel puts before all of them. */
export function withoutWrapper<T>(named: readonly [string, T][]): [string, T][] {
  const prefix = "module.";
  if (!named.every(([name]) => name.startsWith(prefix))) return [...named];
  return named.map(([name, value]) => [name.slice(prefix.length), value]);
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
