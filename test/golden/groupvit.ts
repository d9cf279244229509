/** GroupViT's manifest as our settings, weights and tolerances: what its golden tests share. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { isFloat } from "../../src/array/dtype.ts";
import { type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { show } from "../../src/array/shape.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import type { Model } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import type { ImageTokens } from "../../src/methods/groupvit/image-encoder.ts";
import { type GroupViTSettings, publishedGroupViT } from "../../src/methods/groupvit/settings.ts";
import { officialTensors, ourNames, ourWeights } from "../../src/methods/groupvit/weights.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { readWeights } from "../../src/weights/read-weights.ts";
import type { GoldenCase, Goldens } from "./manifest.ts";

/** Names of a golden file in front of which a part of the network stands that it is of, such as `img_encoder.`. */
export type Place = string;

interface ImageConfig {
  readonly img_size: number;
  readonly patch_size: number;
  readonly embed_dim: number;
  readonly embed_factors?: readonly number[];
  readonly depths: readonly number[];
  readonly num_heads?: readonly number[];
  readonly heads?: number;
  readonly num_group_tokens: readonly number[];
  readonly num_output_groups: readonly number[];
  readonly drop_path_rate?: number;
}

/** Our settings for the image encoder that a manifest describes; without stochastic depth, unless it says some. */
export function imageSettings(config: ImageConfig): GroupViTSettings {
  const { depths } = config;
  return {
    ...publishedGroupViT,
    imageSize: config.img_size,
    patchSize: config.patch_size,
    width: config.embed_dim,
    widthFactors: config.embed_factors ?? depths.map(() => 1),
    heads: config.num_heads ?? depths.map(() => config.heads!),
    depths,
    groupTokens: config.num_group_tokens,
    outputGroups: config.num_output_groups,
    dropPath: config.drop_path_rate ?? 0,
  };
}

/** The same for a whole model. */
export function modelSettings(config: Readonly<Record<string, unknown>>): GroupViTSettings {
  const { image, text, projector, num_prompts_K } = config as {
    image: ImageConfig;
    text: { context_length: number; width: number; heads: number; layers: number; vocab_size: number };
    projector: { hidden: number; out: number };
    num_prompts_K: number;
  };
  return {
    ...imageSettings(image),
    textContext: text.context_length,
    textWidth: text.width,
    textHeads: text.heads,
    textLayers: text.layers,
    textVocabulary: text.vocab_size,
    projectionHidden: projector.hidden,
    projectionWidth: projector.out,
    prompts: num_prompts_K,
  };
}

/** What the manifest calls the image encoder's results. */
export function imageOutputs({ patches, positioned, stages, tokens, pooled }: ImageTokens): Record<string, Tensor> {
  const outputs: Record<string, Tensor> = { patch_embed: patches, with_pos: positioned, feat: tokens, pooled };
  for (const [stage, { tokens: out, groupTokens, grouping }] of stages.entries()) {
    outputs[`stage${stage}.out`] = out;
    if (groupTokens !== null) outputs[`stage${stage}.group_tokens`] = groupTokens;
    if (grouping === null) continue;
    outputs[`stage${stage}.attn_soft`] = grouping.soft;
    outputs[`stage${stage}.attn_used`] = grouping.used;
  }
  return outputs;
}

/** Weights `w.*` of a file under our names; `place` is what their names leave out. */
export function weightsOf(golden: GoldenCase, place: Place): Record<string, NdArray> {
  const named = Object.entries(golden.under("w.")).map(([name, array]) => [place + name, array] as const);
  return ourWeights(Object.fromEntries(named), `${golden.file}`);
}

/** Weights of the whole tiny model: the one official checkpoint beside the goldens. */
export async function checkpointOf({ folder, manifest }: Goldens): Promise<Record<string, NdArray>> {
  const names = Object.keys(manifest.other_files as object).filter((name) => name.endsWith(".pth"));
  expect(names).toHaveLength(1);
  const { tensors, where } = await readWeights(readFileSync(join(folder, names[0])), names[0]);
  return ourWeights(tensors, where);
}

/** Inputs of a graph by the names of golden tensors, and their numbers. */
export function inputsOf(golden: GoldenCase, names: readonly string[]): { at: Named<Tensor>; feeds: Named<NdArray> } {
  const arrays = names.map((name) => [name, golden.tensor(name)] as const);
  return {
    at: Object.fromEntries(arrays.map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)])),
    feeds: Object.fromEntries(arrays),
  };
}

/** Our weights that the golden tensors `<prefix><official name>` are of: by our names. */
export function weightsNamed(
  golden: GoldenCase,
  prefix: string,
  { model, place = "" }: { model: Model; place?: Place },
): Record<string, Tensor> {
  const official = Object.keys(golden.entries).filter((name) => name.startsWith(prefix));
  const own = official.flatMap((name) => ourNames(place + name.slice(prefix.length)));
  return Object.fromEntries(
    own.map((name) => {
      const found = model.parameters.get(name);
      if (found === undefined) throw new Error(`golden ${golden.name}: our network has no weight ${name}.`);
      return [name, found.tensor];
    }),
  );
}

/** Arrays by our names → by golden names, `prefix` in front and `place` left out again. */
export function underGoldenNames(arrays: Named<NdArray>, prefix: string, place: Place = ""): Record<string, NdArray> {
  return Object.fromEntries(
    Object.entries(officialTensors(arrays)).map(([name, array]) => [prefix + name.slice(place.length), array]),
  );
}

/** Gradients of a scalar by golden names, `prefix` in front: of weights by our names, and of inputs by golden ones. */
export async function gradientsOf(
  objective: Tensor,
  weights: Named<Tensor>,
  inputs: Named<Tensor>,
  { feeds, prefix, place = "" }: { feeds: Named<NdArray>; prefix: string; place?: Place },
): Promise<Record<string, NdArray>> {
  const [ofWeights, ofInputs] = [Object.keys(weights), Object.keys(inputs)];
  const found = gradients(objective, [...Object.values(weights), ...Object.values(inputs)]);
  const numbers = await evaluate(Object.fromEntries(found.map((each, i) => [`gradient:${i}`, each])), feeds);
  const numbered = (names: readonly string[], first: number) =>
    names.map((name, i) => [name, numbers[`gradient:${first + i}`]] as const);
  return {
    ...underGoldenNames(Object.fromEntries(numbered(ofWeights, 0)), prefix, place),
    ...Object.fromEntries(numbered(ofInputs, ofWeights.length).map(([name, array]) => [prefix + name, array])),
  };
}

/** How far a number may be off: `absolute` + `ofLargest` · the tensor's largest magnitude + `relative` · its own. */
interface Tolerance {
  readonly absolute: number;
  readonly ofLargest: number;
  readonly relative: number;
}

/** Reads `abs 2e-5 + rel 1e-4` and `abs 1e-4 x (largest magnitude in that tensor) + rel 1e-3`. */
function toleranceFrom(text: string): Tolerance {
  const [, absolute, ofLargest] = /abs ([\d.e+-]+\d)( x \(largest)?/.exec(text) ?? [];
  if (absolute === undefined) throw new Error(`golden groupvit: the tolerance "${text}" cannot be read.`);
  const relative = /rel ([\d.e+-]+\d)/.exec(text)?.[1];
  return {
    absolute: ofLargest === undefined ? Number(absolute) : 0,
    ofLargest: ofLargest === undefined ? 0 : Number(absolute),
    relative: Number(relative ?? 0),
  };
}

const isGradient = /(^|\.)grad(\.|_norm$)/;
const isLoss = /(^|\.)(loss|paper_form)\./;

/**
 * Fails unless each array is within the manifest's tolerance of the golden tensor of its name, plus what `noise` says of
 * it, and where a tensor of the case whose name is like `wanted`, inputs and weights apart, is not among them.
 */
export function checkAll(
  goldens: Goldens,
  golden: GoldenCase,
  got: Named<NdArray>,
  noise: Named<number> = {},
  wanted = /./,
): void {
  const known = goldens.manifest.tolerance as Named<string>;
  const largestGradient = Math.max(
    ...Object.keys(golden.entries).map((name) => (isGradient.test(name) ? largestOf(golden.tensor(name)) : 0)),
  );
  const problems = Object.entries(got).flatMap(([name, array]) => {
    const expected = golden.tensor(name);
    const kind = isGradient.test(name) ? "gradients" : isLoss.test(name) ? "losses" : "activations";
    // A gradient that is 0 in theory (of a bias that a norm takes out again) is dust in float64, and larger dust in float32.
    const vanishes = kind === "gradients" && largestOf(expected) < 1e-12 * largestGradient;
    const dust = { absolute: 1e-6 * largestGradient, ofLargest: 0, relative: 0 };
    const { absolute, ...others } = vanishes ? dust : toleranceFrom(known[kind]);
    return difference(name, array, expected, { ...others, absolute: absolute + (noise[name] ?? 0) });
  });
  const missing = Object.keys(golden.entries)
    .filter((name) => wanted.test(name) && !/^w\.|(^|\.)in(\.|$)/.test(name) && got[name] === undefined)
    .map((name) => `${name}: expected numbers, got none`);
  expect([...problems, ...missing], `golden ${golden.name}`).toEqual([]);
}

function largestOf(array: NdArray): number {
  return toNumbers(array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function difference(name: string, got: NdArray, expected: NdArray, tolerance: Tolerance): string[] {
  if (show(got.shape) !== show(expected.shape)) {
    return [`${name}: expected shape ${show(expected.shape)}, got ${show(got.shape)}`];
  }
  const [a, b] = [toNumbers(got), toNumbers(expected)];
  const largest = largestOf(expected);
  const { absolute, ofLargest, relative } = tolerance;
  const allowed = (value: number) =>
    isFloat(expected.dtype) ? absolute + ofLargest * largest + relative * Math.abs(value) : 0;
  const wrong = b.findIndex((value, i) => !(Math.abs(a[i] - value) <= allowed(value)));
  return wrong < 0 ? [] : [`${name}: ${a[wrong]} for ${b[wrong]} at element ${wrong}, largest ${largest}`];
}
