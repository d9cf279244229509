import { describe, expect, test } from "vitest";
import { UsageError } from "../../errors.ts";
import { ddep } from "./index.ts";
import { type DdepRecipe, type DdepTransUNetRecipe, recipes } from "./recipe.ts";

const tiny = recipes["ddep-tiny"];

test.each(Object.entries(recipes))("%s is valid and called by its name", (name, recipe) => {
  expect(() => ddep.validate(recipe)).not.toThrow();
  expect(recipe.name).toBe(name);
});

test.each<Partial<DdepRecipe>>([
  { start: "none", encoderSteps: 0, denoiseSteps: 0 },
  { noiseForm: "scaled", noiseMeasure: "gamma", noiseLevelMin: 0.9, noiseLevelMax: 0.99 },
  { noiseForm: "additive", noiseLevelMin: 0.1, noiseLevelMax: 100 },
  { noiseTarget: "image", noiseLoss: "huber", levelWeights: "snr", conditioned: true },
  { encoderCropHeight: 16, denoiseCropWidth: 8192, conditionEmbedding: 2, denoiseAverageDecay: 0.9999 },
  { stageUnits: [], skips: 0 },
])("%o is accepted", (change) => {
  expect(() => ddep.validate({ ...tiny, ...change })).not.toThrow();
});

const gamma = { noiseMeasure: "gamma", noiseForm: "scaled" } as const;

describe("values that cannot be are refused", () => {
  test.each<[Partial<Record<keyof DdepTransUNetRecipe, unknown>>, string]>([
    [
      { start: "imagenet" },
      "recipe ddep-tiny: start must be one of ddep, dep, supervised, none, got imagenet. Try ddep.",
    ],
    [{ noiseForm: "multiplied" }, "noiseForm must be one of scaled, additive, got multiplied"],
    [{ noiseMeasure: "beta" }, "noiseMeasure must be one of sigma, gamma"],
    [{ noiseTarget: "both" }, "noiseTarget must be one of noise, image"],
    [{ noiseLoss: "l3" }, "noiseLoss must be one of l2, l1, huber"],
    [{ levelWeights: "min-snr" }, "levelWeights must be one of uniform, snr"],
    [{ denoiseOptimizer: "lamb" }, "denoiseOptimizer must be one of adam, adamw, sgd, radam-lookahead"],
    [{ encoderSteps: -1 }, "encoderSteps must be a whole number from 0 to 99999999, got -1. Change it with --set."],
    [{ denoiseSteps: 0.5 }, "denoiseSteps must be a whole number from 0 to 99999999, got 0.5"],
    [{ denoiseWarmupSteps: Number.NaN }, "denoiseWarmupSteps must be a whole number"],
    [{ encoderBatchSize: 0 }, "encoderBatchSize must be a whole number from 1 to 1000000, got 0"],
    [{ denoiseScaleMin: 0 }, "denoiseScaleMin must be a number above 0 and at most 16, got 0"],
    [{ encoderScaleMin: 1.2 }, "encoderScaleMin must be at most encoderScaleMax (1), got 1.2. Change one of them."],
    [{ denoiseLearningRate: 0 }, "denoiseLearningRate must be a number above 0, got 0"],
    [{ encoderWeightDecay: -1 }, "encoderWeightDecay must be a number of at least 0, got -1"],
    [{ denoiseClipNorm: -1 }, "denoiseClipNorm must be a number of at least 0"],
    [{ denoiseAverageDecay: 1 }, "denoiseAverageDecay must be a number from 0 to 0.999999, got 1"],
    [{ conditionWidth: 0 }, "conditionWidth must be a whole number from 1 to 65536"],
    [{ conditionEmbedding: 7 }, "conditionEmbedding must be an even whole number from 2 to 65536, got 7. Try 32."],
    [{ conditionEmbedding: 0 }, "conditionEmbedding must be an even whole number"],
    [{ encoderCropHeight: 100 }, "encoderCropHeight must be a multiple of 16 up to 8192, got 100. Try 96."],
    [{ encoderCropWidth: 16_384 }, "encoderCropWidth must be a multiple of 16 up to 8192, got 16384. Try 8192."],
    [{ denoiseCropHeight: 0 }, "denoiseCropHeight must be a multiple of 16 up to 8192, got 0. Try 16."],
    [{ noiseLevelMin: 0.3, noiseLevelMax: 0.2 }, "noiseLevelMin must be at most noiseLevelMax (0.2), got 0.3"],
    [{ noiseLevelMin: 0 }, "noiseLevelMin must be a number above 0 and at most 100, got 0. 0.22 is usual."],
    [{ noiseLevelMax: 101 }, "noiseLevelMax must be a number above 0 and at most 100, got 101"],
    [{ ...gamma, noiseLevelMax: 1 }, "noiseLevelMax must be a gamma above 0 and below 1, got 1. 0.95 is usual."],
    [{ ...gamma, noiseLevelMin: 0, noiseLevelMax: 0.9 }, "noiseLevelMin must be a gamma above 0 and below 1, got 0"],
    [
      { ...gamma, noiseForm: "additive", noiseLevelMin: 0.9, noiseLevelMax: 0.9 },
      "noiseMeasure must be sigma where the noise is additive, got gamma. Use sigma.",
    ],
    [{ denoiseOutputStride: 3 }, "denoiseOutputStride must be one of 1, 2, 4, got 3"],
    // Fine-tuning would miss the last blocks.
    [{ denoiseOutputStride: 2, outputStride: 1 }, "denoiseOutputStride must be at most outputStride (1), got 2"],
    [{ denoiseEncoderRate: -1 }, "denoiseEncoderRate must be a number of at least 0, got -1"],
    // As of every TransUNet, and of every loss on masks.
    [{ cropHeight: 180 }, "cropHeight must be a multiple of 16 up to 8192, got 180. Try 176."],
    [{ stageUnits: [], skips: 3 }, "skips must be one of 0, got 3"],
    [{ crossEntropyWeight: 0 }, "crossEntropyWeight must be above 0 where no other loss is used"],
  ])("%o", (change, message) => {
    const refused = () => ddep.validate({ ...tiny, ...change } as DdepRecipe);
    expect(refused).toThrow(message);
    expect(refused).toThrow(UsageError);
  });
});
