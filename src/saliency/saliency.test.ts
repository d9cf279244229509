import { describe, expect, test } from "vitest";
import { Random } from "../array/random.ts";
import type { Color, Image } from "../image/image.ts";
import { robustBackgroundSaliency } from "./robust-background.ts";
import { labOf, superpixels } from "./superpixels.ts";

function drawn(width: number, height: number, colorAt: (x: number, y: number) => Color): Image {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) data.set(colorAt(i % width, Math.floor(i / width)), 3 * i);
  return { width, height, data };
}

const isInDisc = (x: number, y: number) => (x - 50) ** 2 + (y - 36) ** 2 < 18 ** 2;
const noise = new Random("noise").fillNormal(new Float32Array(3 * 100 * 72));
const disc = drawn(100, 72, (x, y) => {
  const base = isInDisc(x, y) ? [200, 60, 40] : [60, 120, 70];
  return base.map((value, c) => Math.round(value + 6 * noise[3 * (y * 100 + x) + c])) as unknown as Color;
});

test("colours in Lab are those that others compute", () => {
  const { data } = drawn(
    3,
    1,
    (x) =>
      (
        [
          [255, 255, 255],
          [255, 0, 0],
          [0, 0, 0],
        ] as const
      )[x],
  );
  const lab = [...labOf({ width: 3, height: 1, data })].map((value) => Number(value.toFixed(1)) + 0);
  [100, 0, 0, 53.2, 80.1, 67.2, 0, 0, 0].forEach((value, i) => {
    expect(Math.abs(lab[i] - value)).toBeLessThan(0.11);
  });
});

describe("superpixels", () => {
  const { labels, count, colors } = superpixels(disc);

  test("are about as many as wanted, connected, and do not cross strong edges", () => {
    expect(count).toBeGreaterThan(150);
    expect(count).toBeLessThan(290);
    const seen = new Set<number>();
    const visited = new Uint8Array(labels.length);
    for (let start = 0; start < labels.length; start++) {
      if (visited[start]) continue;
      expect(seen.has(labels[start]), `piece ${labels[start]} in two parts`).toBe(false);
      seen.add(labels[start]);
      const part = [start];
      visited[start] = 1;
      while (part.length > 0) {
        const i = part.pop()!;
        for (const next of [i % 100 > 0 ? i - 1 : i, i % 100 < 99 ? i + 1 : i, i - 100, i + 100]) {
          if (visited[next] !== 0 || labels[next] !== labels[i]) continue;
          visited[next] = 1;
          part.push(next);
        }
      }
    }
    expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    // Mixed colours would lie between red and green.
    const mixed = Array.from({ length: count }, (_, k) => colors[3 * k + 1]).filter((a) => a > 0 && a < 35);
    expect(mixed.length).toBeLessThan(count / 20);
  });

  test("of tiny pictures are at least one", () => {
    for (const [width, height] of [
      [1, 1],
      [2, 1],
      [3, 5],
    ]) {
      expect(superpixels(drawn(width, height, () => [9, 9, 9])).count).toBeGreaterThanOrEqual(1);
    }
  });
});

describe("robust background", () => {
  const meanOf = (image: Image, inside: (x: number, y: number) => boolean) => {
    const { data } = robustBackgroundSaliency(image);
    const values = [...data].filter((_, i) => inside(i % image.width, Math.floor(i / image.width)));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };

  test("finds what the border does not cut", () => {
    expect(meanOf(disc, isInDisc)).toBeGreaterThan(200);
    expect(meanOf(disc, (x, y) => !isInDisc(x, y))).toBeLessThan(40);
  });

  test("takes a thing that touches the border a little for a thing, and ground that fills half of it for ground", () => {
    const isThing = (x: number, y: number) => Math.abs(x - 50) < 9 && y > 34;
    const cut = drawn(100, 72, (x, y) => (isThing(x, y) ? [230, 200, 40] : y > 40 ? [60, 120, 70] : [120, 160, 220]));
    expect(meanOf(cut, isThing)).toBeGreaterThan(2 * meanOf(cut, (x, y) => !isThing(x, y)) + 50);
  });

  test("finds nothing in a plain picture, and gives the same again", () => {
    expect(new Set(robustBackgroundSaliency(drawn(40, 30, () => [80, 90, 100])).data)).toEqual(new Set([0]));
    expect(robustBackgroundSaliency(disc)).toEqual(robustBackgroundSaliency(disc));
    expect(robustBackgroundSaliency(drawn(1, 1, () => [1, 2, 3])).data).toHaveLength(1);
  });
});
