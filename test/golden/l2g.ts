/** What the golden tests of L2G share: names, tolerances, and networks by what a case says of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { show } from "../../src/array/shape.ts";
import type { Scope } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { type TargetOptions, usualTarget } from "../../src/methods/l2g/losses.ts";
import { classify, resNet38Places } from "../../src/methods/l2g/network.ts";
import type { Renaming } from "../../src/weights/rename.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { coversStated, expectStated, unknownValue } from "./config.ts";
import { type GoldenCase, type Goldens, openGoldens } from "./manifest.ts";

export const goldens = openGoldens("l2g");

/** Tests all cases of a file whose own name matches, each to the last tensor and field; a set without any gets one test, skipped. */
export function coversAll(file: string, kind: RegExp, run: (golden: L2GCase) => Promise<void> | void): void {
  const names = goldens.names.filter((name) => name.startsWith(`${file}/`) && kind.test(name.slice(file.length + 1)));
  for (const name of names.length > 0 ? names : [`${file}/${kind.source}`]) {
    coversStated(goldens, name, async (golden) => {
      const whole = caseOf(goldens, golden);
      await run(whole);
      expect(whole.untouched(), `${name}: tensors that are neither fed nor compared`).toEqual([]);
    });
  }
}

export interface L2GCase {
  /** Within its file. */
  readonly name: string;
  readonly config: GoldenCase["config"];
  /** The file that it stands in. */
  readonly file: string;
  /** As the manifest describes them; `weights/*` stands for many. */
  readonly names: readonly string[];
  readonly entry: GoldenCase["entries"];
  /** What the manifest says of the case beside its tensors: `what` it is, lists of names. */
  readonly raw: RawCase;
  has(name: string): boolean;
  tensor(name: string): NdArray;
  under(prefix: string): Named<NdArray>;
  /** Tensors that the manifest describes and nobody has asked for. */
  untouched(): string[];
  /** Fails unless each array is within the manifest's tolerance, which gradients through networks have their own of. */
  check(got: Named<NdArray>, kind?: "numbers" | "gradients"): void;
}

export interface RawCase {
  readonly what: string;
  readonly tolerance?: string;
  readonly params_without_grad?: readonly string[];
  readonly param_groups?: { readonly from_scratch: readonly string[] };
}

export function caseOf({ manifest }: Goldens, golden: GoldenCase): L2GCase {
  const [, name] = golden.name.split("/");
  const prefix = `${name}/`;
  const touched = new Set<string>();
  const prefixes: string[] = [];
  const tensor = (inner: string) => {
    touched.add(inner);
    return golden.tensor(prefix + inner);
  };
  return {
    name,
    config: golden.config,
    file: golden.file!,
    names: Object.keys(golden.entries),
    entry: golden.entries,
    raw: (manifest as unknown as Manifest).files[golden.file!].cases[name],
    has: (inner) => golden.entries[inner] !== undefined,
    tensor,
    under(inner) {
      const found = golden.under(prefix + inner);
      if (Object.keys(found).length > 0) prefixes.push(inner);
      return found;
    },
    untouched: () =>
      Object.keys(golden.entries).filter(
        (inner) => !touched.has(inner) && !prefixes.some((each) => inner.startsWith(each)),
      ),
    check(got, kind = "numbers") {
      const { tolerance: own } = (manifest as unknown as Manifest).files[golden.file!].cases[name];
      const [numbers, gradients] = /<=/.test(own ?? "") ? tolerancesOf({ conventions: own }) : tolerancesOf(manifest);
      const tolerance = kind === "numbers" ? numbers : gradients;
      for (const [inner, array] of Object.entries(got)) expectClose(array, tensor(inner), tolerance, inner);
    },
  };
}

/** `abs <= 2e-4 * max|ref| (2e-3 for gradients through a whole network)` of the manifest's conventions. */
export function tolerancesOf({ conventions }: Goldens["manifest"]): readonly [numbers: number, gradients: number] {
  const found = /<= ([\d.e-]+) \* max\|ref\| \(([\d.e-]+) for gradients/.exec(JSON.stringify(conventions));
  expect(found).not.toBeNull();
  return [Number(found![1]), Number(found![2])];
}

interface Manifest {
  readonly files: Named<{ readonly cases: Named<RawCase> }>;
}

export function expectClose(got: NdArray, expected: NdArray, tolerance: number, where: string): void {
  expect(show(got.shape), where).toBe(show(expected.shape));
  const [a, b] = [toNumbers(got), toNumbers(expected)];
  const allowed = tolerance * b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const worst = a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
  expect(worst, where).toBeLessThanOrEqual(allowed);
}

/** The arrays `names` of the case as inputs of a graph, with what to feed. */
export function inputsOf(
  golden: L2GCase,
  names: readonly string[],
): { at: Record<string, Tensor>; feeds: Named<NdArray> } {
  const feeds = Object.fromEntries(names.map((name) => [name, asFloat(golden.tensor(name))]));
  const at = Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, input(name, shape)]));
  return { at, feeds };
}

/** The case whose weights another has, by what is said of that: `weights aspp/weights`. */
export function holderOf(what: string): string {
  const found = /(\w+)\/weights/.exec(what);
  if (found === null) throw new Error(`golden l2g: expected whose weights they are, got "${what}".`);
  return found[1];
}

/** The case's own weights, or those of the case that `what` is said to have: in its file, or `network.safetensors forward_0/weights/`. */
export function weightsOf(golden: L2GCase, what: string): Named<NdArray> {
  const own = golden.under("weights/");
  if (Object.keys(own).length > 0) return own;
  const path = join(goldens.folder, /\w+\.safetensors/.exec(what)?.[0] ?? golden.file);
  const prefix = `${holderOf(what)}/weights/`;
  const all = Object.entries(readSafetensors(readFileSync(path), path).tensors);
  return Object.fromEntries(
    all.filter(([name]) => name.startsWith(prefix)).map(([name, array]) => [name.slice(prefix.length), array]),
  );
}

/** Bytes become fractions, as the manifest says of `_u8`. */
export function asFloat(array: NdArray): NdArray {
  if (array.dtype !== "uint8") return array;
  return {
    dtype: "float32",
    shape: array.shape,
    data: Float32Array.from(array.data as Uint8Array, (value) => value / 255),
  };
}

/** Weights under our names, each one known; what counts batches has none. */
export function ourWeights(weights: Named<NdArray>, { ours }: Renaming, prefix = ""): Named<NdArray> {
  return Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => !name.endsWith("num_batches_tracked"))
      .map(([name, array]) => {
        const own = ours(name);
        expect(own, name).toBeDefined();
        return [prefix + own!, array];
      }),
  );
}

/** Channels that a case does not say are the published ones divided by `width_divisor`, or as the stem's are. */
export interface NetworkConfig {
  readonly num_classes: number;
  readonly width_divisor?: number;
  readonly conv1a?: number;
  /** Channels of the stages and in the middle of the fourth. */
  readonly b2?: number;
  readonly b3?: number;
  readonly b4?: number;
  readonly b5_mid?: number;
  readonly b5_out?: number;
  readonly b6_out?: number;
  readonly b7_out?: number;
  readonly f8_3?: number;
  readonly f8_4?: number;
  readonly f9?: number;
  /** Scores: the classes and the background. */
  readonly fc8_out?: number;
}

/** As published, with fields of the trunk and head called as cases call them. */
const publishedChannels = {
  ...{ conv1a: 64, b2: 128, b3: 256, b4: 512, b5_mid: 512, b5_out: 1024, b6_out: 2048, b7_out: 4096 },
  ...{ f8_3: 64, f8_4: 128, f9: 192 },
};

/** Channels of all layers, each a case's own or else the published ones divided. Throws where the two say different things. */
function channelsOf(config: NetworkConfig): typeof publishedChannels {
  const { conv1a: stem } = config;
  const { width_divisor: divisor = stem === undefined ? undefined : publishedChannels.conv1a / stem } = config;
  const all = Object.entries(publishedChannels).map(([layer, published]) => {
    const own = config[layer as keyof typeof publishedChannels];
    const divided = divisor === undefined ? undefined : published / divisor;
    // Whichever way it was made whole; widths that no divisor is said of are free.
    if (config.width_divisor !== undefined && own !== undefined && Math.abs(own - divided!) >= 1)
      throw unknownValue("l2g", layer, `${published} channels divided by width_divisor=${divisor}`, own);
    return [layer, own ?? Math.floor(divided ?? published)];
  });
  return Object.fromEntries(all) as typeof publishedChannels;
}

/** Channels of the trunk. */
export function trunkOf(config: NetworkConfig) {
  const { conv1a: width, b2, b3, b4, b5_mid: middle, b5_out, b6_out, b7_out } = channelsOf(config);
  return { width, channels: [b2, b3, b4, b5_out, b6_out, b7_out], middle };
}

/** Classes without the background, of which the scores have one more. */
export function classesOf({ num_classes: classes, fc8_out: scores }: NetworkConfig): number {
  expectStated({ name: "l2g" }, "fc8_out", scores, classes + 1);
  return classes;
}

/** The rule of a case, by its name and what the manifest says it is. Of ties the manifest says nothing. */
export function ruleOf(
  { name, raw, config }: Pick<L2GCase, "name" | "raw" | "config">,
  ties: TargetOptions["ties"] = "first",
): TargetOptions {
  const {
    bg_thr,
    ties: own,
    background_channel: place = "last",
  } = config as {
    readonly bg_thr: number;
    readonly ties?: TargetOptions["ties"];
    readonly background_channel?: string;
  };
  expectStated({ name }, "background_channel", place, "last");
  const is = (kind: RegExp) => kind.test(name) || kind.test(raw.what);
  return {
    ...usualTarget,
    ...{ threshold: bg_thr, ties: own ?? ties },
    background: is(/^coco/i) ? "raw" : "binary",
    fallback: is(/^paper|fallback/i) ? "paper" : "release",
  };
}

export function headOf(config: NetworkConfig) {
  const { f8_3, f8_4, f9 } = channelsOf(config);
  return {
    earlyChannels: f8_3,
    lateChannels: f8_4,
    affinityChannels: f9,
    correlation: true,
    scoreStart: "xavier" as const,
  };
}

/** Fails unless what a case says of its pictures and views is true of its tensors: images [B, 3, S, S] of `count` views with `side` pixels. */
export function expectViews(
  { name, config }: Pick<L2GCase, "name" | "config">,
  found: { readonly batch: number; readonly count: number; readonly side: number; readonly size?: number },
): void {
  const { batch, views, crop, input: size } = config;
  expectStated({ name }, "batch", batch, found.batch);
  expectStated({ name }, "views", views, found.count / found.batch);
  expectStated({ name }, "crop", crop, found.side);
  expectStated({ name }, "input", size, found.size);
}

/** The classification network of a case; x: normalized. */
export function networkOf(scope: Scope, x: Tensor, config: NetworkConfig, dropout: readonly [number, number] = [0, 0]) {
  const places = resNet38Places(scope.at("encoder"), x, { ...trunkOf(config), dropout });
  return { places, ...classify(scope.at("head"), x, places, classesOf(config), headOf(config)) };
}
