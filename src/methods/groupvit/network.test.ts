import { describe, expect, test } from "vitest";
import { checkErrors } from "../../../test/support/check.ts";
import { normal } from "../../../test/support/normal.ts";
import { movedWeights } from "../../../test/support/weights.ts";
import { float32, fromNumbers, item, type Named, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { sizeOf } from "../../array/shape.ts";
import { gradients } from "../../autodiff/gradients.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import { add } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { dropPathRates, imageEncoder } from "./image-encoder.ts";
import { classVectors, encodeImages, encodePairs, encodeTexts, pairLosses } from "./network.ts";
import { type GroupViTSettings, oneStageGroupViT, publishedGroupViT } from "./settings.ts";

/** Three grouping stages, of growing width and all sizes unequal. */
const tiny: GroupViTSettings = {
  ...publishedGroupViT,
  imageSize: 16,
  patchSize: 4,
  width: 8,
  widthFactors: [1, 1, 2, 2],
  heads: [2, 2, 4, 4],
  depths: [1, 2, 1, 1],
  groupTokens: [5, 4, 3, 0],
  outputGroups: [6, 4, 2],
  textContext: 6,
  textWidth: 8,
  textHeads: 2,
  textLayers: 2,
  textVocabulary: 20,
  projectionHidden: 10,
  projectionWidth: 7,
  prompts: 2,
};

const stemmed: GroupViTSettings = { ...tiny, stemChannels: [8, 16] };

function build(settings: GroupViTSettings, { training = false, batch = 3 } = {}) {
  const model = new Model({ training });
  const images = input("images", [batch, 3, settings.imageSize, settings.imageSize]);
  const ids = input("ids", [batch, 1 + settings.prompts, settings.textContext], "int64");
  const vectors = encodePairs(model.scope, images, ids, settings);
  return { model, losses: pairLosses(model.scope, vectors, settings) };
}

/** Texts of a start token, some words, an end token, zeros. */
function texts(shape: readonly number[]): NdArray {
  const places = shape[shape.length - 1];
  const random = new Random("texts");
  const ids = Array.from({ length: sizeOf(shape) / places }, () => {
    const words = Array.from({ length: 1 + random.integer(places - 2) }, () => 1 + random.integer(16));
    return [18, ...words, 19, ...new Array<number>(places).fill(0)].slice(0, places);
  });
  return fromNumbers("int64", shape, ids.flat());
}

/** Numbers for all that a model in training is fed with besides its weights. */
function noiseOf(model: Model): Named<NdArray> {
  const entries = [...model.noises.values()].map(({ name, tensor }) => [
    `noise:${name}`,
    float32(tensor.shape, new Random(name).fillUniform(new Float32Array(sizeOf(tensor.shape)))),
  ]);
  return Object.fromEntries(entries) as Named<NdArray>;
}

function count(model: Model, prefix = ""): number {
  return [...model.parameters.values()]
    .filter(({ name, role }) => role === "weight" && name.startsWith(prefix))
    .reduce((total, { tensor }) => total + sizeOf(tensor.shape), 0);
}

describe("the published model has as many parameters as its code", () => {
  const { model } = build(publishedGroupViT);
  test.each([
    ["image encoder", "image.", 28_837_136],
    ["text encoder", "text.", 22_145_792],
    ["image projection", "imageProjection.", 2_633_984],
    ["text projection", "textProjection.", 2_109_696],
    ["in all, two temperatures included", "", 55_726_610],
  ])("%s", (_, prefix, expected) => expect(count(model, prefix)).toBe(expected));

  test("and the image encoder with one grouping stage 25,254,728", () => {
    expect(count(build(oneStageGroupViT).model, "image.")).toBe(25_254_728);
  });
});

describe("temperatures", () => {
  const scales = (settings: GroupViTSettings) =>
    [...build(settings).model.parameters.keys()].filter((name) => !name.includes("."));

  test("are two, one where it is shared, and one without prompts", () => {
    expect(scales(tiny)).toEqual(["logitScale", "multiLabelScale"]);
    expect(scales({ ...tiny, sharedTemperature: true })).toEqual(["logitScale"]);
    expect(scales({ ...tiny, prompts: 0 })).toEqual(["logitScale"]);
  });
});

describe("training", () => {
  test("draws Gumbel noise for each grouping block and none for soft ones, and stochastic depth but in the first block", () => {
    const names = (settings: GroupViTSettings) => [...build(settings, { training: true }).model.noises.keys()];
    const gumbel = [1, 2, 3].map((stage) => `image.stage${stage}.grouping.assignment.gumbel`);
    expect(names({ ...tiny, dropPath: 0 })).toEqual(gumbel);
    expect(names({ ...tiny, dropPath: 0, assignment: "soft" })).toEqual([]);
    const blocks = ["stage2.layer1", "stage2.layer2", "stage3.layer1", "stage4.layer1"];
    const paths = blocks.flatMap((block) => ["attention", "mlp"].map((part) => `image.${block}.${part}.dropPath`));
    expect(names({ ...tiny, assignment: "soft" })).toEqual(paths);
  });

  test.each([
    ["", tiny],
    ["of a network with a stem, too", stemmed],
  ])(
    "reaches every weight with a finite gradient, and updates the averages of both projections %s",
    async (_, settings) => {
      const { model, losses } = build(settings, { training: true });
      const total = add(losses.contrastive, losses.multiLabel!);
      const found = gradients(
        total,
        model.trained.map(({ tensor }) => tensor),
      );
      const outputs = { total, ...Object.fromEntries(found.map((each, i) => [`gradient:${i}`, each])) };
      const feeds = { images: normal([3, 3, 16, 16], "images"), ids: texts([3, 3, 6]) };
      const values = await evaluate(outputs, { ...movedWeights(model), ...noiseOf(model), ...feeds });
      expect(item(values.total)).toBeGreaterThan(0);
      for (const [i, { name }] of model.trained.entries()) {
        const numbers = toNumbers(values[`gradient:${i}`]);
        expect(numbers.every(Number.isFinite), name).toBe(true);
        // Of some biases it is 0 in theory: those that a norm or a softmax takes out again.
        if (!name.endsWith(".bias")) expect(Math.max(...numbers.map(Math.abs)), name).toBeGreaterThan(0);
      }
      expect([...model.updates.keys()]).toEqual(
        ["imageProjection", "textProjection"].flatMap((side) => [
          `${side}.norm.running_mean`,
          `${side}.norm.running_var`,
        ]),
      );
    },
  );
});

describe("predicting", () => {
  test("declares the same parameters as training, and needs no noise", () => {
    const names = (training: boolean) => [...build(tiny, { training }).model.parameters.keys()].sort();
    expect(names(false)).toEqual(names(true));
    expect(build(tiny).model.noises.size).toBe(0);
  });

  test.each([
    ["", tiny],
    ["before a stem", stemmed],
  ])("takes images of other sizes, whose rests beyond whole patches it leaves out %s", async (_, settings) => {
    const model = new Model();
    const encoded = encodeImages(model.scope, input("images", [1, 3, 27, 35]), settings);
    expect(encoded.grid).toEqual([6, 8]);
    expect(encoded.soft.map(({ shape }) => shape)).toEqual([
      [1, 6, 48],
      [1, 4, 6],
      [1, 2, 4],
    ]);
    expect([encoded.embedding, encoded.groupEmbeddings!].map(({ shape }) => shape)).toEqual([
      [1, 7],
      [1, 2, 7],
    ]);
    const pixels = normal([1, 3, 27, 35], "pixels");
    const cut = float32(
      [1, 3, 27, 35],
      toNumbers(pixels).map((value, i) => (i % 35 >= 32 || Math.floor(i / 35) % 27 >= 24 ? 99 : value)),
    );
    const weights = movedWeights(model);
    const outputs = { embedding: encoded.embedding, used: encoded.used[0], soft: encoded.soft[0] };
    const values = await evaluate(outputs, { ...weights, images: pixels });
    const others = await evaluate(outputs, { ...weights, images: cut });
    expect(toNumbers(others.embedding)).toEqual(toNumbers(values.embedding));
    for (let token = 0; token < 48; token++) {
      const of = (name: string) =>
        Array.from({ length: 6 }, (_, group) => Number(values[name].data[group * 48 + token]));
      expect(of("soft").reduce((sum, share) => sum + share)).toBeCloseTo(1, 5);
      // Each token is of the group that is likeliest.
      const best = of("soft").indexOf(Math.max(...of("soft")));
      expect(of("used")).toEqual(of("soft").map((_, group) => (group === best ? 1 : 0)));
    }
  });

  test("gives class vectors of length 1, each the mean of its prompts", async () => {
    const model = new Model();
    const scope = model.scope.shared();
    const ids = texts([2, 3, 6]);
    const outputs = {
      classes: classVectors(scope, input("ids", [2, 3, 6], "int64"), tiny),
      each: encodeTexts(scope, input("flat", [6, 6], "int64"), tiny).embedding,
    };
    const flat = { ...ids, shape: [6, 6] };
    const { classes, each } = await evaluate(outputs, { ...movedWeights(model), ids, flat });
    for (let k = 0; k < 2; k++) {
      const sums = Array.from({ length: 7 }, (_, c) =>
        [0, 1, 2].reduce((sum, t) => sum + Number(each.data[(3 * k + t) * 7 + c]), 0),
      );
      const length = Math.hypot(...sums);
      for (let c = 0; c < 7; c++) expect(Number(classes.data[7 * k + c])).toBeCloseTo(sums[c] / length, 5);
    }
  });
});

test("stochastic depth grows evenly over the blocks of all stages", () => {
  expect(dropPathRates({ depths: [2, 1, 2], dropPath: 0.2 }).map((rate) => Number(rate.toFixed(6)))).toEqual([
    0, 0.05, 0.1, 0.15, 0.2,
  ]);
  expect(dropPathRates({ depths: [1], dropPath: 0.2 })).toEqual([0]);
});

test("fixed positions are no parameters", () => {
  const model = new Model();
  const images = input("images", [1, 3, 16, 16]);
  imageEncoder(model.scope, images, { ...tiny, position: "sinusoidal" });
  expect([...model.parameters.keys()].filter((name) => name.includes("positions"))).toEqual([]);
});

const image = input("image", [1, 3, 32, 16]);
checkErrors("the network", [
  [
    "image: images must be 16 × 16 pixels in training, got 32 × 16. Resize or crop them.",
    () => imageEncoder(new Model({ training: true }).scope.at("image"), image, tiny),
  ],
  [
    "image.stage2: group tokens must be above 0 in a stage that groups, got 0. Give the stage some.",
    () => imageEncoder(new Model().scope.at("image"), image, { ...tiny, groupTokens: [5, 0, 3, 0] }),
  ],
  [
    "text: a text must have at most 6 tokens, got 7. Cut it before its end token.",
    () => encodeTexts(new Model().scope, input("ids", [1, 7], "int64"), tiny),
  ],
  [
    "expected 3 texts an image, a caption and 2 prompts, got 2.",
    () => encodePairs(new Model().scope, image, input("ids", [1, 2, 6], "int64"), tiny),
  ],
]);
