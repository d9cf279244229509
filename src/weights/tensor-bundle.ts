/**
 * TensorFlow checkpoints, also called tensor bundles: NAME.index says what there is, and NAME.data-0000K-of-0000N hold the numbers
 * (tensorflow/core/util/tensor_bundle/tensor_bundle.h).
 */
import { bytesOf, view } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { type ByteSource, readInto } from "../platform/byte-source.ts";
import type { Platform } from "../platform/platform.ts";
import { crc32c, masked } from "./crc32.ts";
import { widenBrain } from "./half-precision.ts";
import { quote } from "./pickle-values.ts";
import { damaged } from "./string-table.ts";
import { BFLOAT16, type BundleEntry, readBundleIndex, STRING, tensorTypes } from "./tensor-bundle-index.ts";

export interface TensorBundle {
  /** By the names in the file: paths of an object graph end with "/.ATTRIBUTES/VARIABLE_VALUE". */
  readonly tensors: Named<NdArray>;
  /** Names of what was passed over: tensors of text, such as `_CHECKPOINTABLE_OBJECT_GRAPH`, and those not wanted. */
  readonly others: readonly string[];
}

/** The list of a network of a thousand variables has 100 KB; that of a larger file is something else. */
const largestIndex = 8 * 2 ** 20;

/**
 * The tensors of a checkpoint, each in a buffer of its own, its sum checked. float16 stays, bfloat16 becomes float32 (exact).
 *
 * prefix: path of the files up to ".index" and ".data-…". wanted: which are read, by name; the others are not looked at. Memory: the
 * tensors, and little besides.
 * Throws InputError that names the file where one is missing, cut short, damaged or hostile, where a wanted tensor has a type that
 * we do not have, and for what `readBundleIndex` refuses.
 */
export async function readTensorBundle(
  platform: Pick<Platform, "readFile" | "withFile" | "exists">,
  prefix: string,
  { wanted = () => true }: { readonly wanted?: (name: string) => boolean } = {},
): Promise<TensorBundle> {
  const where = `${prefix}.index`;
  const { shards, entries } = readBundleIndex(await platform.readFile(where, largestIndex), where);
  const read = new Map<string, NdArray>();
  for (const [shard, ofShard] of byShard(entries)) {
    const path = `${prefix}.data-${digits(shard)}-of-${digits(shards)}`;
    if ((await platform.exists(path)) !== "file") {
      throw new InputError(
        `${path}: expected file ${shard + 1} of the ${shards} that hold the numbers, got nothing there. Put all files of the checkpoint into one folder.`,
      );
    }
    await platform.withFile(path, async (file) => {
      checkEnds(ofShard, file.size, path);
      for (const entry of ofShard) {
        if (entry.type !== STRING && wanted(entry.name)) read.set(entry.name, await tensorFrom(file, entry, path));
      }
    });
  }
  // In the order of the list, whatever file they lie in.
  const names = entries.map(({ name }) => name);
  return {
    tensors: Object.fromEntries(names.flatMap((name) => (read.has(name) ? [[name, read.get(name)!]] : []))),
    others: names.filter((name) => !read.has(name)),
  };
}

function byShard(entries: readonly BundleEntry[]): Map<number, BundleEntry[]> {
  const found = new Map<number, BundleEntry[]>();
  for (const entry of entries) {
    const ofShard = found.get(entry.shard) ?? [];
    found.set(entry.shard, ofShard);
    ofShard.push(entry);
  }
  return found;
}

function digits(number: number): string {
  return String(number).padStart(5, "0");
}

/** Before anything is allocated. */
function checkEnds(entries: readonly BundleEntry[], size: number, path: string): void {
  for (const entry of entries) {
    const end = entry.offset + entry.size;
    if (end > size) throw damaged(path, `${end} bytes, where "${quote(entry.name)}" ends`, `${size}`);
  }
}

async function tensorFrom(file: ByteSource, entry: BundleEntry, path: string): Promise<NdArray> {
  const { name, type, shape, offset, size, sum } = entry;
  const { name: typeName, dtype } = tensorTypes.get(type)!;
  if (dtype === undefined) {
    const known = [...tensorTypes.values()].flatMap((each) => (each.dtype === undefined ? [] : [each.name]));
    throw new InputError(
      `${path}: tensor "${quote(name)}" must have one of the types ${known.join(", ")}, got ${typeName}. Save it as another type.`,
    );
  }
  const bytes = new Uint8Array(size);
  if (!(await readInto(file, offset, bytes))) throw damaged(path, `${file.size} bytes`, "an earlier end");
  const found = masked(crc32c(bytes));
  if (found !== sum) throw damaged(path, `the sum ${sum} of "${quote(name)}"`, `${found}`);
  const data = view(dtype, bytes.buffer, 0, size / bytesOf(dtype));
  if (type === BFLOAT16) return { dtype: "float32", shape, data: widenBrain(data as Uint16Array) };
  return { dtype, shape, data };
}
