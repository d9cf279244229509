import { describe, expect, test } from "vitest";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, type Named, type NdArray } from "../../array/ndarray.ts";
import { InputError } from "../../errors.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import type { Part, TransferOptions } from "../transfer.ts";
import { transunet } from "./network.ts";
import { publishedTransUNet, type TransUNetSettings } from "./settings.ts";
import { conventionOf, transferTransUNet } from "./transfer.ts";

const small: TransUNetSettings = {
  ...publishedTransUNet,
  ...{ cropHeight: 32, cropWidth: 48, stemWidth: 8, normGroups: 4, stageUnits: [1, 1, 1] },
  ...{ tokenWidth: 16, layers: 1, heads: 2, mlpWidth: 16, headChannels: 8, decoderChannels: [8, 8, 8, 4] },
};

function weightsOf(settings: TransUNetSettings, outputs: number): Named<NdArray> {
  const model = new Model();
  const { cropHeight, cropWidth } = settings;
  transunet(model.scope, input("image", [1, 3, cropHeight, cropWidth]), outputs, settings);
  return movedWeights(model);
}

const weights = weightsOf(small, 5);
const positions = "encoder.positions";
const all: readonly Part[] = ["encoder", "decoder", "head"];

function transfer(to: Partial<TransUNetSettings>, options: Partial<TransferOptions> = {}, from = small) {
  return transferTransUNet(
    weights,
    from,
    { ...small, ...to },
    { parts: all, outputs: 5, source: "before", ...options },
  );
}

const namesOf = (kept: Named<NdArray>) => Object.keys(kept).sort();
const starting = (...prefixes: string[]) =>
  Object.keys(weights)
    .filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
    .sort();

test.each<[Part[]]>([[["encoder"]], [["decoder"]], [["encoder", "decoder"]], [[...all]]])(
  "of the parts %o everything is taken, as it is",
  (parts) => {
    const { weights: kept, notes } = transfer({}, { parts });
    expect(namesOf(kept)).toEqual(starting(...parts.map((part) => `${part}.`)));
    for (const [name, array] of Object.entries(kept)) expect(array).toBe(weights[name]);
    expect(notes).toEqual([]);
  },
);

test("a head with other outputs starts anew, and that is said", () => {
  const { weights: kept, notes } = transfer({}, { outputs: 3 });
  expect(namesOf(kept)).toEqual(starting("encoder.", "decoder."));
  expect(notes).toEqual(["head: 5 outputs in before, 3 wanted: it starts anew"]);
});

test.each([1, 2, 4] as const)("to output stride %i, later blocks are left out", (outputStride) => {
  const { weights: kept } = transfer({ outputStride }, { parts: ["encoder", "decoder"] });
  const blocks = [1, 2, 3, 4].filter((i) => Object.keys(kept).some((name) => name.startsWith(`decoder.block${i}.`)));
  expect(blocks).toEqual([1, 2, 3, 4].slice(0, 4 - Math.log2(outputStride)));
  const model = new Model();
  transunet(model.scope, input("image", [1, 3, 32, 48]), 5, { ...small, outputStride });
  const expected = [...model.parameters.keys()].filter((name) => !name.startsWith("head"));
  expect(namesOf(kept)).toEqual(expected.sort());
});

test("to another output stride the head starts anew: it was made for another block's map", () => {
  const { weights: kept, notes } = transfer({ outputStride: 2 });
  expect(namesOf(kept).filter((name) => name.startsWith("head"))).toEqual([]);
  expect(notes).toEqual(["head: made for output stride 1 in before, 2 wanted: it starts anew"]);
});

test("position embeddings are resized to the grid of the new crops", () => {
  const { weights: kept, notes } = transfer({ cropHeight: 64, cropWidth: 32 });
  expect(kept[positions].shape).toEqual([1, 8, 16]);
  expect(notes).toEqual(["position embeddings: 2 × 3 tokens resized to 4 × 2"]);
  // As many tokens, but in another grid: 3 × 2 for 2 × 3.
  const turned = transfer({ cropHeight: 48, cropWidth: 32 }).weights[positions];
  expect(turned.shape).toEqual(weights[positions].shape);
  expect(turned).not.toEqual(weights[positions]);
});

describe("an encoder that would compute something else is refused", () => {
  test.each<[Partial<TransUNetSettings>, string]>([
    [
      { encoderConvention: "jax" },
      "before: expected an encoder trained with encoderConvention jax, as the recipe has it, got transunet. Add --set encoderConvention=transunet.",
    ],
    [{ normGroups: 8 }, "trained with normGroups 8, as the recipe has it, got 4. Add --set normGroups=4."],
    [{ heads: 4 }, "trained with heads 4, as the recipe has it, got 2. Add --set heads=2."],
  ])("to %o", (to, message) => {
    expect(() => transfer(to)).toThrow(message);
    expect(() => transfer(to)).toThrow(InputError);
    // A decoder alone has neither heads nor groups.
    expect(() => transfer(to, { parts: ["decoder"] })).not.toThrow();
  });

  test("weights of another kind of network, too", () => {
    const other = { name: "segformer" } as unknown as TransUNetSettings;
    expect(() => transfer({}, {}, other)).toThrow(
      "before: expected the weights of a TransUNet, got those of another network. Use a TransUNet.",
    );
  });
});

test.each<[string, Named<NdArray>, Partial<TransUNetSettings>, Partial<TransUNetSettings>]>([
  ["an encoder brings its convention along", weights, small, { encoderConvention: "transunet" }],
  ["a decoder alone brings none", { "decoder.a": float32([1], [0]) }, small, {}],
  ["another network has none", weights, {}, {}],
])("%s", (_, given, from, expected) => {
  expect(conventionOf(given, from)).toEqual(expected);
});
