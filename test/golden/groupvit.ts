/** GroupViT's manifest as our weights and tolerances: what its golden tests share. */
import { expect, test } from "vitest";
import { isFloat } from "../../src/array/dtype.ts";
import { type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { show } from "../../src/array/shape.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import type { Model } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import type { ImageTokens } from "../../src/methods/groupvit/image-encoder.ts";
import { officialTensors, ourNames, ourWeights } from "../../src/methods/groupvit/weights.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { caseEntries } from "./cases.ts";
import type { GoldenCase, Goldens } from "./manifest.ts";

/** Names of a golden file in front of which a part of the network stands that it is of, such as `img_encoder.`. */
export type Place = string;

/** What a set lacks that a test needs; sets may leave out cases, tensors and files. */
export class NotInThisSet extends Error {}

/** A test that is skipped, with the reason, where the set lacks what it needs. */
export function testOfSet(name: string, run: () => Promise<void> | void): void {
  test(name, async ({ skip }) => {
    try {
      await run();
    } catch (error) {
      if (!(error instanceof NotInThisSet)) throw error;
      skip(error.message);
    }
  });
}

/** A test of every case that has a tensor like `sign`, whatever the case is called; of none a skipped one says so. */
export function testEach(
  goldens: Goldens,
  kind: string,
  sign: RegExp,
  run: (golden: GoldenCase) => Promise<void> | void,
): void {
  const entries = caseEntries(goldens.manifest);
  const cases = entries.filter(({ tensors = {} }) => Object.keys(tensors).some((name) => sign.test(name)));
  for (const { name } of cases) testOfSet(kind === name ? name : `${name}, ${kind}`, () => run(goldens.case(name)));
  if (cases.length === 0) test.skip(`${kind}: no case of this set is one`, () => {});
}

/** A tensor that the set may lack. */
export function tensorOf(golden: GoldenCase, name: string): NdArray {
  if (golden.entries[name] === undefined) throw new NotInThisSet(`${golden.name} has no ${name} in this set`);
  return golden.tensor(name);
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

/** Inputs of a graph by the names of golden tensors that are like `pattern`, and their numbers. */
export function inputsOf(
  golden: GoldenCase,
  pattern: RegExp = /^in\./,
): { at: Readonly<Record<string, Tensor>>; feeds: Named<NdArray> } {
  const names = Object.keys(golden.entries).filter((name) => pattern.test(name));
  const arrays = names.map((name) => [name, golden.tensor(name)] as const);
  return {
    at: Object.fromEntries(arrays.map(([name, { shape, dtype }]) => [name, input(name, shape, dtype)])),
    feeds: Object.fromEntries(arrays),
  };
}

/** Those of the graphs that a case has numbers of: what it left out is not computed. */
export function askedOf(golden: GoldenCase, outputs: Named<Tensor>): Named<Tensor> {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => golden.entries[name] !== undefined));
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
 * it, and where a tensor of the case whose name is like `wanted`, inputs and weights apart, is not among them. What the case
 * has no numbers of is passed over.
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
  const asked = Object.entries(got).filter(([name]) => golden.entries[name] !== undefined);
  const problems = asked.flatMap(([name, array]) => {
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
