/** GroupViT in the folder that transformers.js loads, run by the npm package itself. */
import {
  AutoModel,
  AutoProcessor,
  AutoTokenizer,
  CLIPTextModelWithProjection,
  CLIPVisionModelWithProjection,
  env,
  pipeline,
  RawImage,
} from "@huggingface/transformers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { Model } from "../../src/graph/scope.ts";
import { constant, input } from "../../src/graph/tensor.ts";
import { groupvit } from "../../src/methods/groupvit/index.ts";
import { encodeImages, encodePairs, encodeTexts, logitScale, pairLosses } from "../../src/methods/groupvit/network.ts";
import { usualPreparation } from "../../src/methods/groupvit/port-preparation.ts";
import type { GroupViTRecipe } from "../../src/methods/groupvit/recipe.ts";
import { unitVectors } from "../../src/methods/groupvit/unit.ts";
import { unclampedScale } from "../../src/methods/groupvit/window-scores.ts";
import { textIds } from "../../src/methods/groupvit/words.ts";
import { matmul, mul } from "../../src/ops/index.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { exportForm } from "../../src/runs/export-form.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { clipTokenizer } from "../../src/text/clip-tokenizer.ts";
import { temporaryFolder } from "../support/cli.ts";
import { portInput } from "../support/port-input.ts";
import { movedWeights } from "../support/weights.ts";

// Texts of up to 16 ids, other sizes all different, so that none can be taken for another.
const recipe: GroupViTRecipe = {
  ...groupvit.recipes["groupvit-tiny"],
  ...{ imageSize: 48, cropHeight: 48, cropWidth: 48, width: 24, heads: [2, 2, 2], depths: [2, 1, 1] },
  ...{ groupTokens: [7, 5, 0], outputGroups: [7, 5], textContext: 16, textWidth: 20, textHeads: 2, textLayers: 2 },
  ...{ projectionHidden: 40, projectionWidth: 12, prompts: 0, normalization: "hf" },
};

let folder: string;
let remove: () => Promise<void>;
let weights: Record<string, NdArray>;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await groupvit.ready?.();
  weights = weightsOf(recipe);
  await write("groupvit", recipe, weights);
  env.allowRemoteModels = false;
  env.localModelPath = `${folder}/`;
});
afterAll(() => remove());

function weightsOf(asked: GroupViTRecipe): Record<string, NdArray> {
  const model = new Model();
  const images = input("images", [1, 3, asked.imageSize, asked.imageSize]);
  pairLosses(model.scope, encodePairs(model.scope, images, input("ids", [1, 1, 4], "int64"), asked), asked);
  return movedWeights(model);
}

const write = (name: string, asked: GroupViTRecipe, numbers: Record<string, NdArray>) =>
  exportForm(
    nodePlatform,
    groupvit,
    { weights: numbers, recipe: asked, source: "random", licence: "mit" },
    "transformers.js",
    `${folder}/${name}`,
  );

/** A picture of smooth colours with edges, as photographs have them. */
function picture(height: number, width: number, seed: string): RawImage {
  const noise = new Random("picture", seed).fillUniform(new Float32Array(height * width * 3));
  const data = Uint8ClampedArray.from(noise, (share, i) => {
    const [y, x, channel] = [Math.floor(i / 3 / width), Math.floor(i / 3) % width, i % 3];
    const inside = (y - height / 2) ** 2 + (x - width / 3) ** 2 < (height / 4) ** 2 ? 90 : 0;
    return 60 + inside + 50 * Math.sin(x / 9 + channel) + 40 * Math.cos(y / 7 - channel) + 10 * share;
  });
  return new RawImage(data, width, height, 3);
}

const preparation = usualPreparation(recipe.imageSize);

/** What our network sees of it. */
async function ourInput({ data, height, width }: RawImage): Promise<NdArray> {
  const image = constant(ndarray("uint8", [1, height, width, 3], Uint8Array.from(data)));
  return (await evaluate({ seen: portInput(image, preparation) })).seen;
}

/** Cosines times the temperature, and the vectors, of our own network. */
async function ours(images: readonly NdArray[], texts: readonly string[], asked = recipe, numbers = weights) {
  const { scope } = new Model();
  const all = Float32Array.from(images.flatMap((each) => toNumbers(each)));
  const seen = constant(ndarray("float32", [images.length, ...images[0].shape.slice(1)], all));
  const image = encodeImages(scope, seen, asked).embedding;
  const text = encodeTexts(scope, constant(textIds(texts, asked)), asked).embedding;
  const scale = asked.scores === "hf" ? unclampedScale(scope) : logitScale(scope);
  const logits = mul(matmul(unitVectors(image), unitVectors(text), { transposeB: true }), scale);
  const values = await evaluate({ image, text, logits }, numbers);
  return { image: toNumbers(values.image), text: toNumbers(values.text), logits: toNumbers(values.logits) };
}

function probabilities(logits: readonly number[]): number[] {
  const powers = logits.map((each) => Math.exp(each - Math.max(...logits)));
  const total = powers.reduce((sum, each) => sum + each, 0);
  return powers.map((each) => each / total);
}

/** The largest difference of two lists. */
function apart(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  return Array.from(expected).reduce((worst, value, i) => Math.max(worst, Math.abs(got[i] - value)), 0);
}

const classes = ["cat", "two brown dogs on a sofa", "lamp"];
const sentences = classes.map((name) => `This is a photo of ${name}`);
const scoresOf = (results: unknown): number[] => {
  const found = results as readonly { readonly score: number; readonly label: string }[];
  return classes.map((name) => found.find(({ label }) => label === name)!.score);
};

// Both run the same operators in float32, in another order: sums of some hundred terms differ by some 1e-7 of themselves.
const rounding = 2e-5;

describe("the tokenizer", () => {
  const strings = [
    "a photo of a cat",
    "  A  Photo of\ta CAT.\n",
    "the dog\u2019s \u201cbig\u201d bone, isn't it? They'll've 1,234 of them!",
    "caf\u00e9 cre\u0300me \u4f60\u597d \ud83d\ude00\ud83d\ude00 na\u00efve \u00dcBER",
    "snow-covered hills/mountains (1998) & rock'n'roll @ #42 \u2014 50%",
    "",
  ];

  test("gives our ids", async () => {
    const tokenizer = await AutoTokenizer.from_pretrained("groupvit");
    const { start, end, encode } = await clipTokenizer();
    for (const text of strings) {
      const { input_ids } = tokenizer(text, { return_tensor: false });
      expect(input_ids, text).toEqual([start, ...encode(text), end]);
    }
    // Padded with the end to the longest, and cut at what the network reads.
    const long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
    const { input_ids, attention_mask } = tokenizer(["cat", "red car"], { padding: true, truncation: true });
    expect([input_ids.dims, input_ids.tolist()[0].at(-1), attention_mask.tolist()[0].at(-1)]).toEqual([
      [2, 4],
      BigInt(end),
      0n,
    ]);
    expect(tokenizer(["cat", long], { padding: true, truncation: true }).input_ids.dims).toEqual([2, 16]);
  });
});

describe("zero-shot image classification", () => {
  test("of a picture that needs no scaling gives our scores", async () => {
    const image = picture(48, 48, "exact");
    const processor = await AutoProcessor.from_pretrained("groupvit");
    const { pixel_values } = (await processor(image)) as { pixel_values: { data: Float32Array } };
    const seen = await ourInput(image);
    expect(apart(pixel_values.data, toNumbers(seen))).toBeLessThan(1e-5);
    const classify = await pipeline("zero-shot-image-classification", "groupvit");
    const { logits } = await ours([seen], sentences);
    const expected = probabilities(logits);
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.05);
    expect(apart(scoresOf(await classify(image, classes)), expected)).toBeLessThan(rounding);
  });

  test.each([
    [96, 96],
    [75, 120],
    [131, 70],
  ])(
    "of %i x %i pixels gives our scores of what it sees, and nearly those of what Pillow's scaling sees",
    async (...size) => {
      const image = picture(...size, "scaled");
      const processor = await AutoProcessor.from_pretrained("groupvit");
      const { pixel_values } = (await processor(image)) as { pixel_values: { data: Float32Array } };
      const [seen, theirs] = [await ourInput(image), float32([1, 3, 48, 48], pixel_values.data)];
      const classify = await pipeline("zero-shot-image-classification", "groupvit");
      const scores = scoresOf(await classify(image, classes));
      expect(apart(scores, probabilities((await ours([theirs], sentences)).logits))).toBeLessThan(rounding);
      const colours = Math.min(...preparation.normalization.deviation);
      const difference = toNumbers(seen).reduce((sum, value, i) => sum + Math.abs(value - pixel_values.data[i]), 0);
      // It samples every so many pixels with a cubic, from the corner and without a filter; Pillow's is centred and averages. On smooth
      // colours that is half a pixel and the noise: some bytes.
      expect((difference / pixel_values.data.length) * colours).toBeLessThan(5);
      expect(apart(scores, probabilities((await ours([seen], sentences)).logits))).toBeLessThan(0.005);
    },
  );

  test("of texts that are too long reads their end all the same", async () => {
    const image = picture(48, 48, "long");
    const long = "a very long text about a cat that sits on a sofa beside a lamp and looks at two brown dogs";
    const texts = [long, "lamp"];
    const classify = await pipeline("zero-shot-image-classification", "groupvit");
    const results = await classify(image, texts, { hypothesis_template: "{}" });
    const { logits } = await ours([await ourInput(image)], texts);
    const scores = texts.map(
      (text) => (results as { score: number; label: string }[]).find((r) => r.label === text)!.score,
    );
    expect(apart(scores, probabilities(logits))).toBeLessThan(rounding);
  });
});

describe("the graphs", () => {
  test("take any number of pictures and texts", async () => {
    const tokenizer = await AutoTokenizer.from_pretrained("groupvit");
    const processor = await AutoProcessor.from_pretrained("groupvit");
    const model = await AutoModel.from_pretrained("groupvit");
    for (const [images, texts] of [
      [1, 1],
      [3, 2],
      [2, 4],
    ]) {
      const pictures = Array.from({ length: images }, (_, i) => picture(48, 48, `${i}`));
      const words = [...sentences, "zebra"].slice(0, texts);
      const { pixel_values } = (await processor(pictures)) as { pixel_values: unknown };
      const outputs = await model({ ...tokenizer(words, { padding: true, truncation: true }), pixel_values });
      const expected = await ours(await Promise.all(pictures.map(ourInput)), words);
      expect(outputs.logits_per_image.dims).toEqual([images, texts]);
      expect(apart(outputs.logits_per_image.data, expected.logits)).toBeLessThan(20 * rounding);
      expect(outputs.logits_per_text.dims).toEqual([texts, images]);
      const turned = outputs.logits_per_text.transpose(1, 0).contiguous?.() ?? outputs.logits_per_text.transpose(1, 0);
      expect(turned.tolist()).toEqual(outputs.logits_per_image.tolist());
      expect(outputs.image_embeds.dims).toEqual([images, 12]);
      expect(outputs.text_embeds.dims).toEqual([texts, 12]);
      const lengths = [outputs.image_embeds, outputs.text_embeds].flatMap((vectors) =>
        (vectors.tolist() as number[][]).map((row) => Math.hypot(...row)),
      );
      expect(
        apart(
          lengths,
          lengths.map(() => 1),
        ),
      ).toBeLessThan(1e-5);
    }
  });

  test("of one tower give its vectors alone", async () => {
    const tokenizer = await AutoTokenizer.from_pretrained("groupvit");
    const processor = await AutoProcessor.from_pretrained("groupvit");
    const image = picture(48, 48, "tower");
    const { pixel_values } = (await processor(image)) as { pixel_values: unknown };
    const expected = await ours([await ourInput(image)], sentences);
    const vision = await CLIPVisionModelWithProjection.from_pretrained("groupvit");
    expect(apart((await vision({ pixel_values })).image_embeds.data, expected.image)).toBeLessThan(rounding);
    const text = await CLIPTextModelWithProjection.from_pretrained("groupvit");
    const { text_embeds } = await text(tokenizer(sentences, { padding: true, truncation: true }));
    expect(apart(text_embeds.data, expected.text)).toBeLessThan(rounding);
  });

  test.each<[string, Partial<GroupViTRecipe>]>([
    ["soft groups", { assignment: "soft" }],
    ["sums", { sumAssign: true }],
    [
      "one grouping stage",
      { depths: [2, 1], widthFactors: [1, 1], heads: [2, 2], groupTokens: [6, 0], outputGroups: [5] },
    ],
    ["none", { depths: [2], widthFactors: [1], heads: [2], groupTokens: [0], outputGroups: [] }],
    ["growing width", { widthFactors: [1, 2, 2] }],
    ["fixed positions", { position: "sinusoidal" }],
    ["an end token of their own", { textEndToken: 49_407 }],
    ["one head", { heads: [1, 1, 1], textHeads: 1 }],
    ["the texts of groupvit-small", { textContext: 32, textWidth: 64, textHeads: 1, textLayers: 1 }],
  ])("are those of networks with %s, too", async (_, changes) => {
    const asked: GroupViTRecipe = { ...recipe, ...changes };
    const numbers = weightsOf(asked);
    await write("other", asked, numbers);
    const tokenizer = await AutoTokenizer.from_pretrained("other");
    const processor = await AutoProcessor.from_pretrained("other");
    const model = await AutoModel.from_pretrained("other");
    const pictures = ["a", "b", "c"].map((seed) => picture(48, 48, seed));
    const { pixel_values } = (await processor(pictures)) as { pixel_values: unknown };
    const { logits_per_image } = await model({ ...tokenizer(sentences, { padding: true }), pixel_values });
    const { logits } = await ours(await Promise.all(pictures.map(ourInput)), sentences, asked, numbers);
    expect(apart(logits_per_image.data, logits)).toBeLessThan(20 * rounding);
    await model.dispose();
  });

  test("have the authors' limit of the temperature, or the port's without one", async () => {
    const hot = { ...weights, logitScale: float32([], [Math.log(250)]) };
    for (const scores of ["official", "hf"] as const) {
      const asked: GroupViTRecipe = { ...recipe, scores };
      await write(scores, asked, hot);
      const tokenizer = await AutoTokenizer.from_pretrained(scores);
      const processor = await AutoProcessor.from_pretrained(scores);
      const model = await AutoModel.from_pretrained(scores);
      const image = picture(48, 48, "hot");
      const { pixel_values } = (await processor(image)) as { pixel_values: unknown };
      const { logits_per_image } = await model({ ...tokenizer(sentences, { padding: true }), pixel_values });
      const { logits } = await ours([await ourInput(image)], sentences, asked, hot);
      expect(apart(logits_per_image.data, logits)).toBeLessThan(250 * rounding);
      const limited = scores === "official" ? 100 : 250;
      expect(Math.max(...logits.map(Math.abs))).toBeLessThanOrEqual(limited);
    }
  });
});

test("the folder is written again where it is, but not over other files", async () => {
  await write("twice", recipe, weights);
  expect((await write("twice", recipe, weights))?.files).toContain(`${folder}/twice/onnx/model.onnx`);
  await nodePlatform.writeFile(`${folder}/twice/onnx/other.onnx`, "other");
  await expect(write("twice", recipe, weights)).rejects.toThrow(
    /expected an empty folder.*got onnx\/other\.onnx in it/,
  );
});
