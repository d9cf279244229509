import { expect, test } from "vitest";
import { Random } from "../../array/random.ts";
import { recipes } from "./recipe.ts";
import { trainingView } from "./training-view.ts";

const tiny = recipes["groupvit-tiny"];

/** Red grows from left to right, green from top to bottom; both tell where a pixel was. */
function ramp(width: number, height: number) {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    data[3 * i] = (255 * (i % width)) / (width - 1);
    data[3 * i + 1] = (255 * Math.floor(i / width)) / (height - 1);
  }
  return { width, height, data };
}

test("a view covers a share of the photograph between the two, in a shape that is allowed", () => {
  const recipe = { ...tiny, cropAreaMin: 0.1, cropAreaMax: 0.4, cropRatio: 1.5 };
  const shares: number[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const { data, width, height } = trainingView(ramp(200, 120), recipe, new Random(seed));
    expect([width, height]).toEqual([32, 32]);
    const across = Math.abs(data[3 * 31] - data[0]) / 255 / (31 / 32);
    const down = Math.abs(data[3 * 31 * 32 + 1] - data[1]) / 255 / (31 / 32);
    shares.push(across * down);
    const ratio = (across * 200) / (down * 120);
    expect(ratio > 1 / 1.65 && ratio < 1.65, `${ratio}`).toBe(true);
  }
  expect(Math.min(...shares)).toBeGreaterThan(0.07);
  expect(Math.min(...shares)).toBeLessThan(0.15);
  expect(Math.max(...shares)).toBeGreaterThan(0.33);
  expect(Math.max(...shares)).toBeLessThan(0.44);
});

test("half of the views are mirrored, none or all where that is asked", () => {
  const mirrored = (flipProbability: number) =>
    Array.from({ length: 40 }, (_, seed) => {
      const { data } = trainingView(ramp(64, 64), { ...tiny, flipProbability }, new Random(seed));
      return data[0] > data[3 * 31] ? 1 : 0;
    }).reduce<number>((sum, each) => sum + each, 0);
  expect([mirrored(0), mirrored(1)]).toEqual([0, 40]);
  expect(mirrored(0.5) > 10 && mirrored(0.5) < 30).toBe(true);
});

test("photographs of any shape and size have views", () => {
  for (const [width, height] of [
    [1, 1],
    [300, 2],
    [2, 700],
    [9, 1000],
  ]) {
    const view = trainingView(ramp(width, height), tiny, new Random(1));
    expect([view.width, view.height, view.data.length]).toEqual([32, 32, 3072]);
  }
});
