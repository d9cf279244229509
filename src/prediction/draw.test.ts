import { describe, expect, it } from "vitest";
import type { Image, LabelMap } from "../image/image.ts";
import { drawOverlay } from "./draw.ts";

const grey = (width: number, height: number): Image => ({
  width,
  height,
  data: new Uint8Array(3 * width * height).fill(100),
});
const labels = (width: number, values: readonly number[]): LabelMap => ({
  width,
  height: values.length / width,
  data: Uint8Array.from(values),
});
const colors = [
  [200, 0, 100],
  [0, 200, 0],
] as const;

describe("overlay", () => {
  it("mixes halves", () => {
    expect([...drawOverlay(grey(1, 1), labels(1, [0]), colors).data]).toEqual([150, 50, 100]);
  });

  it.each([
    ["0 keeps the photograph", 0, [100, 100, 100]],
    ["1 is the colour alone", 1, [200, 0, 100]],
  ])("opacity %s", (_, opacity, expected) => {
    expect([...drawOverlay(grey(1, 1), labels(1, [0]), colors, { opacity }).data]).toEqual(expected);
  });

  it("leaves pixels without a colour as they are", () => {
    expect([...drawOverlay(grey(1, 1), labels(1, [255]), colors).data]).toEqual([100, 100, 100]);
  });

  it("draws a darker line where classes meet, and nowhere else", () => {
    const { data } = drawOverlay(grey(4, 1), labels(4, [0, 0, 1, 1]), colors);
    const red = [0, 1, 2, 3].map((x) => data[3 * x]);
    expect(red[0]).toBe(150);
    expect(red[1]).toBeLessThan(100);
    expect(red.slice(2)).toEqual([50, 50]);
  });

  it("draws no lines when they are not wanted", () => {
    const { data } = drawOverlay(grey(2, 1), labels(2, [0, 1]), colors, { borders: false });
    expect([...data]).toEqual([150, 50, 100, 50, 150, 50]);
  });

  it("refuses labels of another size", () => {
    expect(() => drawOverlay(grey(2, 1), labels(1, [0]), colors)).toThrow(
      /expected labels of the image's size 2x1, got 1x1/,
    );
  });
});

it("the background stays as the photograph is", () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(10, 20, 30, 40, 50, 60) };
  const labels = { width: 2, height: 1, data: Uint8Array.of(0, 1) };
  const colors = [
    [0, 0, 0],
    [200, 200, 200],
  ] as const;
  const { data } = drawOverlay(image, labels, colors, { untouched: 0, borders: false });
  expect([...data.subarray(0, 3)]).toEqual([10, 20, 30]);
  expect([...data.subarray(3)]).not.toEqual([40, 50, 60]);
});
