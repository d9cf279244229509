/** Names, shapes and number of MaX-DeepLab's weights, against the lists of the published files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Named, type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { importMaxDeepLab } from "../../src/methods/max-deeplab/import.ts";
import { isBackbone, ourName, ourShape } from "../../src/methods/max-deeplab/names.ts";
import { maxDeepLab, semanticLogits } from "../../src/methods/max-deeplab/network.ts";
import { type MaxDeepLabSettings, maxDeepLabL, maxDeepLabS } from "../../src/methods/max-deeplab/settings.ts";
import { caseEntries } from "./cases.ts";
import { goldens } from "./max-deeplab.ts";

/** The published networks by the last letter of their names, on COCO's 133 classes. */
const networks: Readonly<Record<string, MaxDeepLabSettings>> = { S: maxDeepLabS, L: maxDeepLabL };
const classes = 133;

for (const { name, file } of caseEntries(goldens.manifest)) {
  if (name !== "checkpoint_variables") continue;
  goldens.covers(name, () => {
    const lists = JSON.parse(readFileSync(join(goldens.folder, file!), "utf8")) as Record<string, object | string>;
    for (const [network, variables] of Object.entries(lists)) {
      if (typeof variables === "string") continue;
      const settings = networks[network.slice(-1)];
      const model = new Model({ training: true });
      const { encoded } = maxDeepLab(model.scope, input("image", [1, 65, 65, 3], "uint8"), settings, classes);
      semanticLogits(model.scope, encoded, settings, { outputs: classes + 1 });
      const wanted = Object.entries(variables as Record<string, number[]>).map(
        ([theirs, shape]) => `${ourName(theirs)} [${ourShape(theirs, shape)}]`,
      );
      const declared = [...model.parameters.values()].map(({ name: ours, tensor }) => `${ours} [${tensor.shape}]`);
      expect(declared.sort(), network).toEqual(wanted.sort());
    }
  });
}

for (const { name, file } of caseEntries(goldens.manifest)) {
  if (name !== "checkpoint_variables") continue;
  test("a checkpoint with all variables of the smaller network is read whole, and what is odd is told", () => {
    const lists = JSON.parse(readFileSync(join(goldens.folder, file!), "utf8")) as Record<string, object | string>;
    const [, variables] = Object.entries(lists).find(([network]) => network.endsWith("S"))!;
    const numbers = new Float32Array(2 ** 25);
    const of = (shape: readonly number[]) => ndarray("float32", shape, numbers.subarray(0, sizeOf(shape)));
    const all = Object.fromEntries(
      Object.entries(variables as Record<string, number[]>).map(([theirs, shape]) => [theirs, of(shape)]),
    );
    const files = (tensors: Named<NdArray>) => [{ kind: "tensorflow", tensors, where: "ckpt.index" }] as const;
    const more = { ...all, "optimizer/iter": of([]), "encoder/_odd/kernel": of([2]) };
    const found = importMaxDeepLab(files(more))!;
    expect(found.recipe.name).toBe("maxdeeplab-s");
    expect(found.outputs).toBe(classes);
    expect(found.classes?.filter(({ thing }) => thing).length).toBe(80);
    expect(Object.keys(found.weights).length).toBe(Object.keys(all).length);
    expect(found.notes).toEqual(["ckpt.index: the network has no use for encoder/_odd/kernel."]);

    const backbone = Object.entries(all).filter(([theirs]) => isBackbone(ourName(theirs)));
    const renamed = backbone.map(
      ([theirs, array]) => [theirs.replace(/^encoder/, "backbone/_encoder"), array] as const,
    );
    const pretrained = importMaxDeepLab(files(Object.fromEntries(renamed)))!;
    expect(pretrained.outputs).toBeNull();
    expect(Object.keys(pretrained.weights).length).toBe(backbone.length);

    const { "semantic_last_layer/bias": _, ...without } = all;
    expect(() => importMaxDeepLab(files(without))).toThrow("got none for semanticLastLayer.bias");
  });
}
