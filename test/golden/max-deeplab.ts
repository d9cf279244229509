/** MaX-DeepLab's manifest as our settings, weights and tolerances: what its golden tests share. */
import { expect } from "vitest";
import { type Dtype, isFloat } from "../../src/array/dtype.ts";
import { fromNumbers, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { ourName, ourTensor } from "../../src/methods/max-deeplab/names.ts";
import type { MaxDeepLabSettings } from "../../src/methods/max-deeplab/settings.ts";
import { type MaskTargets, maskTargets } from "../../src/methods/max-deeplab/targets.ts";
import { add, mul, squeeze, sum, transpose, unsqueeze } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { caseEntries } from "./cases.ts";
import { float32Noise } from "./float32-noise.ts";
import { type GoldenCase, type Goldens, openGoldens } from "./manifest.ts";

export const goldens: Goldens = openGoldens("max-deeplab");

/** Tests of all cases of a file (null: of any) that are wanted, whatever they are called; of a file that is not there, none. */
export function coversFile(
  file: string | null,
  run: (golden: Golden) => Promise<void> | void,
  wanted: (config: Readonly<Record<string, unknown>>) => boolean = () => true,
): void {
  for (const entry of caseEntries(goldens.manifest)) {
    if (entry.file === undefined || (file !== null && entry.file !== file)) continue;
    if (!wanted(entry.config ?? {}) || !goldens.has(entry.file)) continue;
    goldens.covers(entry.name, (golden) => run(goldenOf(golden)));
  }
}

/** A case, its tensors by `role/name`. */
export interface Golden {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** The case as the manifest has it, for what is neither config nor tensor. */
  readonly entry: Readonly<Record<string, unknown>>;
  /** Tensors of a role, by name. */
  of(role: string): Named<NdArray>;
  /** What the manifest says of a tensor `role/name`. */
  describe(name: string): unknown;
  /** What of the arrays is not within tolerance, plus `noise`, of the tensor `role/name`; all count as compared. */
  problems(got: Named<NdArray>, noise?: Named<number>): string[];
  /** Fails where there are problems. */
  check(got: Named<NdArray>): void;
  /** Fails where a tensor of one of these roles was compared with nothing. */
  complete(roles: readonly string[]): void;
}

export function goldenOf(golden: GoldenCase): Golden {
  const prefix = `${golden.name}/`;
  const compared = new Set<string>();
  const { relative, absolute } = tolerances();
  const slopes = Object.values(golden.under(`${prefix}grad/`)).map(largestOf);
  // A gradient that is 0 in theory (of a bias that a norm takes out again) is dust in float64, and larger dust in float32.
  const largestSlope = Math.max(0, ...slopes);
  const dust = (name: string, expected: NdArray) =>
    name.startsWith("grad/") && largestOf(expected) < 1e-9 * largestSlope ? 1e-5 * largestSlope : 0;
  const problems = (got: Named<NdArray>, noise: Named<number> = {}) =>
    Object.entries(got).flatMap(([name, array]) => {
      compared.add(name);
      const expected = golden.tensor(prefix + name);
      const variable = /^(?:grad\/weight\.|running_after\/)(.*)$/.exec(name)?.[1];
      const ours = variable === undefined ? expected : ourTensor(variable, expected);
      const allowed = absolute + (noise[name] ?? 0) + dust(name, expected);
      return difference(name, array, ours, { relative, absolute: allowed });
    });
  return {
    name: golden.name,
    config: golden.config,
    entry: { ...caseEntries(goldens.manifest).find(({ name }) => name === golden.name) },
    of: (role) => golden.under(`${prefix}${role}/`),
    describe: (name) => golden.entries[prefix + name],
    problems,
    check: (got) => expect(problems(got), `golden ${golden.name}`).toEqual([]),
    complete(roles) {
      const names = Object.keys(golden.entries).map((name) => name.slice(prefix.length));
      const missing = names.filter((name) => roles.includes(name.split("/")[0]) && !compared.has(name));
      expect(missing, `golden ${golden.name}: compared with nothing`).toEqual([]);
    },
  };
}

/** `relative 2e-4 / absolute 2e-5 for float32`, of a tensor's largest magnitude and beside it. */
function tolerances(): { readonly relative: number; readonly absolute: number } {
  const text = (goldens.manifest.conventions as Named<string> | undefined)?.suggested_tolerance ?? "";
  const found = /relative ([\d.e+-]+\d) \/ absolute ([\d.e+-]+\d)/.exec(text);
  if (found === null) throw new Error(`golden max-deeplab: the tolerance "${text}" cannot be read.`);
  return { relative: Number(found[1]), absolute: Number(found[2]) };
}

function largestOf(array: NdArray): number {
  return toNumbers(array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function difference(
  name: string,
  got: NdArray,
  expected: NdArray,
  { relative, absolute }: { readonly relative: number; readonly absolute: number },
): string[] {
  const [a, b] = [toNumbers(got), toNumbers(expected)];
  if (got.shape.join() !== expected.shape.join())
    return [`${name}: expected shape ${expected.shape}, got ${got.shape}`];
  const largest = largestOf(expected);
  const allowed = isFloat(expected.dtype) ? absolute + relative * largest : 0;
  let [worst, place] = [0, 0];
  for (const [i, value] of b.entries()) {
    const off = Math.abs(a[i] - value);
    if (!(off <= worst)) [worst, place] = [Number.isNaN(off) ? Infinity : off, i];
  }
  return worst <= allowed ? [] : [`${name}: ${a[place]} for ${b[place]} at element ${place}, largest ${largest}`];
}

/** Inputs of a graph by the names of the tensors `input/…`. */
export function inputsOf(golden: Golden, role = "input"): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(golden.of(role)).map(([name, { shape, dtype }]) => [name, input(`${role}/${name}`, shape, dtype)]),
  );
}

/** All that is fed: inputs and targets as they are, weights by our names in our layout; `place` stands in front of these. */
export function feedsOf(golden: Golden, place = ""): Record<string, NdArray> {
  const named = ["input", "target", "cotangent"].flatMap((role) =>
    Object.entries(golden.of(role)).map(([name, array]) => [`${role}/${name}`, array] as const),
  );
  const weights = Object.entries(golden.of("weight")).map(
    ([name, array]) => [place + ourName(name), ourTensor(name, array)] as const,
  );
  return Object.fromEntries([...named, ...weights]);
}

/**
 * Runs a graph and compares. What is off by more than the manifest allows may still be off by as much as float32 itself: a few
 * times what results move by when all that is fed moves by half a unit in the last place, since every operator rounds as well.
 */
export async function checkGraph(golden: Golden, outputs: Named<Tensor>, feeds: Named<NdArray>): Promise<void> {
  const values = await evaluate(outputs, feeds);
  if (golden.problems(values).length === 0) return;
  const moves = Object.entries(await float32Noise(outputs, feeds));
  expect(golden.problems(values, Object.fromEntries(moves.map(([name, move]) => [name, 4 * move])))).toEqual([]);
}

export interface Built {
  /** By the manifest's names, laid out as there. */
  readonly outputs: Named<Tensor>;
  /** Compared when predicting alone. */
  readonly aux?: Named<Tensor>;
}

/** Builds the case's graph twice, predicting and training, and compares all that the manifest has of it. */
export async function checkModule(
  golden: Golden,
  build: (scope: Scope, inputs: Named<Tensor>) => Built,
  { place = "" }: { readonly place?: string } = {},
): Promise<void> {
  const feeds = feedsOf(golden, place);
  const inputs = inputsOf(golden);

  const { outputs, aux = {} } = build(new Model().scope, inputs);
  const predicting = known(golden, "infer", "infer/", outputs);
  const between = known(golden, "aux", "aux/infer.", aux, "infer.");
  await checkGraph(golden, { ...predicting, ...between }, feeds);

  const model = new Model({ training: true });
  const trained = build(model.scope, inputs).outputs;
  const training = known(golden, "train", "train/", trained);
  const averages = known(golden, "running_after", "running_after/", theirNames(golden, model.updates, place));
  const cotangents = inputsOf(golden, "cotangent");
  const objective = Object.entries(cotangents)
    .map(([name, cotangent]) => sum(mul(trained[name], cotangent)))
    .reduce((left, right) => add(left, right));
  const slopes = slopesOf(golden, objective, model, inputs, place);
  await checkGraph(golden, { ...training, ...averages, ...slopes }, feeds);
  golden.complete(["infer", "train", "running_after", "grad"]);
}

/** Gradients by the names `grad/input.…` and `grad/weight.…`, those that the manifest has. */
export function slopesOf(
  golden: Golden,
  objective: Tensor,
  model: Model,
  inputs: Named<Tensor>,
  place = "",
): Record<string, Tensor> {
  const names = Object.keys(golden.of("grad"));
  const wrt = names.map((name) => {
    const dot = name.indexOf(".");
    const [kind, of] = [name.slice(0, dot), name.slice(dot + 1)];
    const found = kind === "input" ? inputs[of] : model.parameters.get(place + ourName(of))?.tensor;
    if (found === undefined) throw new Error(`golden ${golden.name}: our network has no ${name}.`);
    return found;
  });
  const found = gradients(objective, wrt);
  return Object.fromEntries(names.map((name, i) => [`grad/${name}`, found[i]]));
}

function known(
  golden: Golden,
  role: string,
  prefix: string,
  tensors: Named<Tensor>,
  inner = "",
): Record<string, Tensor> {
  const there = golden.of(role);
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([name, tensor]) => (there[inner + name] ? [[prefix + name, tensor]] : [])),
  );
}

/** New averages by the names of the manifest. */
export function theirNames(golden: Golden, updates: ReadonlyMap<string, Tensor>, place = ""): Record<string, Tensor> {
  return Object.fromEntries(
    Object.keys(golden.of("running_after")).map((name) => {
      const found = updates.get(place + ourName(name));
      if (found === undefined) throw new Error(`golden ${golden.name}: our network keeps no ${name}.`);
      return [name, found];
    }),
  );
}

/** [B, H, W, C] → [B, C, H, W]. */
export const channelsFirst = (x: Tensor) => transpose(x, [0, 3, 1, 2]);
/** [B, C, H, W] → [B, H, W, C]. */
export const channelsLast = (x: Tensor) => transpose(x, [0, 2, 3, 1]);
/** [B, N, C] → [B, C, N, 1]: sequences and slots as we have them. */
export const columns = (x: Tensor) => unsqueeze(transpose(x, [0, 2, 1]), 3);
/** The way back. */
export const rows = (x: Tensor) => transpose(squeeze(x, 3), [0, 2, 1]);

interface ModelConfig {
  readonly num_blocks: readonly number[];
  readonly width: number;
  readonly stem_width: number;
  readonly backbone: string;
  readonly axial: number;
  readonly bt: number;
  readonly et: number;
  readonly bstacks: number;
  readonly bbps: number;
  readonly estacks: number;
  readonly ebps: number;
  readonly slots: number;
  readonly mem: number;
  readonly tbase: number;
  readonly gffn: number;
  readonly abe: number;
  readonly ke: number;
  readonly ve: number;
  readonly heads: number;
  readonly ffn: number;
  readonly m2m: boolean;
  readonly p2m: boolean;
  readonly mask_feature_channels: number;
  readonly head_channels: number;
  readonly semantic_decoder: { aspp_c: number; dec_c: number; rates: number[]; low: [string, number][] };
  readonly max_span: number;
}

/** Our settings for a whole network that the manifest describes; nothing is dropped. A stride of 0 switches a kind off. */
export function modelSettings(config: Readonly<Record<string, unknown>>): MaxDeepLabSettings {
  const given = config as unknown as ModelConfig;
  return {
    backbone: given.backbone.startsWith("wide") ? "wide-resnet" : "resnet",
    stageBlocks: given.num_blocks,
    widthMultiplier: given.width,
    stemMultiplier: given.stem_width,
    axialFromStride: given.axial || 64,
    transformerFromStride: given.bt || 64,
    extraTransformerFromStride: given.et || 64,
    backboneHourglasses: given.bstacks,
    extraHourglasses: given.estacks,
    backboneDecoderBlocks: given.bbps,
    extraDecoderBlocks: given.ebps,
    keyExpansion: given.ke,
    valueExpansion: given.ve,
    axialExpansion: given.abe,
    maxSpan: given.max_span,
    heads: given.heads,
    recomputeAttention: false,
    slots: given.slots,
    memoryChannels: given.mem,
    transformerMultiplier: given.tbase,
    ffnChannels: given.ffn,
    memoryToPixel: true,
    memoryToMemory: given.m2m,
    pixelToMemory: given.p2m,
    featureChannels: given.gffn,
    maskChannels: given.mask_feature_channels,
    headChannels: given.head_channels,
    maskScale: 0.1,
    asppChannels: given.semantic_decoder.aspp_c,
    asppRates: given.semantic_decoder.rates,
    semanticChannels: given.semantic_decoder.dec_c,
    lowLevelChannels: given.semantic_decoder.low.map(([, width]) => width),
    asppDropout: 0,
    dropPath: 0,
    dropPathSchedule: "linear",
    dropPathFromStride: 16,
  };
}

/** Numbers of a graph that asks the host on its way, such as for the matching. */
export async function evaluateWithHost(
  model: Model,
  outputs: Named<Tensor>,
  feeds: Named<NdArray>,
): Promise<{ readonly values: Named<NdArray>; readonly feeds: Named<NdArray> }> {
  let all = feeds;
  for (const { inputs, outputs: made, compute } of model.hostCalls) {
    const found = await compute(await evaluate(inputs, all));
    const fed = Object.entries(made).map(([name, { source }]) => {
      if (source.kind === "node") throw new Error("golden max-deeplab: what the host gives is no input.");
      return [source.name, found[name]] as const;
    });
    all = { ...all, ...Object.fromEntries(fed) };
  }
  const values = Object.keys(outputs).length === 0 ? {} : await evaluate(outputs, all);
  return { values, feeds: all };
}

export interface LabelConfig {
  readonly thing_class_ids: readonly number[];
  readonly stuff_class_ids: readonly number[];
  readonly ignore_label: number;
  readonly stride: number;
}

/** The targets of a case by the names of our graph's inputs, made of the tensors `target/…`. */
export function targetFeeds(golden: Golden, { thing_class_ids, stuff_class_ids, ignore_label, stride }: LabelConfig) {
  const given = golden.of("target");
  const [batch, height, width] = given.semantic.shape;
  const sample = (array: NdArray, i: number) => {
    const size = array.data.length / batch;
    return toNumbers(array).slice(i * size, (i + 1) * size);
  };
  const targets = Array.from({ length: batch }, (_, i) =>
    maskTargets(
      {
        ...{ height, width },
        semantic: sample(given.semantic, i),
        thingId: sample(given.thing_id_mask, i),
        thingClass: sample(given.thing_id_class, i),
      },
      { things: thing_class_ids, stuff: stuff_class_ids, ignoreLabel: ignore_label },
      stride,
    ),
  );
  const [rows4, columns4] = [targets[0].height, targets[0].width];
  const joined = (dtype: Dtype, of: (each: MaskTargets) => ArrayLike<number>, shape: readonly number[]) =>
    fromNumbers(
      dtype,
      [batch, ...shape],
      targets.flatMap((each) => Array.from(of(each))),
    );
  const weight = given.semantic_weight;
  const weightAt = (i: number) => (at: number) => {
    if (weight === undefined) return 1;
    const [y, x] = [Math.floor(at / columns4) * stride, (at % columns4) * stride];
    return Number(weight.data[(i * height + y) * width + x]);
  };
  const weights = targets.flatMap(({ nonvoid }, i) => Array.from(nonvoid, (counted, at) => counted * weightAt(i)(at)));
  return {
    segment: joined("int32", ({ segment }) => segment, [rows4, columns4]),
    nonvoid: joined("uint8", ({ nonvoid }) => nonvoid, [rows4, columns4]),
    segmentClass: joined("int32", ({ segmentClass }) => segmentClass, [targets[0].segmentClass.length]),
    semantic: joined("int32", ({ semantic }) => semantic, [rows4, columns4]),
    semanticWeight: fromNumbers("float32", [batch, rows4, columns4], weights),
  };
}

/** The manifest's names of our terms. */
export const termNames: Readonly<Record<string, string>> = {
  instance: "instance_discrimination_loss",
  mask: "pq_style_loss_mask_dice_term",
  maskId: "mask_id_cross_entropy_loss",
  class: "pq_style_loss_class_term",
  semantic: "semantic_loss",
};
