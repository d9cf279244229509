/** GroupViT's image encoder and its grouping block alone, against the authors' modules. */
import type { NdArray } from "../../src/array/ndarray.ts";
import { Model } from "../../src/graph/scope.ts";
import { groupingBlock } from "../../src/methods/groupvit/grouping.ts";
import { imageEncoder } from "../../src/methods/groupvit/image-encoder.ts";
import { mul, squeeze, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import {
  askedOf,
  checkAll,
  gradientsOf,
  imageOutputs,
  inputsOf,
  testEach,
  weightsNamed,
  weightsOf,
} from "./groupvit.ts";
import { assignmentSettings, imageSettings } from "./groupvit-settings.ts";
import { type GoldenCase, openGoldens } from "./manifest.ts";
import { prefixed } from "./transunet-recipe.ts";

const goldens = openGoldens("groupvit");

const blockPlace = "img_encoder.layers.0.downsample.";

testEach(goldens, "grouping block", /^w\.assign\./, async (golden) => {
  const config = golden.config as { out_dim: number; num_heads_pre_assign: number; num_output_group: number };
  const settings = assignmentSettings(golden.config);
  const { at, feeds } = inputsOf(golden);
  const all = { ...feeds, ...weightsOf(golden, blockPlace) };
  const got: Record<string, NdArray> = {};
  for (const each of casesIn(golden, /^(.*)\.out$/)) {
    const model = new Model();
    const block = groupingBlock(model.scope.at("image.stage1.grouping"), at["in.x"], at["in.group_tokens"], {
      groups: config.num_output_group,
      heads: config.num_heads_pre_assign,
      outputs: config.out_dim,
      settings: { ...settings, assignment: each.includes("soft") ? "soft" : "hard" },
      noise: each.includes("gumbel") ? squeeze(at["in.gumbel_noise"], 1) : undefined,
    });
    const { groupTokens, tokens, projected, queries, logits, merged, segments, used, soft } = block;
    const mid = { norm_tokens: groupTokens, norm_x: tokens, projected_tokens: projected };
    const outputs = {
      ...prefixed("mid.", { ...mid, after_cross_attn: queries, assign_logits: logits }),
      ...prefixed(`${each}.`, { assign_out: merged, out: segments, attn_used: used, attn_soft: soft }),
    };
    Object.assign(got, await evaluate(askedOf(golden, outputs), all));
    if (at["in.cotangent"] === undefined) continue;
    const prefix = `${each}.grad.`;
    const weights = weightsNamed(golden, prefix, { model, place: blockPlace });
    const inputs = { x: at["in.x"], group_tokens: at["in.group_tokens"] };
    const objective = sum(mul(segments, at["in.cotangent"]));
    Object.assign(got, await gradientsOf(objective, weights, inputs, { feeds: all, prefix, place: blockPlace }));
  }
  checkAll(goldens, golden, got);
});

const encoderPlace = "img_encoder.";

testEach(goldens, "image encoder", /^w\.patch_embed\./, async (golden) => {
  const settings = imageSettings(golden.config);
  const { at, feeds } = inputsOf(golden);
  const all = { ...feeds, ...weightsOf(golden, encoderPlace) };
  const got: Record<string, NdArray> = {};
  for (const each of casesIn(golden, /^(.*)\.pooled$/)) {
    const training = each.startsWith("train");
    const model = new Model({ training });
    const suffix = /^eval(_.*)$/.exec(each)?.[1] ?? "";
    const images = at[`in.image${suffix}`];
    const noise = settings.depths.flatMap((_, stage) => at[`in.gumbel_noise.stage${stage}`] ?? []);
    const encoded = imageEncoder(
      model.scope.at("image"),
      images,
      { ...settings, ...(each.startsWith("soft") && { assignment: "soft" as const }) },
      training ? { noise: noise.map((given) => squeeze(given, 1)) } : {},
    );
    const outputs = prefixed(`${each}.`, imageOutputs(encoded));
    Object.assign(got, await evaluate(askedOf(golden, outputs), all));
    if (!training || at["in.cotangent"] === undefined) continue;
    const prefix = `${each}.grad.`;
    const weights = weightsNamed(golden, prefix, { model, place: encoderPlace });
    const objective = sum(mul(encoded.pooled, at["in.cotangent"]));
    const options = { feeds: all, prefix, place: encoderPlace };
    Object.assign(got, await gradientsOf(objective, weights, { image: images }, options));
  }
  checkAll(goldens, golden, got);
});

/** The parts of a file that tensors like `pattern` tell. */
function casesIn(golden: GoldenCase, pattern: RegExp): string[] {
  return Object.keys(golden.entries).flatMap((name) => pattern.exec(name)?.[1] ?? []);
}
