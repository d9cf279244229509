/** GroupViT's published files: the same weights in the authors' form and in the port's, read, written and turned into each other. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { allocate, type Dtype } from "../../src/array/dtype.ts";
import { type Named, type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { isObject } from "../../src/errors.ts";
import { officialFile, portFiles } from "../../src/methods/groupvit/file-writers.ts";
import { readGroupViT } from "../../src/methods/groupvit/files.ts";
import { usualPreparation } from "../../src/methods/groupvit/port-preparation.ts";
import { portTensors } from "../../src/methods/groupvit/port-weights.ts";
import { type GroupViTSettings, publishedGroupViT } from "../../src/methods/groupvit/settings.ts";
import { officialTensors } from "../../src/methods/groupvit/weights.ts";
import { readWeights, type WeightFile } from "../../src/weights/read-weights.ts";
import { NotInThisSet, testOfSet } from "./groupvit.ts";
import {
  besidePort,
  checkpointNames,
  describedSettings,
  readFile,
  readOfficial,
  readPort,
  required,
} from "./groupvit-settings.ts";
import { openGoldens } from "./manifest.ts";

const goldens = openGoldens("groupvit");
const { folder } = goldens;
const path = (name: string) => join(folder, name);
const { official, port } = checkpointNames(goldens);
/** Tensors as their file has them; after the file was read, so it is there. */
const officialFileTensors = async () => (await readFile(folder, official!)).tensors;
const portFileTensors = async () => (await readFile(folder, `${port}/model.safetensors`)).tensors;
const beside = () => besidePort(goldens, port!);

/** The same names, shapes, types and bytes. */
function expectEqual(got: Named<NdArray>, expected: Named<NdArray>): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
    expect([name, got[name].dtype, got[name].shape]).toEqual([name, dtype, shape]);
    const bytes = (each: NdArray["data"]) => Buffer.from(each.buffer, each.byteOffset, each.byteLength);
    expect(bytes(got[name].data).equals(bytes(data)), name).toBe(true);
  }
}

const without = (tensors: Named<NdArray>, ...names: readonly string[]): Named<NdArray> =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => !names.includes(name)));

/** What one form has and the other has not. */
const ofOfficialAlone = "multi_label_logit_scale";
const ofPortAlone = "text_model.embeddings.position_ids";

/** What the manifest says of the model. */
function tinySettings(): GroupViTSettings {
  const settings = describedSettings(goldens);
  if (settings === null) throw new NotInThisSet("no case of this set describes the model");
  return { ...settings, dropPath: publishedGroupViT.dropPath };
}

/** The end token may be told by its number, too, which is the largest id. */
function withEndToken(settings: GroupViTSettings, end: number): GroupViTSettings {
  expect([-1, settings.textVocabulary - 1]).toContain(end);
  return { ...settings, textEndToken: end };
}

/** Fields that two JSON values both have; files may leave some out, and have some for other programs. */
function expectAgree(got: unknown, expected: unknown, at = "config.json"): void {
  if (!isObject(got) || !isObject(expected)) {
    expect([at, got]).toEqual([at, expected]);
    return;
  }
  for (const [key, value] of Object.entries(expected)) {
    if (value !== null && Object.hasOwn(got, key)) expectAgree(got[key], value, `${at}: ${key}`);
  }
}

describe("checkpoints of the tiny model", () => {
  testOfSet("the official one is read whole, past its settings; heads are not in it", async () => {
    const { settings, untold, notes, form, preparation } = await readOfficial(goldens);
    const { heads: _, textHeads: __, ...expected } = tinySettings();
    expect(settings).toMatchObject(expected);
    expect(form).toBe("official");
    expect([notes, preparation]).toEqual([[], null]);
    const { width, textWidth } = publishedGroupViT;
    expect(untold.includes("heads")).toBe(expected.width !== width);
    expect(untold.includes("textHeads")).toBe(expected.textWidth !== textWidth);
  });

  testOfSet("the port's says heads and preparation, too; places counted from 0 are passed over", async () => {
    const { settings, untold, notes, preparation } = await readPort(goldens);
    expect(settings).toEqual(withEndToken({ ...tinySettings(), prompts: 0 }, settings.textEndToken));
    expect([untold, notes]).toEqual([[], []]);
    expect(preparation).toEqual(usualPreparation(settings.imageSize));
  });

  testOfSet("both have the same weights and counters of batches", async () => {
    const [one, other] = [await readOfficial(goldens), await readPort(goldens)];
    expectEqual(without(one.weights, "multiLabelScale"), other.weights);
    expectEqual(one.counters, other.counters);
    expect(Object.keys(one.weights)).toContain("image.stage1.groupTokens");
    for (const { data } of Object.values(one.counters)) expect(Number(data[0])).toBeGreaterThan(0);
  });

  testOfSet("an official one that is written has every tensor of the one that was read", async () => {
    const found = await readOfficial(goldens);
    expectEqual((await readWeights(officialFile(found), "again.pth")).tensors, await officialFileTensors());
  });

  testOfSet("a directory that is written has every tensor of the one that was read, and says the same", async () => {
    const found = await readPort(goldens);
    const tensors = await portFileTensors();
    const { files, notes } = portFiles(found, { preparation: found.preparation });
    expect(notes).toEqual([]);
    const bytes = files["model.safetensors"] as Uint8Array;
    expectEqual((await readWeights(bytes, "again.safetensors")).tensors, without(tensors, ofPortAlone));
    expectAgree(JSON.parse(String(files["config.json"])), JSON.parse(beside()["config.json"]));
    const again = { ...beside(), ...(files as Record<string, string>) };
    const file = await readWeights(bytes, "again.safetensors");
    expect(required(readGroupViT([file], again))).toEqual(found);
  });

  testOfSet("each becomes the other, to the bit", async () => {
    const [ofOfficial, ofPort] = [await readOfficial(goldens), await readPort(goldens)];
    // Heads are in no official file.
    const { heads, textHeads } = ofPort.settings;
    const { files, notes } = portFiles({ ...ofOfficial, settings: { ...ofOfficial.settings, heads, textHeads } });
    expect(notes).toEqual(["groupvit: multiLabelScale is left out; Hugging Face's GroupViT has nothing like it."]);
    const turned = (await readWeights(files["model.safetensors"] as Uint8Array, "x.safetensors")).tensors;
    expectEqual(turned, without(await portFileTensors(), ofPortAlone));
    const back = (await readWeights(officialFile(ofPort), "x.pth")).tensors;
    expectEqual(back, without(await officialFileTensors(), ofOfficialAlone));
  });
});

interface KeyRow {
  readonly official: string;
  readonly shape: readonly number[];
  readonly hf: string | readonly string[] | null;
  readonly hf_shape?: readonly number[];
  readonly op: string;
}

/** A tensor without its numbers, of which names and shapes are all that is looked at. */
const hollow = (dtype: Dtype, shape: readonly number[]): NdArray => ({
  ...ndarray(dtype, [0], allocate(dtype, 0)),
  shape,
});

describe.each(["key_map.json", "full_size_keys.json"])("%s", (name) => {
  const isThere = existsSync(path(name));
  const rows: readonly KeyRow[] = isThere ? JSON.parse(readFileSync(path(name), "utf8")) : [];
  const dtypeOf = (key: string): Dtype => (key.endsWith("num_batches_tracked") ? "int64" : "float32");
  const shapesOf = (tensors: Named<NdArray>) =>
    Object.fromEntries(Object.entries(tensors).map(([key, { shape }]) => [key, shape]));
  const officialShapes = Object.fromEntries(rows.map(({ official: key, shape }) => [key, shape]));
  const portShapes = Object.fromEntries(
    rows.flatMap(({ hf, hf_shape: shape = [] }) => [hf ?? []].flat().map((key) => [key, shape] as const)),
  );
  const fileOf = (kind: "torch" | "safetensors", shapes: Named<readonly number[]>): WeightFile => ({
    kind,
    where: name,
    tensors: Object.fromEntries(Object.entries(shapes).map(([key, shape]) => [key, hollow(dtypeOf(key), shape)])),
  });

  test.skipIf(!isThere)("every official key is read, and written again in its shape", () => {
    expect(rows.length).toBeGreaterThan(0);
    const { weights, counters, notes } = required(readGroupViT([fileOf("torch", officialShapes)]));
    expect(notes).toEqual([]);
    expect(shapesOf(officialTensors({ ...weights, ...counters }))).toEqual(officialShapes);
  });

  test.skipIf(!isThere)("every key becomes the port's, and comes back", () => {
    const { weights, counters } = required(readGroupViT([fileOf("torch", officialShapes)]));
    const { tensors, without: left } = portTensors({ ...weights, ...counters });
    expect(shapesOf(tensors)).toEqual(portShapes);
    expect(officialTensors(Object.fromEntries(left.map((key) => [key, weights[key]])))).toEqual(
      Object.fromEntries(
        rows.filter(({ hf }) => hf === null).map(({ official: key, shape }) => [key, hollow("float32", shape)]),
      ),
    );
    const back = required(readGroupViT([fileOf("safetensors", portShapes)]));
    const expected = Object.fromEntries(
      rows.filter(({ hf }) => hf !== null).map(({ official: key, shape }) => [key, shape]),
    );
    expect(shapesOf(officialTensors({ ...back.weights, ...back.counters }))).toEqual(expected);
  });

  test.skipIf(!isThere || name !== "full_size_keys.json")("tell the settings of the released models", () => {
    expect(required(readGroupViT([fileOf("torch", officialShapes)]))).toMatchObject({
      settings: publishedGroupViT,
      untold: [],
    });
  });
});
