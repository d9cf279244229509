/** Dense CRF against a brute-force evaluation and the permutohedral implementation that the authors used. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type NdArray, ndarray } from "../../src/array/ndarray.ts";
import type { Image } from "../../src/image/image.ts";
import type { CrfSettings } from "../../src/refinement/crf-settings.ts";
import { denseCrf } from "../../src/refinement/dense-crf.ts";
import { exactFilter, exactFilterOfOthers } from "../../src/refinement/exact-filter.ts";
import { latticeFilter } from "../../src/refinement/lattice-filter.ts";
import { type Normalization, normalizations } from "../../src/refinement/mean-field.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { filtered } from "../support/filtered.ts";
import { coversStated, expectStated, unknownValue } from "./config.ts";
import { type GoldenCase, openGoldens } from "./manifest.ts";

const goldens = openGoldens("l2g");
const names = goldens.names.filter((name) => name.startsWith("densecrf/"));
const kindOf = (name: string, kind: RegExp) => kind.test(name.split("/")[1]);
const filters = names.filter((name) => kindOf(name, /^lattice_filter_/));
const scores = names.filter((name) => kindOf(name, /^cam_alpha_/));
const images = names.filter((name) => !filters.includes(name) && !scores.includes(name));

/** A tensor of the case, whose name the file puts before it. */
const own = (golden: GoldenCase, key: string) => golden.tensor(`${golden.name.split("/")[1]}/${key}`);
const has = (golden: GoldenCase, key: string) => golden.entries[key] !== undefined;
const numbers = ({ data }: NdArray) => data as Float32Array;

/** [height, width, 3] */
function imageOf({ shape: [height, width], data }: NdArray): Image {
  return { width, height, data: data as Uint8Array };
}

/** The manifest's `tolerance`: `exact: abs 1e-5; lattice ...: abs 1e-3 on 99% of entries`; of a filter pass `lattice: abs 1e-4 * max`. */
function toleranceOf(golden: GoldenCase) {
  const { tolerance: text = "" } = rawOf(golden);
  const number = (pattern: RegExp, usual: number) => Number(pattern.exec(text)?.[1] ?? usual);
  return {
    exact: number(/exact[^;]*?: abs ([\d.e-]+)(?! \*)/, 1e-5),
    lattice: number(/lattice[^;]*?: abs ([\d.e-]+) on/, 1e-3),
    share: number(/on ([\d.]+)\s*%/, 99) / 100,
    ofMost: number(/lattice[^;]*?: abs ([\d.e-]+) \* max/, 1e-4),
  };
}

function worst(got: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(got.length).toBe(expected.length);
  let most = 0;
  for (let i = 0; i < got.length; i++) most = Math.max(most, Math.abs(got[i] - expected[i]));
  return most;
}

function shareWithin(got: ArrayLike<number>, expected: ArrayLike<number>, limit: number): number {
  expect(got.length).toBe(expected.length);
  let within = 0;
  for (let i = 0; i < got.length; i++) if (Math.abs(got[i] - expected[i]) <= limit) within++;
  return within / got.length;
}

interface RawCase {
  readonly what: string;
  readonly tolerance?: string;
  /** Of exact and lattice marginals after so many iterations, and of the exact ones with the probabilities. */
  readonly agreement?: Readonly<Record<string, number>>;
}

function rawOf({ file, name }: GoldenCase): RawCase {
  const { files } = goldens.manifest as { files: Record<string, { cases: Record<string, RawCase> }> };
  return files[file!].cases[name.split("/")[1]];
}

/** The class of each place. [M, H, W] */
function strongest({ shape: [labels, ...size], data }: NdArray): number[] {
  const places = size.reduce((product, side) => product * side, 1);
  return Array.from({ length: places }, (_, i) => {
    let best = 0;
    for (let k = 1; k < labels; k++) if (data[k * places + i] > data[best * places + i]) best = k;
    return best;
  });
}

const sameShare = (a: readonly number[], b: readonly number[]) =>
  a.filter((value, i) => value === b[i]).length / a.length;

/** How far the lattice is from the exact sums is as far as the authors' lattice is, within what lattices differ by. */
function checkAgreement(golden: GoldenCase, input: NdArray, image: Image, terms: CrfSettings["terms"]): void {
  const { selfPair } = normalizationOf(golden);
  const { agreement = {} } = rawOf(golden);
  const tolerance = toleranceOf(golden);
  for (const [key, expected] of Object.entries(agreement)) {
    const iterations = Number(/_(\d+)$/.exec(key)?.[1] ?? 10);
    const [exact, lattice] = (["exact", "lattice"] as const).map((filter) =>
      denseCrf(input, image, { terms, iterations }, { filter, selfPair }),
    );
    const found = () => {
      if (key.startsWith("mean_abs")) {
        const [a, b] = [numbers(exact), numbers(lattice)];
        return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / a.length;
      }
      if (key.startsWith("label_agreement")) return sameShare(strongest(exact), strongest(lattice));
      expect(key).toBe("changed_vs_unary");
      return 1 - sameShare(strongest(exact), strongest(input));
    };
    expect(Math.abs(found() - expected), key).toBeLessThanOrEqual(tolerance.lattice);
  }
}

/** How a case's words say that sums over neighbours are made comparable: `symmetric D^-1/2 K D^-1/2, self pair included, eps 1e-20`. */
function normalizationOf({ name, config }: Pick<GoldenCase, "name" | "config">) {
  const stated = String(config.normalisation ?? "symmetric");
  const kind = normalizations.find((each) => new RegExp(`^(normalize[ _])?${each}\\b`, "i").test(stated));
  if (kind === undefined) throw unknownValue(name, "normalisation", `one of ${normalizations.join(", ")}`, stated);
  const [, self] = /self pair (\w+)/.exec(stated) ?? ["", "included"];
  if (!["included", "excluded"].includes(self))
    throw unknownValue(name, "normalisation", "self pair included or excluded", stated);
  expectStated({ name }, "normalisation: eps", Number(/eps ([\d.e-]+)/.exec(stated)?.[1] ?? 1e-20), 1e-20);
  return { normalization: kind, selfPair: self === "included" };
}

/** Probabilities as the unary sees them, of `-log(clip(p,1e-5,1))`; a narrower clip than ours comes before it. */
function clipped({ name, config }: Pick<GoldenCase, "name" | "config">, input: NdArray): NdArray {
  const stated = String(config.unary ?? "-log(clip(p,1e-5,1))");
  const [, low, high] = /^-log\(clip\(p, ?([\d.e-]+), ?([\d.e-]+)\)\)$/.exec(stated) ?? [];
  if (low === undefined || Number(low) < 1e-5 || Number(high) > 1)
    throw unknownValue(name, "unary", "-log(clip(p,LEAST,MOST)) with LEAST from 1e-5 and MOST up to 1", stated);
  return ndarray(
    "float32",
    input.shape,
    numbers(input).map((value) => Math.min(Math.max(value, Number(low)), Number(high))),
  );
}

/** All marginals of the case: `exact_T`, `lattice_T` and `exact_noself_T` after T iterations. */
function checkMarginals(golden: GoldenCase, input: NdArray, image: Image, terms: CrfSettings["terms"]): void {
  let [checked, most] = [0, 0];
  const tolerance = toleranceOf(golden);
  const { selfPair } = normalizationOf(golden);
  for (const key of Object.keys(golden.entries)) {
    const [, filter, noSelf, iterations] = key.match(/^(exact|lattice)(_noself)?_(\d+)$/) ?? [];
    if (filter === undefined) continue;
    most = Math.max(most, Number(iterations));
    const options = { filter: filter as "exact" | "lattice", selfPair: selfPair && noSelf === undefined };
    const got = numbers(denseCrf(input, image, { terms, iterations: Number(iterations) }, options));
    const expected = numbers(own(golden, key));
    if (filter === "exact") expect(worst(got, expected), key).toBeLessThanOrEqual(tolerance.exact);
    else expect(shareWithin(got, expected, tolerance.lattice), key).toBeGreaterThanOrEqual(tolerance.share);
    checked++;
  }
  expect(checked).toBeGreaterThan(0);
  expectStated(golden, "iterations", golden.config.iterations, most);
}

describe("marginals from probabilities", () => {
  for (const name of images.length > 0 ? images : ["densecrf/cam_crf"]) {
    coversStated(goldens, name, (golden) => {
      const number = (key: string) => golden.config[key] as number;
      const { normalization } = normalizationOf(golden);
      const terms = [
        { normalization, weight: number("gaussian_weight"), xy: number("gaussian_sxy") },
        {
          normalization,
          weight: number("bilateral_weight"),
          xy: number("bilateral_sxy"),
          rgb: number("bilateral_srgb"),
        },
      ];
      const { compatibility = "Potts" } = golden.config;
      if (!/^Potts\b(?!.*-\s*w)/i.test(String(compatibility)))
        throw unknownValue(golden.name, "compatibility", "Potts, its message added", compatibility);
      // Stored once for all cases of the file.
      const [, holder] = String(golden.config.inputs).match(/in case (\w+)/) ?? [];
      const prefix = has(golden, "prob") ? name.split("/")[1] : holder;
      const image = imageOf(golden.tensor(`${prefix}/image_u8`));
      const stored = golden.tensor(`${prefix}/prob`);
      expectStated(golden, "labels", golden.config.labels, stored.shape[0]);
      const input = clipped(golden, stored);
      checkMarginals(golden, input, image, terms);
      checkNormalizers(golden, image, terms);
      checkAgreement(golden, input, image, terms);
    });
  }
});

function checkNormalizers(golden: GoldenCase, { width, height, data }: Image, terms: CrfSettings["terms"]): void {
  const { normalization, selfPair } = normalizationOf(golden);
  const power = normalization === "symmetric" ? -0.5 : -1;
  for (const [key, { xy, rgb }] of [
    ["norm_gaussian", terms[0]],
    ["norm_bilateral", terms[1]],
  ] as const) {
    if (!has(golden, key)) continue;
    const features = Array.from({ length: width * height }, (_, i) => [
      (i % width) / xy,
      Math.floor(i / width) / xy,
      ...(rgb === undefined ? [] : [0, 1, 2].map((c) => data[3 * i + c] / rgb)),
    ]);
    const ones = new Float32Array(features.length).fill(1);
    const sums = filtered(
      selfPair ? exactFilter : exactFilterOfOthers,
      Float32Array.from(features.flat()),
      features[0].length,
      ones,
      1,
    );
    // What the sums are turned into: half of the factor that normalizes, or all of it.
    expect(
      worst(
        sums.map((sum) => (sum + 1e-20) ** power),
        own(golden, key).data as Float64Array,
      ),
      key,
    ).toBeLessThan(1e-5);
  }
}

describe("marginals from CAMs with a background score", () => {
  for (const name of scores.length > 0 ? scores : ["densecrf/cam_alpha_4"]) {
    coversStated(goldens, name, (golden) => {
      const { alpha, gaussian, bilateral } = golden.config as Record<"alpha", number> &
        Record<"gaussian" | "bilateral", number[]>;
      const { normalization } = normalizationOf(golden);
      // Both lists: standard deviations, then the weight.
      const terms = [
        { normalization, weight: gaussian[1], xy: gaussian[0] },
        { normalization, weight: bilateral[2], xy: bilateral[0], rgb: bilateral[1] },
      ];
      // Read as a file: the case that they belong to is another test's.
      const [, file, holder] = /(\w+\.safetensors) (\w+)\//.exec(rawOf(golden).what)!;
      const path = join(goldens.folder, file);
      const fusion = readSafetensors(readFileSync(path), path).tensors;
      const cams = fusion[`${holder}/norm_cam`];
      const [tags, height, width] = cams.shape;
      const pixels = height * width;
      const background = new Float32Array(pixels).fill(0);
      for (let i = 0; i < tags * pixels; i++)
        background[i % pixels] = Math.max(background[i % pixels], numbers(cams)[i]);
      const input = ndarray("float32", [tags + 1, height, width], new Float32Array((tags + 1) * pixels));
      numbers(input).set(background.map((most) => (1 - most) ** alpha));
      numbers(input).set(numbers(cams), pixels);
      if (has(golden, "bgcam_score"))
        expect(worst(numbers(input), numbers(own(golden, "bgcam_score")))).toBeLessThan(1e-6);
      checkMarginals(golden, input, imageOf(fusion[`${holder}/image_u8`]), terms);
    });
  }
});

describe("one filter pass", () => {
  for (const name of filters.length > 0 ? filters : ["densecrf/lattice_filter_d2"]) {
    coversStated(goldens, name, (golden) => {
      const dimensions = golden.config.d as number;
      expectStated(golden, "kernel", golden.config.kernel, "exp(-|fi-fj|^2/2)");
      const features = transposed(own(golden, "features"));
      const values = own(golden, "values");
      const [labels] = values.shape;
      for (const [key, maker, share] of [
        ["lattice_out", latticeFilter, toleranceOf(golden).ofMost],
        ["exact_out", exactFilter, 1e-5],
      ] as const) {
        const got = filtered(maker, features, dimensions, transposed(values), labels);
        const expected = transposed(own(golden, key));
        const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
        expect(worst(got, expected), key).toBeLessThanOrEqual(share * most);
      }
    });
  }
});

/** [rows, columns] → data of [columns, rows]. */
function transposed({ shape: [rows, columns], data }: NdArray): Float32Array {
  return Float32Array.from({ length: data.length }, (_, i) =>
    Number(data[(i % rows) * columns + Math.floor(i / rows)]),
  );
}

test.skipIf(names.length === 0)("every case of the file is of a kind that is known here", () => {
  expect([...filters, ...scores, ...images].sort()).toEqual([...names].sort());
});

describe("what a manifest says of the CRF is read", () => {
  const made = (config: GoldenCase["config"]) => ({ name: "made", config });
  const of = (normalisation: string) => normalizationOf(made({ normalisation }));

  test.each([
    ["symmetric D^-1/2 K D^-1/2, self pair included, eps 1e-20", { normalization: "symmetric", selfPair: true }],
    ["before, self pair excluded", { normalization: "before", selfPair: false }],
    ["NORMALIZE_AFTER", { normalization: "after", selfPair: true }],
    ["none", { normalization: "none", selfPair: true }],
  ] as const satisfies readonly (readonly [string, { normalization: Normalization; selfPair: boolean }])[])(
    "normalisation %s",
    (stated, expected) => {
      expect(of(stated)).toEqual(expected);
    },
  );

  test("and refused where nothing here has a meaning for it", () => {
    expect(() => of("by rows")).toThrow(
      'golden made: config.normalisation: expected one of symmetric, before, after, none, got "by rows".',
    );
    expect(() => of("symmetric, eps 1e-8")).toThrow("config.normalisation: eps: expected 1e-20, got 1e-8.");
    expect(() => of("none, self pair halved")).toThrow("self pair included or excluded");
    const prob = ndarray("float32", [2], Float32Array.of(0.001, 1));
    expect(() => clipped(made({ unary: "-log(p)" }), prob)).toThrow('got "-log(p)"');
    expect(() => clipped(made({ unary: "-log(clip(p,1e-8,1))" }), prob)).toThrow("LEAST from 1e-5");
    expect([...numbers(clipped(made({ unary: "-log(clip(p,0.25,0.5))" }), prob))]).toEqual([0.25, 0.5]);
  });
});
