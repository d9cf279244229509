/**
 * Encoders with real ImageNet weights, against outputs that were computed elsewhere. The weights are research data and no part
 * of the repository: `DATA_DIR` (default `../shared/data`) is where they lie; each test says so where they do not.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Named, type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { mobileNetV2Classifier } from "../../src/backbones/mobilenet-v2.ts";
import { publishedEncoder } from "../../src/backbones/published.ts";
import { resNetV2 } from "../../src/backbones/resnet-v2.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { resizeImage } from "../../src/image/resize.ts";
import { imageInput } from "../../src/nn/image-input.ts";
import { globalAveragePool, reshape, softmax } from "../../src/ops/index.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { floats } from "../../src/weights/floats.ts";
import { readWeights } from "../../src/weights/read-weights.ts";

const data = process.env.DATA_DIR ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));
const mobileNet = `${data}/mobilenet-v2-imagenet`;
const resNet = `${data}/resnet50-v2-imagenet`;

const given = (folder: string) => (existsSync(folder) ? test : test.skip);
const saying = (what: string, folder: string) => (existsSync(folder) ? what : `${what} (no ${folder})`);

async function weightsIn(path: string) {
  return await readWeights(readFileSync(path), path);
}

/** All of the MobileNetV2, the part behind the encoder included. */
async function classifierWeights(): Promise<Named<NdArray>> {
  const file = await weightsIn(`${mobileNet}/mobilenet_v2.safetensors`);
  const { tensors, where } = file;
  const beside = {
    "last.conv.weight": "features.18.weight",
    "last.conv.bias": "features.18.bias",
    "head.weight": "classifier.weight",
    "head.bias": "classifier.bias",
  };
  const own = Object.entries(beside).map(([ours, theirs]) => [ours, floats(tensors[theirs], theirs, where)]);
  return { ...publishedEncoder(file).weights, ...Object.fromEntries(own) };
}

/** Largest distance, as a share of the largest value. */
function distance(a: NdArray, b: NdArray): number {
  const [left, right] = [toNumbers(a), toNumbers(b)];
  expect(left.length).toBe(right.length);
  return Math.max(...left.map((value, i) => Math.abs(value - right[i]))) / Math.max(...right.map(Math.abs));
}

given(mobileNet)(
  saying("MobileNetV2 gives the pooled features and logits that its weights gave elsewhere", mobileNet),
  async () => {
    const weights = await classifierWeights();
    const { tensors: check } = await weightsIn(`${mobileNet}/check.safetensors`);
    const model = new Model();
    const x = input("image", check.image.shape);
    const { pooled, logits } = mobileNetV2Classifier(model.scope, x, {
      classes: 1001,
      norms: "folded",
      padding: "same",
    });
    const results = await evaluate({ pooled, logits }, { ...weights, image: check.image });
    expect(distance(results.pooled, check.pooled)).toBeLessThan(1e-4);
    expect(distance(results.logits, check.logits)).toBeLessThan(1e-4);
  },
);

/** The middle 224 × 224 of the photograph with its shorter side at 256. */
async function middle(path: string): Promise<NdArray> {
  const photograph = await nodePlatform.decodeImage(path);
  const scale = 256 / Math.min(photograph.width, photograph.height);
  const [width, height] = [photograph.width, photograph.height].map((side) => Math.round(side * scale));
  const { data } = resizeImage(photograph, width, height);
  const [top, left] = [Math.floor((height - 224) / 2), Math.floor((width - 224) / 2)];
  const rows = Array.from({ length: 224 }, (_, y) => {
    const start = 3 * ((top + y) * width + left);
    return [...data.subarray(start, start + 3 * 224)];
  });
  return ndarray("uint8", [1, 224, 224, 3], Uint8Array.from(rows.flat()));
}

given(mobileNet)(saying("MobileNetV2 names photographs as its weights did elsewhere", mobileNet), async () => {
  const weights = await classifierWeights();
  const expected: { image: string; top5: [name: string, probability: number][] }[] = JSON.parse(
    readFileSync(`${mobileNet}/expected.json`, "utf8"),
  );
  const names = readFileSync(`${mobileNet}/labels.txt`, "utf8").trimEnd().split("\n");
  const image = input("image", [1, 224, 224, 3], "uint8");
  const model = new Model();
  const { logits } = mobileNetV2Classifier(model.scope, imageInput(image), {
    ...{ classes: 1001, norms: "folded", padding: "same" },
  });
  for (const { image: path, top5 } of expected) {
    const results = await evaluate(
      { scores: softmax(logits, { axis: 1 }) },
      { ...weights, image: await middle(`${data}/${path}`) },
    );
    const scores = toNumbers(results.scores);
    const best = scores.indexOf(Math.max(...scores));
    // Another library's bilinear reduction moves probabilities a little.
    expect([path, names[best]]).toEqual([path, top5[0][0]]);
    expect(Math.abs(scores[best] - top5[0][1])).toBeLessThan(0.1);
  }
});

given(resNet)(saying("ResNet-50 v2 gives the features that its weights gave elsewhere", resNet), async () => {
  const { encoders, weights } = publishedEncoder(await weightsIn(`${resNet}/resnet50_v2_stages123.safetensors`));
  expect(encoders).toEqual(["resnet50-v2-c4"]);
  const { tensors: check } = await weightsIn(`${resNet}/check.safetensors`);
  const x = input("image", check.image.shape);
  const features = resNetV2(new Model().scope, x, { units: [3, 4, 6] }).at(-1)!.map;
  const pooled = reshape(globalAveragePool(features), [1, 1024]);
  const results = await evaluate({ features, pooled }, { ...weights, image: check.image });
  expect(distance(results.features, check.features)).toBeLessThan(1e-4);
  expect(distance(results.pooled, check.pooled)).toBeLessThan(1e-4);
});
