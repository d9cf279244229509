/** Files of GSS and of the dVAE's release: read by the restricted unpickler, written under the same names, and all names of the large models. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { zeros } from "../../src/array/ndarray.ts";
import type { Shape } from "../../src/array/shape.ts";
import { encoders } from "../../src/backbones/encoders.ts";
import { Model } from "../../src/graph/scope.ts";
import { fieldsIn } from "../../src/methods/gss/checkpoint.ts";
import { officialTensors } from "../../src/methods/gss/forms.ts";
import { declareNetwork } from "../../src/methods/gss/import.ts";
import { type GssRecipe, published } from "../../src/methods/gss/recipe.ts";
import { officialNames } from "../../src/methods/gss/weights.ts";
import { readWeights } from "../../src/weights/read-weights.ts";
import { writeTorchParts } from "../../src/weights/torch-write.ts";
import { fileEntries, goldens, readJson } from "./gss.ts";
import { stateOf } from "./gss-networks.ts";

/** Names, types, shapes and bytes, in order of names. */
function expectSame(got: Named<NdArray>, expected: Named<NdArray>): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, { dtype, shape, data }] of Object.entries(expected)) {
    expect([got[name].dtype, got[name].shape], name).toEqual([dtype, shape]);
    const bytes = ({ buffer, byteOffset, byteLength }: NdArray["data"]) => Buffer.from(buffer, byteOffset, byteLength);
    expect(bytes(got[name].data).equals(bytes(data)), name).toBe(true);
  }
}

/** A file of the set, if it is there. */
function bytesOf(file: string): Uint8Array | null {
  const path = join(goldens.folder, file);
  return existsSync(path) ? readFileSync(path) : null;
}

const checkpoints = fileEntries().filter(({ file }) => file.endsWith(".pth"));

for (const { file, case: name } of checkpoints) {
  goldens.covers(name, async ({ config }) => {
    const read = await readWeights(bytesOf(file)!, file);
    // The description names the case whose state it is.
    const whole = goldens.manifest.files as readonly { file: string; description: string }[];
    const { description } = whole.find((each) => each.file === file)!;
    const expected = stateOf(/state_dict\.\* of (\w+)\.safetensors/.exec(description)![1]);
    expectSame(read.tensors, expected);
    expect(Object.keys(read.tensors)).toHaveLength(config.num_entries as number);
    expect(read.meta).toEqual(config.meta);

    // Under our names and back, and through a file: bit for bit.
    const { ours } = officialNames(encoders["swin-tiny"]);
    const own = Object.entries(read.tensors).filter(([theirs]) => !theirs.endsWith(".relative_position_index"));
    const weights = Object.fromEntries(own.map(([theirs, array]) => [ours(theirs)!, array]));
    const { tensors, without } = officialTensors(weights, { encoder: "swin-tiny" });
    expect(without).toEqual([]);
    const again = await readWeights(writeTorchParts({ state_dict: tensors }, file), file);
    expectSame(again.tensors, expected);
  });
}

for (const { file, case: name } of fileEntries().filter(({ file }) => file.endsWith(".pkl"))) {
  const other = fileEntries().find((entry) => entry.case === name && entry.file.endsWith(".safetensors"));
  goldens.covers(name, async () => {
    expect(other, file).toBeDefined();
    const read = await readWeights(bytesOf(file)!, file);
    const { tensors } = await readWeights(bytesOf(other!.file)!, other!.file);
    const expected = Object.entries(tensors).map(([key, array]) => [key.replace(/^w\./, ""), array]);
    expectSame(read.tensors, Object.fromEntries(expected));
  });
}

type Entries = Named<readonly [dtype: string, ...shape: number[]]>;

interface Keys {
  readonly dvae: Entries;
  readonly backbone: Named<Entries>;
  readonly head: Named<Entries>;
  readonly count: Named<number>;
}

/** Encoders by what configurations call them. */
const backbones = { r101: "resnet101-v1c", "swin-l": "swin-large-384", "hrnet-w48": "hrnet-w48" } as const;

goldens.covers("full_size_keys", () => {
  const keys = readJson("full_size_keys.json") as Keys;
  const shapes = (entries: Entries): Record<string, Shape> =>
    Object.fromEntries(Object.entries(entries).map(([name, [, ...shape]]) => [name, shape]));
  const below = (prefix: string, entries: Named<Shape>) =>
    Object.fromEntries(Object.entries(entries).map(([name, shape]) => [prefix + name, shape]));
  for (const [configuration, entries] of Object.entries(keys.head)) {
    const [, kind] = configuration.split("_");
    const encoder = backbones[kind as keyof typeof backbones];
    const head = below("decode_head.", { ...shapes(entries), ...below("d_vae.", shapes(keys.dvae)) });
    const fields = fieldsIn(head);
    const recipe: GssRecipe = {
      ...{ ...published, name: configuration, palette: "farthest", encoder },
      ...{ encoderStride: encoder === "resnet101-v1c" ? 8 : 32, ...fields },
    };
    const classes = entries["conv_seg_pixel.weight"] ?? entries["cls_segmap.conv.weight"];
    const model = new Model({ training: true });
    declareNetwork(model, recipe, classes[1]);
    const declared = [...model.parameters.values()].map(({ name, tensor }) => {
      return [name, { ...zeros("float32", []), shape: tensor.shape }] as const;
    });
    const { tensors, without } = officialTensors(Object.fromEntries(declared), recipe);
    expect(without).toEqual([]);
    const ours = Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
    const of = (prefix: string) => Object.fromEntries(Object.entries(ours).filter(([name]) => name.startsWith(prefix)));
    expect(of("decode_head."), configuration).toEqual(head);
    const listed = Object.entries(keys.backbone).find(([name]) => name.startsWith(kind.replace("swin-l", "swin_l")));
    if (listed !== undefined) expect(of("backbone."), configuration).toEqual(below("backbone.", shapes(listed[1])));
    expect(Object.keys(ours), configuration).toHaveLength(keys.count[configuration]);
  }
});
