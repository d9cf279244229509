import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { checkpointIndex, prefixOf } from "./checkpoint-path.ts";
import { isMxnet, readMxnet } from "./mxnet.ts";
import { readNpz } from "./npz.ts";
import { readSafetensors, readSafetensorsFrom, type Safetensors } from "./safetensors.ts";
import { isStringTable } from "./string-table.ts";
import { readTensorBundle } from "./tensor-bundle.ts";
import { readTorch, withoutWrapper } from "./torch.ts";
import { openZip } from "./zip.ts";

/** A file of weights, whoever wrote it: names and numbers, no code. */
export interface WeightFile {
  readonly kind: "npz" | "torch" | "safetensors" | "tensorflow" | "mxnet";
  readonly tensors: Named<NdArray>;
  /** The file's name, for messages. */
  readonly where: string;
  /** What PyTorch files of mmcv say of themselves: versions, settings as text, classes. */
  readonly meta?: Named<unknown>;
}

/**
 * Reads a file of weights by its content: NumPy's npz, PyTorch's state dictionaries (zip or legacy), safetensors, MXNet's arrays.
 * Throws InputError for files of other kinds, damaged ones, and such that would run code.
 */
export async function readWeights(bytes: Uint8Array, where: string): Promise<WeightFile> {
  if (bytes.length === 0)
    throw new InputError(`${where}: expected a file of weights, got an empty file. Fetch it again.`);
  if (isMxnet(bytes)) return { kind: "mxnet", tensors: readMxnet(bytes, where), where };
  if (isSafetensors(bytes)) return safetensorsFile(readSafetensors(bytes, where), where);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    // "PK": a zip archive; PyTorch's has a pickle inside.
    const names = [...openZip(bytes, where).sizes.keys()];
    if (names.some((name) => name === "data.pkl" || name.endsWith("/data.pkl"))) {
      return torchFile(bytes, where);
    }
    return { kind: "npz", tensors: await readNpz(bytes, where), where };
  }
  // A pickle begins with 0x80 and its protocol.
  if (bytes[0] === 0x80) return torchFile(bytes, where);
  if (isStringTable(bytes)) {
    throw new InputError(
      `${where}: expected a file of weights, got the index of a TensorFlow checkpoint, whose numbers lie in other files. Open it by its path.`,
    );
  }
  throw new InputError(
    `${where}: expected a file of weights (npz, PyTorch, safetensors, MXNet, or a TensorFlow checkpoint), got other bytes. Name the file that was published.`,
  );
}

/**
 * As `readWeights`, of a file on disk, or of the files of a TensorFlow checkpoint: path is then NAME.index, NAME, or the folder of the
 * only one. Safetensors and checkpoints are read tensor by tensor, so that they take their own size of memory once; the other kinds are
 * read whole first.
 */
export async function openWeights(
  platform: Pick<Platform, "readFile" | "withFile" | "exists" | "list">,
  path: string,
): Promise<WeightFile> {
  const index = await checkpointIndex(platform, path);
  if (index !== null) return checkpointFile(platform, index);
  const found = await platform.withFile(path, async (file) =>
    isSafetensors(await file.read(0, 9)) ? safetensorsFile(await readSafetensorsFrom(file, path), path) : null,
  );
  return found ?? readWeights(await platform.readFile(path), path);
}

async function torchFile(bytes: Uint8Array, where: string): Promise<WeightFile> {
  const { tensors, meta } = await readTorch(bytes, where);
  return { kind: "torch", tensors, where, ...(meta && { meta }) };
}

/** A safetensors header follows its length: eight bytes, which may begin with anything, then "{". */
function isSafetensors(start: Uint8Array): boolean {
  return start[8] === 0x7b;
}

function safetensorsFile({ tensors }: Safetensors, where: string): WeightFile {
  return { kind: "safetensors", tensors: Object.fromEntries(withoutWrapper(Object.entries(tensors))), where };
}

const variable = "/.ATTRIBUTES/VARIABLE_VALUE";

/** State of an optimizer, twice the size of the weights; PyTorch's is left out, too. */
const isSlot = (name: string) => name.includes("/.OPTIMIZER_SLOT/");

/** Variables of an object graph by their paths in it, without the end that all of them have. */
async function checkpointFile(
  platform: Pick<Platform, "readFile" | "withFile" | "exists">,
  index: string,
): Promise<WeightFile> {
  const { tensors } = await readTensorBundle(platform, prefixOf(index), { wanted: (name) => !isSlot(name) });
  const plain = (name: string) => (name.endsWith(variable) ? name.slice(0, -variable.length) : name);
  // A name that is there with and without the end stays as it is.
  const nameOf = (name: string) => (Object.hasOwn(tensors, plain(name)) ? name : plain(name));
  const named = Object.entries(tensors).map(([name, array]): [string, NdArray] => [nameOf(name), array]);
  return { kind: "tensorflow", tensors: Object.fromEntries(named), where: index };
}
