import { describe, expect, test } from "vitest";
import { float32, toNumbers } from "../../array/ndarray.ts";
import {
  camBytes,
  fusedMaps,
  normalizedMaps,
  pseudoMask,
  roundHalfEven,
  salientMask,
  scaledSize,
  seamNormalizedMaps,
} from "./cam.ts";
import { keptMaps } from "./cam-pass.ts";

test("halves are rounded to the even neighbour, of sizes too, which do not become 0", () => {
  expect([22.5, 23.5, 0.5, 1.5, 2.4, 2.6].map(roundHalfEven)).toEqual([22, 24, 0, 2, 2, 3]);
  expect(scaledSize([45, 47], 0.5)).toEqual([22, 24]);
  expect(scaledSize([1, 640], 0.5)).toEqual([1, 320]);
});

test("passes are averaged, mirrored ones mirrored back first", () => {
  const maps = float32([1, 1, 3], [1, 2, 4]);
  const fused = (...flips: boolean[]) =>
    toNumbers(
      fusedMaps(
        flips.map((flipped) => ({ maps, flipped })),
        [1, 3],
      ),
    );
  expect(fused(false)).toEqual([1, 2, 4]);
  expect(fused(true)).toEqual([4, 2, 1]);
  expect(fused(false, true)).toEqual([2.5, 2, 2.5]);
});

test("passes of all sizes are brought to one, constant ones without a change", () => {
  const passes = [
    { maps: float32([1, 1, 2], [3, 3]), flipped: false },
    { maps: float32([1, 3, 1], [5, 5, 5]), flipped: true },
  ];
  const fused = fusedMaps(passes, [4, 5]);
  expect(fused.shape).toEqual([1, 4, 5]);
  for (const value of toNumbers(fused)) expect(value).toBeCloseTo(4, 5);
});

test("maps are shares of their class's largest value, and 0 where it is nowhere above 0", () => {
  const maps = toNumbers(normalizedMaps(float32([2, 1, 3], [2, 1, -1, -3, -2, 0])));
  expect(maps.map((value) => Number(value.toFixed(6)))).toEqual([1, 0.5, 0, 0, 0, 0]);
});

test("SEAM's maps go from the smallest value to the largest", () => {
  const [most, least, middle, alone, ...nothing] = toNumbers(
    seamNormalizedMaps(float32([2, 1, 3], [4, 2, 3, 1, -1, 0])),
  );
  expect(most).toBeCloseTo(1, 4);
  expect(middle).toBeCloseTo(0.5, 4);
  expect(least).toBe(0);
  expect(alone).toBeCloseTo(1, 4);
  expect(nothing).toEqual([0, 0]);
});

test("bytes of maps round halves to even", () => {
  expect([...camBytes(float32([1, 1, 4], [0, 0.5, 1, 2.5 / 255]))]).toEqual([0, 128, 255, 2]);
});

describe("the mask has", () => {
  // Two classes over four pixels.
  const maps = float32([2, 1, 4], [0.2, 0.5, 0.25, 0.6, 0.1, 0.5, 0.25, 0.9]);
  const labels = [4, 8];

  test("the strongest class, the first of equal ones, and background where none is above the threshold", () => {
    expect([...pseudoMask(maps, labels, { threshold: 0.25 }).data]).toEqual([0, 4, 0, 8]);
    expect([...pseudoMask(maps, labels, { threshold: 0.1 }).data]).toEqual([4, 4, 4, 8]);
    expect([...pseudoMask(maps, labels, { threshold: 0.25, background: 255 }).data]).toEqual([255, 4, 255, 8]);
  });

  test("background where a byte is exactly at the threshold", () => {
    const shares = float32([1, 1, 2], [51 / 255, 52 / 255]);
    expect([...pseudoMask(shares, [1], { threshold: 0.2 }).data]).toEqual([0, 1]);
  });

  test("by saliency, background where nothing is salient, and what is ignored where no class is strong enough", () => {
    const saliency = Float32Array.of(0.9, 0.5, 0.9, 0.6);
    expect([...salientMask(maps, labels, saliency, { threshold: 0.25 }).data]).toEqual([255, 0, 255, 8]);
  });
});

test("kept maps are bytes as PNG, and the numbers themselves as NumPy's", () => {
  const maps = float32([2, 1, 2], [1, 0.1234, 0, 0.5]);
  const { a_0: png, a_3: other } = keptMaps(maps, ["a_0", "a_3"], "png");
  expect([png, other]).toEqual([
    { width: 2, height: 1, data: Uint8Array.of(255, 31) },
    { width: 2, height: 1, data: Uint8Array.of(0, 128) },
  ]);
  expect(keptMaps(maps, ["a_0", "a_3"], "npy").a_0).toEqual(float32([1, 2], [1, 0.1234]));
});
