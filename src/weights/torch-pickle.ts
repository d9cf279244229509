/** The pickles of PyTorch's files: which globals they may name, and what these give; objects of other classes are passed by. */
import { show, sizeOf } from "../array/shape.ts";
import { InputError, problem } from "../errors.ts";
import { unpickle } from "./pickle.ts";
import { type Global, GlobalReference, kindOf, PassedBy, quote } from "./pickle-values.ts";
import { StoredNumbers, StoredTensor, storageTypes } from "./torch-tensors.ts";

const largestRank = 8;

/** The object that was saved, and the bytes of a storage that it refers to. */
export interface Saved {
  readonly object: unknown;
  readonly read: (storage: StoredNumbers) => Uint8Array | Promise<Uint8Array>;
}

interface Unpickled {
  readonly object: unknown;
  readonly storages: ReadonlyMap<string, StoredNumbers>;
  readonly end: number;
}

/**
 * Calls that checkpoints of training contain beside the weights, in settings and counters. They make values and nothing else;
 * what they would give is passed by, as objects of unknown classes are.
 */
const settingsGlobals = [
  "collections defaultdict",
  "copyreg _reconstructor",
  "copy_reg _reconstructor",
  "_codecs encode",
  "operator getitem",
  "_operator getitem",
  ...["numpy.core.multiarray", "numpy._core.multiarray"].flatMap((room) => [`${room} scalar`, `${room} _reconstruct`]),
  "numpy dtype",
  // Attributes of modules that were saved whole.
  ...[
    "torch device",
    "functools partial",
    "__builtin__ set",
    "builtins set",
    "__builtin__ frozenset",
    "builtins frozenset",
  ],
  ...["PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath"].map((name) => `pathlib ${name}`),
];

/** The object of a pickle that may hold tensors, and the storages that it refers to. */
export function unpickleTensors(bytes: Uint8Array, where: string, start = 0): Unpickled {
  const rebuild: Global = { call: (args) => rebuildTensor(args, where) };
  const globals = new Map<string, Global>([
    // The state that can be set is `_metadata`, the versions of the modules: nothing that we need.
    ["collections OrderedDict", { call: (args) => orderedDictionary(args, where), build() {} }],
    ["torch Size", { call: (args) => Object.freeze(sizesOf(args[0], where)) }],
    ["torch._utils _rebuild_tensor", rebuild],
    ["torch._utils _rebuild_tensor_v2", rebuild],
    ["torch._utils _rebuild_parameter", { call: (args) => tensorOf(args[0], where) }],
    // The state is what Python code attached to the parameter.
    ["torch._utils _rebuild_parameter_with_state", { call: (args) => tensorOf(args[0], where) }],
  ]);
  for (const name of storageTypes.keys()) globals.set(name, {});
  for (const name of settingsGlobals) globals.set(name, { call: () => new PassedBy(name) });
  const storages = new Map<string, StoredNumbers>();
  const persistent = (id: unknown) => storageOf(id, storages, where);
  const { value, end } = unpickle(bytes, where, { globals, persistent, passObjects: true, start });
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

/**
 * id: ("storage", class, key, device, count of elements), in old files with a sixth part, about views; or, in old files, ("module", class,
 * file, text of its code), which stands for the class.
 */
function storageOf(id: unknown, storages: Map<string, StoredNumbers>, where: string): StoredNumbers | GlobalReference {
  if (!Array.isArray(id)) throw damaged(where, "a reference to a storage", kindOf(id));
  const [kind, type, key, , count, viewed] = id as unknown[];
  if (kind === "module") {
    if (type instanceof GlobalReference) return type;
    throw damaged(where, "a module with its class", kindOf(type));
  }
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

/** args: storage, offset, shape, strides (all in elements), two that concern training only, and notes of newer versions. */
function rebuildTensor(args: readonly unknown[], where: string): StoredTensor {
  // Lazy views: the numbers mean something else than they say.
  if (args[6] instanceof Map && args[6].size > 0) {
    throw otherForm(where, `a tensor with ${quote([...args[6].keys()].join(", "))} still to be computed`);
  }
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

export function damaged(where: string, expected: string, got: string): InputError {
  const remedy = "The file is damaged or was not written by torch.save; fetch it again.";
  return new InputError(problem(where, `expected ${expected}`, got, remedy));
}

export function otherForm(where: string, got: string): InputError {
  const remedy = "Save model.state_dict() with torch.save of PyTorch 1.6 or newer, or as safetensors.";
  return new InputError(problem(where, "expected a dictionary of tensors as torch.save writes it", got, remedy));
}
