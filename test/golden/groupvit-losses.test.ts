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
import { checkAll, inputsOf } from "./groupvit.ts";
import { openGoldens } from "./manifest.ts";
import { prefixed } from "./transunet-recipe.ts";

const goldens = openGoldens("groupvit");

describe("losses", () => {
  goldens.covers("losses", async (golden) => {
    const { world } = golden.config as { world: number };
    const names = Object.keys(golden.entries).filter((name) => /(^|\.)in\./.test(name));
    const { at, feeds } = inputsOf(golden, names);
    const [image, text, prompts] = ["image", "text", "multi_text"].map((name) => at[`in.${name}`]);
    const scales = (place: string, isShared: boolean) => {
      const [first, second] = ["logit_scale", "multi_label_logit_scale"].map((name) => at[`${place}.in.${name}`]);
      return { first: clampedScale(first), second: clampedScale(isShared ? first : second) };
    };
    const outputs: Record<string, Tensor> = {};
    for (const name of names) {
      const place = /^(.*)\.in\.logit_scale$/.exec(name)?.[1];
      if (place === undefined) continue;
      const { first, second } = scales(place, place.startsWith("shared"));
      const contrastive = contrastiveLoss(image, text, first);
      const multiLabel = multiLabelLoss(image, prompts, second);
      Object.assign(outputs, prefixed(`${place}.loss.`, { contrastive, multi_label: multiLabel }));
      const of = {
        ...{ image, text, multi_text: prompts },
        logit_scale: at[`${place}.in.logit_scale`],
        multi_label_logit_scale: at[`${place}.in.multi_label_logit_scale`],
      };
      const found = gradients(add(contrastive, multiLabel), Object.values(of));
      Object.assign(
        outputs,
        prefixed(`${place}.grad.`, Object.fromEntries(Object.keys(of).map((each, i) => [each, found[i]]))),
      );
    }
    // What follows has the scales of the case "single".
    const { first, second } = scales("single", false);
    const count = image.shape[0] / world;
    for (let rank = 0; rank < world; rank++) {
      const own = { start: rank * count, count };
      outputs[`ranks.${rank}.loss.contrastive`] = contrastiveLoss(image, text, first, { own });
      outputs[`ranks.${rank}.loss.multi_label`] = multiLabelLoss(image, prompts, second, { own });
    }
    const { imageSide, promptSide } = multiLabelTerms(image, prompts, second, { form: "log-of-sum" });
    outputs["paper_form.image_to_text"] = imageSide;
    outputs["paper_form.text_to_image"] = promptSide;
    outputs["paper_form.half_sum"] = mul(add(imageSide, promptSide), 0.5);
    checkAll(goldens, golden, await evaluate(outputs, feeds));
  });
});

/** Of what is in `misc`, the parts that are the network's; others are tested where they are written. */
describe("positions and stochastic depth", () => {
  goldens.covers("misc", async (golden) => {
    const got: Record<string, NdArray> = {};
    const { at, feeds } = inputsOf(golden, ["pos.in"]);
    const side = Math.sqrt(at["pos.in"].shape[1]);
    const resized: Record<string, Tensor> = {};
    for (const name of Object.keys(golden.entries)) {
      const [, rows, columns] = /^pos\.to_(\d+)x(\d+)$/.exec(name) ?? [];
      if (rows !== undefined) {
        const to = [Number(rows), Number(columns)] as const;
        if (to[0] === side && to[1] === side) got[name] = feeds["pos.in"];
        else resized[name] = resizePositions(at["pos.in"], [side, side], to, { mode: "bicubic" });
      }
      const [, high, wide, width] = /^fourier\.(\d+)x(\d+)x(\d+)$/.exec(name) ?? [];
      if (width !== undefined) got[name] = sinusoidalPositions([Number(high), Number(wide)], Number(width));
      if (!name.startsWith("drop_path.")) continue;
      const [, depths, dropPath] = /depths ([\d,]+) and rate ([\d.]+)/.exec(whatOf(golden.entries[name])) ?? [];
      const rates = dropPathRates({ depths: depths.split(",").map(Number), dropPath: Number(dropPath) });
      got[name] = ndarray("float32", [rates.length], Float32Array.from(rates));
    }
    checkAll(goldens, golden, { ...got, ...(await evaluate(resized, feeds)) }, {}, /^(pos\.to|fourier|drop_path)/);
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
