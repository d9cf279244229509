/** TensorFlow checkpoints against the same tensors in safetensors: whole, by each of their names, and damaged anywhere. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { show } from "../../src/array/shape.ts";
import { InputError } from "../../src/errors.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { openWeights } from "../../src/weights/read-weights.ts";
import { readTensorBundle } from "../../src/weights/tensor-bundle.ts";
import { memoryPlatform } from "../support/memory-platform.ts";
import { type GoldenCase, openGoldens } from "./manifest.ts";

const goldens = openGoldens("max-deeplab");

/** What a case says about its checkpoint. */
interface Config {
  readonly prefix: string;
  readonly num_shards: number;
  readonly string_key: string;
  readonly suffix: string;
}
const configOf = ({ config }: GoldenCase) => config as unknown as Config;

function expectEqual(got: Named<NdArray>, expected: Named<NdArray>, what = ""): void {
  expect(Object.keys(got).sort(), what).toEqual(Object.keys(expected).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
    expect([got[name].dtype, show(got[name].shape)], `${what} ${name}`).toEqual([dtype, show(shape)]);
    expect(Buffer.compare(bytesOf(got[name].data), bytesOf(data)), `${what} ${name}`).toBe(0);
  }
}

const bytesOf = (data: NdArray["data"]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** Cases of this kind are told by the checkpoint that they name. */
async function check(golden: GoldenCase): Promise<void> {
  const { prefix, num_shards: shards, string_key: graph, suffix } = configOf(golden);
  const path = join(goldens.folder, prefix);
  const expected = golden.under(`${golden.name}/output/`);
  expect(Object.keys(expected).length).toBeGreaterThan(0);

  const { tensors, others } = await readTensorBundle(nodePlatform, path);
  expectEqual(tensors, expected);
  expect(others).toEqual([graph]);

  const isSlot = (name: string) => name.includes("/.OPTIMIZER_SLOT/");
  const plain = Object.fromEntries(
    Object.entries(expected).flatMap(([name, array]) =>
      isSlot(name) ? [] : [[name.endsWith(suffix) ? name.slice(0, -suffix.length) : name, array]],
    ),
  );
  for (const name of [path, `${path}.index`, dirname(path)]) {
    const file = await openWeights(nodePlatform, name);
    expect([file.kind, file.where]).toEqual(["tensorflow", `${path}.index`]);
    expectEqual(file.tensors, plain, name);
  }

  const folder = dirname(path);
  const files = readdirSync(folder).map((name): [string, Uint8Array] => [name, readFileSync(join(folder, name))]);
  expect(files).toHaveLength(shards + 1);
  const inMemory = path.slice(folder.length + 1);
  const outcome = async (name: string, bytes: Uint8Array) => {
    const platform = memoryPlatform();
    for (const [each, content] of files) platform.files.set(each, each === name ? bytes : content);
    try {
      return (await readTensorBundle(platform, inMemory)).tensors;
    } catch (error) {
      if (error instanceof InputError) return null;
      throw error;
    }
  };
  for (const [name, bytes] of files) {
    const isIndex = name.endsWith(".index");
    let found = 0;
    for (let at = 0; at < bytes.length; at++) {
      const other = Uint8Array.from(bytes);
      other[at] ^= 255;
      const got = await outcome(name, other);
      if (got === null) found++;
      else expectEqual(got, expected, `${name}, byte ${at}`);
    }
    // In the list nothing but the zeros of its footer may differ; in the numbers, what lies in tensors of text.
    expect(found).toBeGreaterThan(isIndex ? bytes.length - 40 : 0);
    for (let length = 0; length < bytes.length; length += isIndex ? 1 : 13) {
      expect(await outcome(name, bytes.subarray(0, length)), `${name} of ${length} bytes`).toBeNull();
    }
  }
}

describe("max-deeplab", () => {
  const names = goldens.names.filter((name) => name.startsWith("tensor_bundle"));
  for (const name of names.length > 0 ? names : ["tensor_bundle"]) goldens.covers(name, check);
});
