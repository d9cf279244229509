import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import type { Platform } from "../platform/platform.ts";
import { readNpz } from "./npz.ts";
import { readSafetensors, readSafetensorsFrom, type Safetensors } from "./safetensors.ts";
import { readTorch, withoutWrapper } from "./torch.ts";
import { openZip } from "./zip.ts";

/** A file of weights, whoever wrote it: names and numbers, no code. */
export interface WeightFile {
  readonly kind: "npz" | "torch" | "safetensors";
  readonly tensors: Named<NdArray>;
  /** The file's name, for messages. */
  readonly where: string;
}

/**
 * Reads a file of weights by its content: NumPy's npz, PyTorch's state dictionaries (zip or legacy), safetensors.
 * Throws InputError for files of other kinds, damaged ones, and such that would run code.
 */
export async function readWeights(bytes: Uint8Array, where: string): Promise<WeightFile> {
  if (bytes.length === 0)
    throw new InputError(`${where}: expected a file of weights, got an empty file. Fetch it again.`);
  if (isSafetensors(bytes)) return safetensorsFile(readSafetensors(bytes, where), where);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    // "PK": a zip archive; PyTorch's has a pickle inside.
    const names = [...openZip(bytes, where).sizes.keys()];
    if (names.some((name) => name === "data.pkl" || name.endsWith("/data.pkl"))) {
      return { kind: "torch", tensors: (await readTorch(bytes, where)).tensors, where };
    }
    return { kind: "npz", tensors: await readNpz(bytes, where), where };
  }
  // A pickle begins with 0x80 and its protocol.
  if (bytes[0] === 0x80) return { kind: "torch", tensors: (await readTorch(bytes, where)).tensors, where };
  throw new InputError(
    `${where}: expected a file of weights (npz, PyTorch or safetensors), got other bytes. Name the file that was published.`,
  );
}

/**
 * As `readWeights`, of a file on disk. Safetensors are read tensor by tensor, so that a file takes its own size of memory once;
 * the other kinds are read whole first.
 */
export async function openWeights(
  platform: Pick<Platform, "readFile" | "withFile">,
  path: string,
): Promise<WeightFile> {
  const found = await platform.withFile(path, async (file) =>
    isSafetensors(await file.read(0, 9)) ? safetensorsFile(await readSafetensorsFrom(file, path), path) : null,
  );
  return found ?? readWeights(await platform.readFile(path), path);
}

/** A safetensors header follows its length: eight bytes, which may begin with anything, then "{". */
function isSafetensors(start: Uint8Array): boolean {
  return start[8] === 0x7b;
}

function safetensorsFile({ tensors }: Safetensors, where: string): WeightFile {
  return { kind: "safetensors", tensors: Object.fromEntries(withoutWrapper(Object.entries(tensors))), where };
}
