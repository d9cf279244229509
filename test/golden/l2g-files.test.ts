/** Files of L2G, MXNet and DeepLab, read by our own readers. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { mxnetName } from "../../src/backbones/resnet38.ts";
import { readReleaseCheckpoint, writeReleaseCheckpoint } from "../../src/methods/l2g/checkpoint.ts";
import { readWeights } from "../../src/weights/read-weights.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { expectClose, goldens } from "./l2g.ts";

const bytesOf = (name: string) => readFileSync(join(goldens.folder, name));
const tensorsOf = (file: string) => readSafetensors(bytesOf(file), file).tensors;

function under(tensors: Named<NdArray>, prefix: string): Named<NdArray> {
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, array]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), array]] : [],
    ),
  );
}

/** `train.safetensors voc_step/global0` of what the manifest says of a file. */
function holderIn(about: string): Named<NdArray> {
  const [, file, prefix] = /equal (\w+\.safetensors) ([\w/]+[./]?)/.exec(about)!;
  return under(tensorsOf(file), prefix.endsWith("/") ? prefix : `${prefix}/`);
}

function expectSame(got: NdArray, expected: NdArray, name: string): void {
  expect([name, got.shape, got.dtype]).toEqual([name, expected.shape, expected.dtype]);
  expect(
    Buffer.from(got.data.buffer, got.data.byteOffset, got.data.byteLength).equals(
      Buffer.from(expected.data.buffer, expected.data.byteOffset, expected.data.byteLength),
    ),
    name,
  ).toBe(true);
}

const files = goldens.manifest.files as
  | Named<{
      readonly about: string;
      readonly map?: readonly [string, string][];
      readonly total?: number;
      readonly num_keys_state_dict?: number;
    }>
  | undefined;

goldens.covers("mxnet_keys", () => {
  const { map } = files!.mxnet_keys;
  expect(map!.length).toBeGreaterThan(0);
  for (const [theirs, release] of map!) expect(mxnetName(theirs), theirs).toBe(release);
});

/** Tests all files whose case's name matches; a set without any gets one test, skipped. */
function coversFiles(kind: RegExp, run: (file: string, about: string) => Promise<void>): void {
  const names = goldens.names.filter((name) => kind.test(name));
  for (const name of names.length > 0 ? names : [kind.source]) {
    goldens.covers(name, ({ file }) => run(file!, files![file!].about));
  }
}

describe("MXNet", () => {
  const [legacy] = Object.entries(files ?? {}).filter(([file]) => /mxnet_legacy/.test(file));

  coversFiles(/mxnet_(legacy|v\d)/, async (file) => {
    const { kind, tensors } = await readWeights(bytesOf(file), file);
    expect(kind).toBe("mxnet");
    const expected = holderIn(legacy[1].about);
    const known = Object.entries(tensors).filter(([each]) => !/linear1000/.test(each));
    expect(known.length).toBeGreaterThan(0);
    for (const [each, array] of known) expectSame(array, expected[mxnetName(each)!], each);
    for (const each of Object.keys(tensors)) expect(mxnetName(each) === undefined).toBe(/linear1000/.test(each));
    if (file === legacy[0]) expect(known.length).toBe(files!.mxnet_keys.total);
  });
});

coversFiles(/l2g_checkpoint/, async (file, about) => {
  const { global, local } = await readReleaseCheckpoint(bytesOf(file), file);
  const [, source, name] = /(\w+\.safetensors) (\w+)/.exec(about)!;
  const keys = files![file].num_keys_state_dict;
  if (keys !== undefined) expect(Object.keys(global).length).toBe(keys);
  const [ends, starts] = [/under (\w+)\/ and (\w+)\//, /equal (\w+)\/ and (\w+)\//].map((each) => each.exec(about)!);
  const stored = tensorsOf(source);
  for (const [i, network] of [global, local!].entries()) {
    const step = under(stored, `${name}/${ends[i + 1]}/`);
    expect(Object.keys(step).length).toBeGreaterThan(0);
    for (const [each, array] of Object.entries(step)) expectSame(network[each], array, each);
    const start = under(stored, `${name}/${starts[i + 1]}/`);
    expect(Object.keys(network).sort()).toEqual(Object.keys(start).sort());
    for (const [each, array] of Object.entries(start)) {
      if (/\.bn|^bn7/.test(each)) expectClose(network[each], array, 0, each);
    }
  }
  // Written and read again: the same.
  const again = await readReleaseCheckpoint(writeReleaseCheckpoint({ global, local }), "again");
  for (const [each, array] of Object.entries(global)) expectSame(again.global[each], array, each);
  for (const [each, array] of Object.entries(local!)) expectSame(again.local![each], array, each);
});

coversFiles(/deeplab_legacy/, async (file, about) => {
  const { tensors } = await readWeights(bytesOf(file), file);
  const [, source, prefix] = /equal (\w+\.safetensors) ([\w/]+\/)base\./.exec(about)!;
  const expected = under(tensorsOf(source), `${prefix}base.`);
  expect(Object.keys(tensors).length).toBeGreaterThan(0);
  for (const [name, array] of Object.entries(tensors)) expectClose(array, expected[name], 0, name);
});
