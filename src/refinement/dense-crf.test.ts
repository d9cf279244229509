import { describe, expect, it, test } from "vitest";
import { float32, type NdArray, ndarray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { InputError, UsageError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { type CrfSettings, crfSettings, maxExactPixels, parseCrf } from "./crf-settings.ts";
import { denseCrf } from "./dense-crf.ts";
import { normalizations } from "./mean-field.ts";
import { likeliest } from "./refine-labels.ts";

const filters = ["exact", "lattice"] as const;
const width = 40;
const height = 24;

/** A picture of grey values. */
function grey(valueAt: (x: number, y: number) => number): Image {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) data.fill(valueAt(i % width, Math.floor(i / width)), 3 * i, 3 * i + 3);
  return { width, height, data };
}

/** Scores of two labels by that of the second. */
function scoresBy(second: (x: number, y: number) => number): NdArray {
  const data = new Float32Array(2 * width * height);
  for (let i = 0; i < width * height; i++) {
    data[width * height + i] = second(i % width, Math.floor(i / width));
    data[i] = 1 - data[width * height + i];
  }
  return float32([2, height, width], data);
}

/** Softmax of noise. */
function noisy(labels: number, seed = "noise"): NdArray {
  const pixels = width * height;
  const data = new Random(seed).fillNormal(new Float32Array(labels * pixels)).map((value) => Math.exp(2 * value));
  for (let i = 0; i < pixels; i++) {
    let sum = 0;
    for (let l = 0; l < labels; l++) sum += data[l * pixels + i];
    for (let l = 0; l < labels; l++) data[l * pixels + i] /= sum;
  }
  return float32([labels, height, width], data);
}

const photograph = grey((x, y) => (x + y < 30 ? 60 + 3 * (x % 4) : 180 + 2 * (y % 5)));
const values = ({ data }: NdArray) => data as Float32Array;

describe.each(filters)("the %s filter", (filter) => {
  const run = (scores: NdArray, image: Image, settings: CrfSettings = crfSettings["deeplab-v2"]) =>
    denseCrf(scores, image, settings, { filter });

  it("leaves probabilities that are alike everywhere on a plain image where they win, and sums stay 1", () => {
    const got = run(
      scoresBy(() => 0.3),
      grey(() => 120),
    );
    const pixels = width * height;
    for (let i = 0; i < pixels; i++) {
      expect(values(got)[i]).toBeGreaterThan(0.7);
      expect(values(got)[i] + values(got)[pixels + i]).toBeCloseTo(1, 5);
    }
    expect(Math.max(...values(got).subarray(0, pixels)) - Math.min(...values(got).subarray(0, pixels))).toBeLessThan(
      0.25,
    );
  });

  it("gives back the clipped scores, made to sum to 1, after no iteration", () => {
    const got = run(
      float32(
        [2, height, width],
        new Float32Array(2 * width * height).map((_, i) => (i < width * height ? 0 : 0.5)),
      ),
      photograph,
      { ...crfSettings.cam, iterations: 0 },
    );
    expect(values(got)[0]).toBeCloseTo(1e-5 / 0.50001, 8);
    expect(values(got)[width * height]).toBeCloseTo(0.5 / 0.50001, 5);
  });

  it("moves the border of labels to the edge of colours nearby", () => {
    // The edge is at 20, the scores say 17 in the upper half and 23 in the lower.
    const wrong = scoresBy((x, y) => (x >= (y < height / 2 ? 17 : 23) ? 0.8 : 0.2));
    const { data } = likeliest(
      run(
        wrong,
        grey((x) => (x < 20 ? 50 : 200)),
      ),
    );
    for (let i = 0; i < data.length; i++) expect(data[i]).toBe(i % width < 20 ? 0 : 1);
  });

  it("means the same labels in whatever order they come", () => {
    const scores = noisy(5);
    const pixels = width * height;
    const order = [3, 0, 4, 2, 1];
    const mixed = order.flatMap((l) => [...values(scores).subarray(l * pixels, (l + 1) * pixels)]);
    const [plain, other] = [run(scores, photograph), run(float32([5, height, width], mixed), photograph)];
    for (const [place, l] of order.entries()) {
      for (let i = 0; i < pixels; i++) {
        expect(Math.abs(values(other)[place * pixels + i] - values(plain)[l * pixels + i])).toBeLessThan(1e-5);
      }
    }
  });

  it("is not changed by labels that are impossible, but for what clipping leaves them", () => {
    const scores = noisy(3);
    const pixels = width * height;
    const more = float32([6, height, width], new Float32Array(6 * pixels));
    values(more).set(values(scores));
    const [plain, padded] = [run(scores, photograph), run(more, photograph)];
    for (let i = 0; i < 3 * pixels; i++) expect(Math.abs(values(padded)[i] - values(plain)[i])).toBeLessThan(1e-3);
  });

  it.each(normalizations)("has kernels normalized %s, whose marginals sum to 1", (normalization) => {
    const settings = { terms: [{ weight: 2, xy: 3, normalization }], iterations: 3 };
    const got = values(run(noisy(3), photograph, settings));
    for (let i = 0; i < width * height; i++) {
      const sum = got[i] + got[width * height + i] + got[2 * width * height + i];
      expect(sum).toBeCloseTo(1, 5);
    }
  });

  it("does without terms what softmax does", () => {
    const scores = noisy(3);
    const got = values(run(scores, photograph, { terms: [], iterations: 2 }));
    for (let i = 0; i < got.length; i++) expect(Math.abs(got[i] - values(scores)[i])).toBeLessThan(1e-5);
  });

  it.each([
    [1, 1],
    [1, 7],
    [5, 1],
  ])("takes images of %i x %i pixels", (columns, rows) => {
    const image = { width: columns, height: rows, data: new Uint8Array(3 * columns * rows).fill(9) };
    const got = run(float32([1, rows, columns], new Float32Array(rows * columns).fill(0.5)), image);
    expect([...values(got)]).toEqual(new Array(rows * columns).fill(1));
  });
});

it("has a lattice that agrees with the exact sums as far as an approximation does", () => {
  const scores = noisy(4);
  for (const name of ["deeplab-v1", "deeplab-v2", "cam"] as const) {
    const [exact, lattice] = filters.map((filter) => denseCrf(scores, photograph, crfSettings[name], { filter }));
    const off = values(exact).reduce((sum, value, i) => sum + Math.abs(value - values(lattice)[i]), 0);
    expect(off / values(exact).length, name).toBeLessThan(0.03);
    const [a, b] = [likeliest(exact).data, likeliest(lattice).data];
    expect(a.filter((label, i) => label === b[i]).length / a.length, name).toBeGreaterThan(0.95);
  }
});

it("gives the same bits again", () => {
  const [a, b] = [0, 1].map(() => denseCrf(noisy(3), photograph, crfSettings["deeplab-v1"]));
  expect(values(a)).toEqual(values(b));
});

it("weights two equal terms as one of their sum", () => {
  const term = { xy: 20, rgb: 10 };
  const run = (terms: CrfSettings["terms"]) => values(denseCrf(noisy(3), photograph, { terms, iterations: 4 }));
  const [one, two] = [
    run([{ ...term, weight: 5 }]),
    run([
      { ...term, weight: 2 },
      { ...term, weight: 3 },
    ]),
  ];
  for (let i = 0; i < one.length; i++) expect(Math.abs(one[i] - two[i])).toBeLessThan(1e-4);
});

describe("what cannot be is refused", () => {
  const ok = noisy(2);
  const changed = (value: number) =>
    float32(
      ok.shape,
      values(ok).map((old, i) => (i === 7 ? value : old)),
    );
  test.each<[string, () => unknown, RegExp]>([
    [
      "scores of another size",
      () => denseCrf(float32([2, 3, 4], new Float32Array(24)), photograph, crfSettings.cam),
      /float32 \[labels, 24, 40\].*got float32 \[2, 3, 4\]/,
    ],
    [
      "scores of another type",
      () => denseCrf(ndarray("uint8", ok.shape, new Uint8Array(ok.data.length)), photograph, crfSettings.cam),
      /got uint8/,
    ],
    ["not a number", () => denseCrf(changed(Number.NaN), photograph, crfSettings.cam), /0 to 1, got NaN for label 0/],
    ["logits", () => denseCrf(changed(-3), photograph, crfSettings.cam), /got -3 .* softmax/],
    [
      "an image without its bytes",
      () => denseCrf(ok, { ...photograph, data: new Uint8Array(5) }, crfSettings.cam),
      /3 bytes/,
    ],
    [
      "a deviation of 0",
      () => denseCrf(ok, photograph, { terms: [{ weight: 1, xy: 0 }], iterations: 1 }),
      /standard deviations/,
    ],
    ["half an iteration", () => denseCrf(ok, photograph, { terms: [], iterations: 0.5 }), /iterations, got 0\.5/],
    [
      "a lattice without self pairs",
      () => denseCrf(ok, photograph, crfSettings.cam, { selfPair: false }),
      /exact filter/,
    ],
  ])("%s", (_, act, message) => {
    expect(act).toThrow(InputError);
    expect(act).toThrow(message);
  });

  it("more pixels than all pairs of fit", () => {
    const pixels = maxExactPixels + 1;
    const image = { width: pixels, height: 1, data: new Uint8Array(3 * pixels) };
    const act = () =>
      denseCrf(float32([1, 1, pixels], new Float32Array(pixels)), image, crfSettings.cam, { filter: "exact" });
    expect(act).toThrow(/at most 10000 pixels/);
  });
});

describe("wrapped colours", () => {
  // Of red, Caffe's mean is 122.675: 123 and 122 lie on both sides of it, and become 0 and 0; 121 becomes 255.
  const pixels = (...reds: number[]) => ({
    ...{ width: reds.length, height: 1 },
    data: Uint8Array.from(reds.flatMap((red) => [red, 200, 200])),
  });
  const scores = float32([2, 1, 4], [0.9, 0.6, 0.4, 0.1, 0.1, 0.4, 0.6, 0.9]);
  const refined = (image: Image, colors: "bytes" | "wrapped") =>
    toNumbers(denseCrf(scores, image, { terms: [{ weight: 4, xy: 9, rgb: 9 }], iterations: 5, colors }));

  it("are bytes less Caffe's mean, below 0 from 256 down", () => {
    const shifted = Uint8Array.from(pixels(0, 0, 255, 254).data, (byte, i) =>
      i % 3 === 0 ? byte : i % 3 === 1 ? 83 : 95,
    );
    const image = pixels(123, 122, 121, 120);
    expect(refined(image, "wrapped")).toEqual(refined({ ...image, data: shifted }, "bytes"));
    expect(refined(image, "wrapped")).not.toEqual(refined(image, "bytes"));
  });
});

describe("what is typed for a CRF", () => {
  it("is a name, or terms", () => {
    expect(parseCrf("cam")).toBe(crfSettings.cam);
    expect(parseCrf("3,1/4,67,3")).toEqual(crfSettings["deeplab-v2"]);
    expect(parseCrf("2,5").terms).toEqual([{ weight: 2, xy: 5 }]);
    expect(parseCrf("cam:wrapped")).toEqual({ ...crfSettings.cam, colors: "wrapped" });
    const both = { ...crfSettings.cam, colors: "wrapped", filter: "exact" };
    expect([parseCrf("cam:wrapped:exact"), parseCrf("cam:exact:wrapped")]).toEqual([both, both]);
  });

  it("has all pairs of pixels behind :exact, as the option does", () => {
    const image = grey((x) => (x < 20 ? 30 : 200));
    const scores = ndarray(
      "float32",
      [2, height, width],
      new Float32Array(2 * height * width).map((_, i) => (i % 7) / 7),
    );
    const typed = denseCrf(scores, image, parseCrf("3,3/4,20,10:exact"));
    expect(typed).toEqual(denseCrf(scores, image, parseCrf("3,3/4,20,10"), { filter: "exact" }));
    expect(typed).not.toEqual(denseCrf(scores, image, parseCrf("3,3/4,20,10")));
  });

  it.each([
    "",
    "deeplab",
    "3",
    "3,",
    "3,0",
    "1,2,3,4",
    "a,b",
    "3,3//4,67,3",
    "constructor",
    "3,1,1e999",
    ":wrapped",
    "cam:whole",
  ])("is refused as %j", (text) => {
    expect(() => parseCrf(text)).toThrow(UsageError);
  });
});
