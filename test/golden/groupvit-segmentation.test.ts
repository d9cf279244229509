/** Zero-shot segmentation of GroupViT, whole and in windows, against the authors' code, and against the port to Hugging Face. */
import { describe, expect } from "vitest";
import { type Named, type NdArray, ndarray, toNumbers } from "../../src/array/ndarray.ts";
import { Model } from "../../src/graph/scope.ts";
import { constant, type Tensor } from "../../src/graph/tensor.ts";
import { contrastiveLoss } from "../../src/methods/groupvit/losses.ts";
import { classVectors, encodeImages, encodeTexts, logitScale } from "../../src/methods/groupvit/network.ts";
import { classScores, groupMaps, groupOfPixels, portScores } from "../../src/methods/groupvit/segmentation.ts";
import { unitVectors } from "../../src/methods/groupvit/unit.ts";
import { unclampedScale } from "../../src/methods/groupvit/window-scores.ts";
import { add, argMax, div, matmul, mul, pad, resize, slice } from "../../src/ops/index.ts";
import { type Windowing, windowStarts } from "../../src/prediction/windows.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { float32Noise } from "./float32-noise.ts";
import { askedOf, checkAll, inputsOf, testEach } from "./groupvit.ts";
import { tinyModel } from "./groupvit-settings.ts";
import { type GoldenCase, openGoldens } from "./manifest.ts";

const goldens = openGoldens("groupvit");

/** Labels that may differ, a share of a map's pixels, as in `up to 0.5 % of the pixels of a map may differ`. */
function allowedShare(): number {
  const text = (goldens.manifest.tolerance as Named<string>).labels;
  const percent = /up to ([\d.]+) %/.exec(text)?.[1];
  if (percent === undefined) throw new Error(`golden groupvit: the tolerance "${text}" cannot be read.`);
  return Number(percent) / 100;
}

/** The share of pixels with another label. */
function differing(got: NdArray, expected: NdArray): number {
  const numbers = toNumbers(expected);
  const wrong = toNumbers(got).filter((label, i) => label !== numbers[i]).length;
  return wrong / numbers.length;
}

/** Scores [K, H, W] as expected, but for those of pixels that a near tie gave to another group. */
function settled(got: NdArray, expected: NdArray): NdArray {
  const [classes, height, width] = expected.shape;
  const pixels = height * width;
  const [a, b] = [toNumbers(got), toNumbers(expected)];
  const off = (i: number) =>
    Array.from({ length: classes }, (_, k) => Math.abs(a[k * pixels + i] - b[k * pixels + i])).some(
      (each) => each > 1e-3,
    );
  const others = Array.from({ length: pixels }, (_, i) => i).filter(off);
  expect(others.length / pixels).toBeLessThanOrEqual(allowedShare());
  const isOff = new Set(others);
  const data = Float32Array.from(a, (value, i) => (isOff.has(i % pixels) ? b[i] : value));
  return ndarray("float32", got.shape.slice(-3), data);
}

/** Names of a golden's tensors that match, with what their groups matched. */
function named(golden: GoldenCase, pattern: RegExp): { name: string; parts: readonly string[] }[] {
  return Object.keys(golden.entries).flatMap((name) => {
    const found = pattern.exec(name);
    return found === null ? [] : [{ name, parts: found.slice(1) }];
  });
}

/** `th0.95` → a background with that threshold; `no_bg` → none. */
const backgroundOf = (text: string) => (text === "no_bg" ? null : { threshold: Number(text.replace("th", "")) });

const withoutBatch = (array: NdArray): NdArray => ({ ...array, shape: array.shape.slice(1) });

describe("zero-shot segmentation", () => {
  testEach(goldens, "segmentation", /\.group_(map\d+|argmax)$|\.cls\d+\.|^slide\./, async (golden) => {
    const { settings, weights } = await tinyModel(goldens, golden.config);
    const prompts = named(golden, /^in\.prompts(\d+)$/);
    const images = named(golden, /^(\w+)\.image$/);
    const { at, feeds } = inputsOf(golden, /^in\.prompts\d+$|\.image$/);
    const scope = new Model().scope.shared();
    const classes = Object.fromEntries(
      prompts.map(({ name, parts: [count] }) => [count, classVectors(scope, at[name], settings)]),
    );
    const scale = logitScale(scope);
    const outputs: Record<string, Tensor> = {};
    for (const [count, vectors] of Object.entries(classes)) outputs[`class_embeddings${count}`] = vectors;

    for (const {
      name,
      parts: [place],
    } of images.filter(({ parts }) => parts[0] !== "slide")) {
      const size = at[name].shape.slice(2) as [number, number];
      const encoded = encodeImages(scope, at[name], settings);
      const maps = groupMaps(encoded.soft, encoded.grid, size);
      for (const [stage, map] of maps.entries()) {
        outputs[`${place}.group_map${stage}`] = map;
        outputs[`${place}.stage${stage}_argmax`] = groupOfPixels(map);
      }
      outputs[`${place}.group_argmax`] = groupOfPixels(maps.at(-1)!);
      const asked = named(golden, new RegExp(`^(${place}\\.cls(\\d+)\\.(th[\\d.]+|no_bg))\\.(?:scores|labels)$`));
      for (const { parts } of asked) {
        const [prefix, count, background] = parts;
        outputs[`${prefix}.scores`] ??= classScores(encoded, classes[count], scale, size, {
          background: backgroundOf(background),
        });
        outputs[`${prefix}.labels`] ??= argMax(outputs[`${prefix}.scores`], { axis: 1 });
      }
    }
    Object.assign(
      outputs,
      slid(golden, at, classes, scale, (image) => encodeImages(scope, image, settings)),
    );

    const values = await evaluate(askedOf(golden, outputs), { ...weights, ...feeds });
    const numbers: Record<string, NdArray> = {};
    for (const [name, array] of Object.entries(values)) {
      const expected = golden.tensor(name);
      if (/(argmax|labels|labels_resized)$/.test(name)) {
        expect(withoutBatch(array).shape).toEqual(expected.shape);
        expect(differing(array, expected), name).toBeLessThanOrEqual(allowedShare());
        numbers[name] = expected; // compared here, by the rule for labels
      } else if (name.endsWith("scores")) numbers[name] = settled(array, expected);
      else numbers[name] = name.includes("group_map") ? withoutBatch(array) : array;
    }
    // Images are given, not expected.
    checkAll(goldens, golden, numbers, {}, /^(?!.*\.image$)/);
  });
});

/** The mean of overlapping windows' scores, and labels of it at another size, by the names of golden tensors. */
function slid(
  golden: GoldenCase,
  at: Named<Tensor>,
  classes: Named<Tensor>,
  scale: Tensor,
  encode: (image: Tensor) => ReturnType<typeof encodeImages>,
): Record<string, Tensor> {
  const { slide } = golden.config as {
    slide?: { crop: [number, number]; stride: [number, number]; resized_to: [number, number] };
  };
  const image = at["slide.image"];
  if (image === undefined || slide === undefined) return {};
  const [height, width] = image.shape.slice(2);
  const [tops, lefts] = [height, width].map((size, axis) => {
    const windowing: Windowing = {
      stride: () => slide.stride[axis],
      profile: (window) => new Float32Array(window).fill(1),
    };
    return windowStarts(size, slide.crop[axis], windowing);
  });
  const expected = named(golden, /^slide\.(th[\d.]+|no_bg)\.(?:scores|labels_resized)$/);
  // Scores tell by their number which classes are asked for; where there are none it is the first set, as in the authors' case.
  const scored = expected.find(({ name }) => name.endsWith("scores"));
  const classCount = ({ name, parts }: (typeof expected)[number]) =>
    golden.tensor(name).shape[0] - (backgroundOf(parts[0]) === null ? 0 : 1);
  const vectors = scored === undefined ? Object.values(classes)[0] : classes[classCount(scored)];
  const outputs: Record<string, Tensor> = {};
  for (const {
    parts: [threshold],
  } of expected) {
    const background = backgroundOf(threshold);
    const ones = constant(
      ndarray("float32", [1, 1, ...slide.crop], new Float32Array(slide.crop[0] * slide.crop[1]).fill(1)),
    );
    let sum: Tensor | undefined;
    let counts: Tensor | undefined;
    for (const top of tops) {
      for (const left of lefts) {
        const window = slice(image, [
          { axis: 2, start: top, end: top + slide.crop[0] },
          { axis: 3, start: left, end: left + slide.crop[1] },
        ]);
        const around = {
          before: [0, 0, top, left],
          after: [0, 0, height - top - slide.crop[0], width - left - slide.crop[1]],
        };
        const scores = pad(classScores(encode(window), vectors, scale, slide.crop, { background }), around);
        const count = pad(ones, around);
        sum = sum === undefined ? scores : add(sum, scores);
        counts = counts === undefined ? count : add(counts, count);
      }
    }
    const mean = div(sum!, counts!);
    outputs[`slide.${threshold}.scores`] = mean;
    outputs[`slide.${threshold}.labels_resized`] = argMax(resize(mean, slide.resized_to), { axis: 1 });
  }
  return outputs;
}

describe("the port to Hugging Face", () => {
  testEach(goldens, "port", /^in\.pixel_values$/, async (golden) => {
    const { settings, weights } = await tinyModel(goldens, golden.config);
    const { at, feeds } = inputsOf(golden, /^in\.(pixel_values|input_ids)$/);
    const scope = new Model().scope.shared();
    const pixels = at["in.pixel_values"];
    const size = pixels.shape.slice(2) as [number, number];
    const encoded = encodeImages(scope, pixels, settings);
    const images = unitVectors(encoded.embedding);
    const scale = unclampedScale(scope);
    const first = (x: Tensor, count: number) => slice(x, [{ axis: 0, start: 0, end: count }]);
    // Of some tensors the case has the first images alone.
    const counts = (name: string) => golden.entries[name]?.shape[0] ?? 0;
    const outputs: Record<string, Tensor> = {
      image_embeds: images,
      vision_last_hidden_state: encoded.tokens,
      ...Object.fromEntries(encoded.soft.map((soft, stage) => [`attentions.${stage}`, soft])),
      grouping: first(groupMaps(encoded.soft, encoded.grid, size).at(-1)!, counts("grouping")),
    };
    if (at["in.input_ids"] !== undefined) {
      const texts = encodeTexts(scope, at["in.input_ids"], settings).embedding;
      const units = unitVectors(texts);
      const logits = portScores(encoded, units, scale, size);
      outputs.text_embeds = units;
      outputs.logits_per_image = mul(matmul(images, units, { transposeB: true }), scale);
      outputs.segmentation_logits = first(logits, counts("segmentation_logits"));
      outputs.loss = contrastiveLoss(encoded.embedding, first(texts, pixels.shape[0]), scale);
    }
    const asked = askedOf(golden, outputs);
    const fed = { ...weights, ...feeds };
    // Logits that cancel each other out, multiplied by the temperature twice.
    const { segmentation_logits } = asked;
    const noise = segmentation_logits === undefined ? {} : await float32Noise({ segmentation_logits }, fed);
    checkAll(goldens, golden, await evaluate(asked, fed), noise);
  });
});
