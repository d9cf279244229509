/** GroupViT's two losses alone, its learning rates, positions and stochastic depth, against the authors' code. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Named, type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { dropPathRates } from "../../src/methods/groupvit/image-encoder.ts";
import { clampedScale, contrastiveLoss, multiLabelLoss, multiLabelTerms } from "../../src/methods/groupvit/losses.ts";
import { sinusoidalPositions } from "../../src/methods/groupvit/sinusoidal.ts";
import { baseRecipe } from "../../src/methods/recipe.ts";
import { resizePositions } from "../../src/nn/embedding.ts";
import { add, mul } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { rateOf } from "../../src/step/update.ts";
import { askedOf, checkAll, inputsOf, tensorOf, testEach } from "./groupvit.ts";
import { openGoldens } from "./manifest.ts";
import { prefixed } from "./transunet-recipe.ts";

const goldens = openGoldens("groupvit");

describe("losses", () => {
  testEach(goldens, "losses", /^in\.multi_text$/, async (golden) => {
    const { world = 1 } = golden.config as { world?: number };
    const { at, feeds } = inputsOf(golden, /(^|\.)in\./);
    const [image, text, prompts] = ["image", "text", "multi_text"].map((name) => at[`in.${name}`]);
    const outputs: Record<string, Tensor> = {};
    for (const name of Object.keys(at)) {
      const place = /^(.*)\.in\.logit_scale$/.exec(name)?.[1];
      if (place === undefined) continue;
      const [scale, own] = [at[name], at[`${place}.in.multi_label_logit_scale`]];
      const first = clampedScale(scale);
      const second = place.startsWith("shared") || own === undefined ? first : clampedScale(own);
      const contrastive = contrastiveLoss(image, text, first);
      const multiLabel = multiLabelLoss(image, prompts, second);
      const scales = { logit_scale: scale, ...(own && { multi_label_logit_scale: own }) };
      const of = { image, text, multi_text: prompts, ...scales };
      const found = gradients(add(contrastive, multiLabel), Object.values(of));
      const byName = Object.fromEntries(Object.keys(of).map((each, i) => [each, found[i]]));
      Object.assign(outputs, prefixed(`${place}.loss.`, { contrastive, multi_label: multiLabel }));
      Object.assign(outputs, prefixed(`${place}.grad.`, byName));
      // What follows has the scales of the case "single".
      if (place !== "single") continue;
      const count = image.shape[0] / world;
      for (let rank = 0; rank < world; rank++) {
        const rows = { start: rank * count, count };
        outputs[`ranks.${rank}.loss.contrastive`] = contrastiveLoss(image, text, first, { own: rows });
        outputs[`ranks.${rank}.loss.multi_label`] = multiLabelLoss(image, prompts, second, { own: rows });
      }
      const { imageSide, promptSide } = multiLabelTerms(image, prompts, second, { form: "log-of-sum" });
      const half_sum = mul(add(imageSide, promptSide), 0.5);
      Object.assign(
        outputs,
        prefixed("paper_form.", { image_to_text: imageSide, text_to_image: promptSide, half_sum }),
      );
    }
    checkAll(goldens, golden, await evaluate(askedOf(golden, outputs), feeds));
  });
});

/** Of what is in `misc`, the parts that are the network's; others are tested where they are written. */
describe("positions and stochastic depth", () => {
  testEach(goldens, "positions resized", /^pos\.to_/, async (golden) => {
    const from = tensorOf(golden, "pos.in");
    const { at, feeds } = inputsOf(golden, /^pos\.in$/);
    const side = Math.sqrt(from.shape[1]);
    const resized: Record<string, Tensor> = {};
    for (const name of Object.keys(golden.entries)) {
      const [, rows, columns] = /^pos\.to_(\d+)x(\d+)$/.exec(name) ?? [];
      if (rows === undefined) continue;
      resized[name] = resizePositions(at["pos.in"], [side, side], [Number(rows), Number(columns)], { mode: "bicubic" });
    }
    // A grid of the same size stays as it is, and is then no graph.
    const same = Object.entries(resized).filter(([, graph]) => graph === at["pos.in"]);
    const others = Object.fromEntries(Object.entries(resized).filter(([, graph]) => graph !== at["pos.in"]));
    const got = { ...(await evaluate(others, feeds)), ...Object.fromEntries(same.map(([name]) => [name, from])) };
    checkAll(goldens, golden, got, {}, /^pos\.to/);
  });

  testEach(goldens, "fixed positions, rates of stochastic depth", /^(fourier|drop_path)\./, (golden) => {
    const got: Record<string, NdArray> = {};
    for (const name of Object.keys(golden.entries)) {
      const [, high, wide, width] = /^fourier\.(\d+)x(\d+)x(\d+)$/.exec(name) ?? [];
      if (width !== undefined) got[name] = sinusoidalPositions([Number(high), Number(wide)], Number(width));
      if (!name.startsWith("drop_path.")) continue;
      const [, depths, dropPath] = /depths ([\d,]+) and rate ([\d.]+)/.exec(whatOf(golden.entries[name])) ?? [];
      const rates = dropPathRates({ depths: depths.split(",").map(Number), dropPath: Number(dropPath) });
      got[name] = ndarray("float32", [rates.length], Float32Array.from(rates));
    }
    checkAll(goldens, golden, got, {}, /^(fourier|drop_path)/);
  });
});

function whatOf(entry: unknown): string {
  return (entry as { what: string }).what;
}

const rates = join(goldens.folder, "lr_schedule.json");

test.skipIf(!existsSync(rates))("learning rates of the authors' scheduler", () => {
  const golden = JSON.parse(readFileSync(rates, "utf8")) as Named<number> & {
    lr: Named<number>;
  };
  const recipe = {
    ...baseRecipe,
    ...({
      schedule: "cosine-from-start",
      learningRate: golden.base_lr,
      finalRate: golden.min_lr / golden.base_lr,
    } as const),
    steps: golden.epochs * golden.iters_per_epoch,
    warmupSteps: golden.warmup_epochs * golden.iters_per_epoch,
    warmupStart: golden.warmup_lr / golden.base_lr,
  };
  for (const [step, rate] of Object.entries(golden.lr)) {
    expect(Math.abs(rateOf(recipe, Number(step)) - rate), `step ${step}`).toBeLessThanOrEqual(1e-12 * golden.base_lr);
  }
});
