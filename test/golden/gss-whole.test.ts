/** GSS end to end against the authors' code: a photograph to its mask, and steps of stage 2. */
import { afterAll, beforeAll, describe, expect } from "vitest";
import { float32, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { addEncoder, encoders } from "../../src/backbones/encoders.ts";
import { swin } from "../../src/backbones/swin.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { sized } from "../../src/methods/gss/head.ts";
import { encodedPicture, predictedMaskige, predictedScores } from "../../src/methods/gss/network.ts";
import { givenPalette, type Palette } from "../../src/methods/gss/palette.ts";
import { priorLosses, priorStage } from "../../src/methods/gss/prior-stage.ts";
import { type GssRecipe, published } from "../../src/methods/gss/recipe.ts";
import { transformOf } from "../../src/methods/gss/transform.ts";
import { besideWeights, officialNames } from "../../src/methods/gss/weights.ts";
import type { Task } from "../../src/methods/method.ts";
import { imagenetNormalization, symmetricNormalization } from "../../src/nn/image-input.ts";
import { argMax, cast, flip, resize, squeeze } from "../../src/ops/index.ts";
import { windowStarts } from "../../src/prediction/windows.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { openLocalEngine } from "../../src/runtime/local-engine.ts";
import { nodeBackend } from "../../src/runtime/node.ts";
import { buildStep } from "../../src/step/step.ts";
import { rateOf } from "../../src/step/update.ts";
import { covers, type GssCase, goldens } from "./gss.ts";
import { settingsOf } from "./gss-dvae.ts";
import {
  type HeadConfig,
  headSettings,
  inverseSettings,
  lossWeights,
  type SwinConfig,
  stateOf,
  swinOptions,
} from "./gss-networks.ts";

interface Config {
  readonly backbone: SwinConfig;
  readonly decode_head: HeadConfig;
  readonly dvae: GssCase["config"];
  readonly slide: { readonly crop_size: readonly [number, number]; readonly stride: readonly [number, number] };
  readonly img_shape: readonly [number, number];
  readonly ori_shape: readonly [number, number];
}

const names = officialNames(encoders["swin-tiny"]);

function weightsOf(name: string): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(stateOf(name)).flatMap(([theirs, array]) => {
      if (besideWeights.test(theirs)) return [];
      const own = names.ours(theirs);
      expect(own, theirs).toBeDefined();
      return [[own!, array] as const];
    }),
  );
}

/** The network of a case as a recipe; what it says of no case stays as published. */
function recipeOf(name: string, { backbone, decode_head, dvae }: Config, normalized = false): GssRecipe {
  const encoder = `${name}${normalized ? "-normalized" : ""}`;
  addEncoder(encoder, {
    // What is normalized already is taken as it is.
    normalization: normalized ? symmetricNormalization : imagenetNormalization,
    ...{ multiple: 1, dilates: false, published: encoders["swin-tiny"].published },
    features: (scope, x) => swin(scope, x, swinOptions(backbone)),
  });
  const head = headSettings(decode_head, settingsOf({ config: dvae }));
  const tokenizer = settingsOf({ config: dvae });
  const isTrained = decode_head.post_seg_channel !== undefined;
  return {
    ...published,
    ...{
      name,
      encoder,
      encoderStride: 32,
      variant: isTrained ? "FT-W" : "FF",
      ...givenPalette(decode_head.palette as Palette),
    },
    ...{ codes: tokenizer.codes, tokenizerWidth: tokenizer.width, tokenizerEntryWidth: tokenizer.entryWidth },
    ...{ tokenizerBlocks: tokenizer.blocksPerGroup, tokenizerGroups: tokenizer.groups },
    ...{ levelWidth: head.levelWidth, fusionWidth: head.width, classifierWidth: head.classifierWidth },
    ...{ aggregationDepth: head.depth, aggregationHeads: head.heads, aggregationWindow: head.window },
    ...{ headDropout: head.dropout, tokenGrid: decode_head.indice_channel_index === 0 ? 8 : 4 },
    pixelHead: /SingleFusion/.test(decode_head.type) ? "single" : "separate",
    ...(!isTrained && lossWeights(decode_head)),
    ...(isTrained && inverseFields(decode_head)),
  };
}

function inverseFields(config: HeadConfig): Partial<GssRecipe> {
  const { width, heads, window, depth } = inverseSettings(config);
  return { inverseWidth: width, inverseHeads: heads, inverseWindow: window, inverseDepth: depth };
}

const taskOf = ({ decode_head: { num_classes } }: Config): Task => ({
  classes: Array.from({ length: num_classes }, (_, i) => ({ name: `class ${i}`, color: [i, 0, 0] })),
  frequencies: [],
});

interface Predicted {
  readonly tokens: Tensor;
  /** At the picture's size: one-hot, or logits of the trained inverse. */
  readonly scores: Tensor;
}

/** picture: [B, H, W, 3] uint8. */
function predicted(scope: Scope, picture: Tensor, recipe: GssRecipe, config: Config): Predicted {
  const { tokens, maskige } = predictedMaskige(scope, picture, recipe, taskOf(config));
  const transform = transformOf(recipe, taskOf(config));
  const large = recipe.variant === "FT-W" ? transform.scores(scope, maskige) : transform.shares(scope, maskige);
  return { tokens, scores: sized(large, [picture.shape[1], picture.shape[2]]) };
}

/** Part of the pixels that differ. */
function apart(a: NdArray, b: NdArray): number {
  expect(a.data.length).toBe(b.data.length);
  const [left, right] = [toNumbers(a), toNumbers(b)];
  return left.filter((value, i) => value !== right[i]).length / left.length;
}

/** `masks: at most 0.5% differing pixels`. */
function mostApart({ name }: GssCase): number {
  const files = goldens.manifest.files as readonly { case: string; tolerance?: { forward: string } }[];
  const text = files.find((each) => each.case === name)?.tolerance?.forward ?? "";
  const found = /at most ([\d.]+)% differing/.exec(text);
  if (found === null) throw new Error(`golden gss: the tolerance "${text}" cannot be read.`);
  return Number(found[1]) / 100;
}

/** [1, K, H, W] where the golden has a corner of it alone. */
function corner(array: NdArray, { shape }: NdArray): NdArray {
  const [, classes, height, width] = array.shape;
  const [, , rows, columns] = shape;
  const values = Array.from({ length: classes * rows * columns }, (_, i) => {
    const [channel, y, x] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns];
    return Number(array.data[(channel * height + y) * width + x]);
  });
  return float32(shape, values);
}

for (const name of ["e2e_ff", "e2e_ftw"]) {
  covers(name, async (golden) => {
    const config = golden.config as unknown as Config;
    const rgb = golden.tensor("rgb");
    const weights = weightsOf(name);
    const recipe = recipeOf(name, config);
    const [height, width] = config.img_shape;
    const maskOf = async (scores: NdArray) => {
      const resized = resize(input("scores", scores.shape), config.ori_shape);
      const { mask } = await evaluate({ mask: argMax(resized, { axis: 1 }) }, { scores });
      return mask;
    };
    const run = async (picture: NdArray) => {
      const { tokens, scores } = predicted(new Model().scope, input("rgb", picture.shape, "uint8"), recipe, config);
      return evaluate({ tokens: cast(tokens, "int32"), scores }, { ...weights, rgb: picture });
    };

    const whole = await run(rgb);
    expect(apart(whole.tokens, golden.tensor("whole.tokens")), "tokens").toBeLessThanOrEqual(mostApart(golden));
    golden.check({ "whole.logits": corner(whole.scores, golden.tensor("whole.logits")) });
    expect(apart(await maskOf(whole.scores), golden.tensor("whole.mask")), "whole").toBeLessThanOrEqual(
      mostApart(golden),
    );

    // What the model predicts with has the same largest class.
    const shares = predictedScores(new Model().scope, input("rgb", rgb.shape, "uint8"), recipe, taskOf(config));
    const largest = (x: Tensor) => argMax(x, { axis: 1 });
    const found = await evaluate(
      { model: largest(shares), plain: largest(input("scores", whole.scores.shape)) },
      { ...weights, rgb, scores: whole.scores },
    );
    expect(apart(found.model, found.plain), "model").toBeLessThanOrEqual(mostApart(golden));

    // Mirrored, predicted, and mirrored back.
    const plane = input("x", rgb.shape, "uint8");
    const { mirrored } = await evaluate({ mirrored: flip(plane, { axes: [2] }) }, { x: rgb });
    const other = await maskOf((await run(mirrored)).scores);
    const { back } = await evaluate(
      { back: flip(input("mask", other.shape, "int64"), { axes: [2] }) },
      { mask: other },
    );
    expect(apart(back, golden.tensor("flip.mask")), "flip").toBeLessThanOrEqual(mostApart(golden));

    const averaged = await slid(rgb, config, async (window) => (await run(window)).scores);
    golden.check({ "slide.logits": corner(averaged, golden.tensor("slide.logits")) });
    expect(apart(await maskOf(averaged), golden.tensor("slide.mask")), "slide").toBeLessThanOrEqual(mostApart(golden));
    expect(averaged.shape.slice(2)).toEqual([height, width]);
  });
}

/** The mean of all windows' scores at each pixel. */
async function slid(rgb: NdArray, { slide }: Config, run: (window: NdArray) => Promise<NdArray>): Promise<NdArray> {
  const [, height, width] = rgb.shape;
  const size = slide.crop_size.map((side, axis) => Math.min(side, [height, width][axis]));
  const [tops, lefts] = [height, width].map((side, axis) =>
    windowStarts(side, size[axis], { stride: () => slide.stride[axis], profile: () => new Float32Array(0) }),
  );
  let [sums, classes] = [new Float64Array(0), 0];
  const counts = new Float64Array(height * width);
  for (const top of tops) {
    for (const left of lefts) {
      const bytes = new Uint8Array(3 * size[0] * size[1]);
      for (let y = 0; y < size[0]; y++) {
        const from = 3 * ((top + y) * width + left);
        bytes.set((rgb.data as Uint8Array).subarray(from, from + 3 * size[1]), 3 * y * size[1]);
      }
      const scores = await run({ dtype: "uint8", shape: [1, ...size, 3], data: bytes });
      classes = scores.shape[1];
      if (sums.length === 0) sums = new Float64Array(classes * height * width);
      for (let y = 0; y < size[0]; y++) {
        for (let x = 0; x < size[1]; x++) {
          const place = (top + y) * width + left + x;
          counts[place]++;
          for (let k = 0; k < classes; k++) {
            sums[k * height * width + place] += Number(scores.data[(k * size[0] + y) * size[1] + x]);
          }
        }
      }
    }
  }
  return float32(
    [1, classes, height, width],
    Float32Array.from(sums, (sum, i) => sum / counts[i % (height * width)]),
  );
}

interface TrainConfig {
  readonly schedule: {
    readonly base_lr: number;
    readonly warmup_iters: number;
    readonly warmup_ratio: number;
    readonly power: number;
    readonly max_iters: number;
    readonly weight_decay: number;
  };
  readonly no_decay_if_name_contains: readonly string[];
  readonly log: readonly { iter: number; lr: number; loss_ce: number; loss_ce_pixel: number; loss: number }[];
  /** `config of e2e_ff`. */
  readonly model: string;
}

describe("training", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());

  covers("train_steps", async (golden) => {
    const { schedule, log, model, no_decay_if_name_contains: exempt } = golden.config as unknown as TrainConfig;
    const beginning = /config of (\w+)/.exec(model)![1];
    const config = goldens.case(beginning).config as unknown as Config;
    const network = recipeOf(beginning, config, true);
    const stage = priorStage(network, taskOf(config), undefined);
    const inputs = { image: golden.tensor("image"), gt: golden.tensor("gt") };
    const official = (name: string) => names.theirs(name)!;
    const recipe: GssRecipe = {
      ...network,
      ...{ optimizer: "adamw", clipNorm: 0, averageDecay: 0, weightDecay: schedule.weight_decay },
      ...{ schedule: "poly-times-warmup", schedulePower: schedule.power, steps: schedule.max_iters, finalRate: 0 },
      ...{ learningRate: schedule.base_lr, warmupSteps: schedule.warmup_iters, warmupStart: schedule.warmup_ratio },
    };
    const step = await buildStep({
      engine,
      recipe,
      // The optimizer begins here, the schedule does not.
      rate: (at) => rateOf(recipe, log[at].iter),
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
      trains: stage.trains!,
      group: (name, rank) => ({ rate: 1, decay: 1, ...stage.group!(name, rank) }),
      loss: (scope, { image, gt }) =>
        priorLosses(scope, encodedPicture(scope, image, network), squeeze(gt, 1), network, taskOf(config)),
    });
    // The groups are the manifest's.
    for (const { name } of step.model.trained) {
      const isExempt = exempt.some((part) => official(name).includes(part));
      expect(stage.group!(name, 1), name).toEqual({ rate: 1, decay: isExempt ? 0 : 1 });
    }
    await step.initialize(0, weightsOf(beginning));
    const off = (got: number, expected: number) => Math.abs(got - expected) / Math.abs(expected);
    for (const [at, entry] of log.entries()) {
      const result = await step.run({ ...inputs }, { step: at, seed: 0 });
      expect(off(result.rate, entry.lr)).toBeLessThan(1e-6);
      expect(off(result.terms.tokens, entry.loss_ce)).toBeLessThan(1e-3);
      expect(off(result.terms.pixels, entry.loss_ce_pixel)).toBeLessThan(1e-3);
      expect(off(result.total, entry.loss)).toBeLessThan(1e-3);
    }
    const after = golden.under("after.");
    const kept = await engine.get(Object.keys(after).map((name) => names.ours(name)!));
    for (const [name, expected] of Object.entries(after)) {
      const got = toNumbers(kept[names.ours(name)!]);
      const worst = toNumbers(expected).reduce((most, value, i) => Math.max(most, Math.abs(got[i] - value)), 0);
      expect(worst, name).toBeLessThan(2e-4);
    }
    await step.release();
  });
});
