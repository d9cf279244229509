import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { formatColor, parseColor } from "./color.ts";
import { cropImage, cropLabels } from "./crop.ts";
import { flipImage, flipLabels } from "./flip.ts";
import type { Image, LabelMap } from "./image.ts";
import { padImage, padLabels } from "./pad.ts";
import { distinctColors } from "./palette.ts";
import { resizeImage, resizeLabels, viewImage, viewLabels, wholeView } from "./resize.ts";

const image: Image = { width: 7, height: 5, data: pattern(7, 5, 3) };
const labels: LabelMap = { width: 7, height: 5, data: pattern(7, 5, 1) };

/** The definition, one pixel at a time. */
function bilinear({ width, height, data }: Image, newWidth: number, newHeight: number): number[] {
  const out: number[] = [];
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const sx = Math.min(Math.max(((x + 0.5) * width) / newWidth - 0.5, 0), width - 1);
      const sy = Math.min(Math.max(((y + 0.5) * height) / newHeight - 0.5, 0), height - 1);
      const [x0, y0] = [Math.floor(sx), Math.floor(sy)];
      const [x1, y1] = [Math.min(x0 + 1, width - 1), Math.min(y0 + 1, height - 1)];
      for (let channel = 0; channel < 3; channel++) {
        const at = (column: number, row: number) => data[(row * width + column) * 3 + channel];
        const top = at(x0, y0) * (1 - sx + x0) + at(x1, y0) * (sx - x0);
        const bottom = at(x0, y1) * (1 - sx + x0) + at(x1, y1) * (sx - x0);
        out.push(Math.floor(top * (1 - sy + y0) + bottom * (sy - y0) + 0.5));
      }
    }
  }
  return out;
}

test.each([
  [14, 10],
  [3, 2],
  [7, 5],
  [1, 1],
  [20, 3],
  [6, 11],
])("resizing to %ix%i is bilinear", (width, height) => {
  const resized = resizeImage(image, width, height);
  const difference = bilinear(image, width, height).map((value, i) => Math.abs(value - resized.data[i]));
  expect(Math.max(...difference)).toBeLessThanOrEqual(1); // float32 may round a half the other way
});

test("resizing to the same size changes nothing", () => {
  expect(resizeImage(image, 7, 5)).toEqual(image);
});

test("labels are never mixed: twice as large, each becomes four", () => {
  const small: LabelMap = { width: 2, height: 1, data: Uint8Array.of(3, 9) };
  expect([...resizeLabels(small, 4, 2).data]).toEqual([3, 3, 9, 9, 3, 3, 9, 9]);
});

test("a view is a rectangle of the whole resized picture", () => {
  const view = { scaledWidth: 15, scaledHeight: 9, left: 4, top: 2, width: 6, height: 5, flipped: false };
  const whole = resizeImage(image, 15, 9);
  expect(viewImage(image, view)).toEqual(cropImage(whole, view));
  expect(viewLabels(labels, view)).toEqual(cropLabels(resizeLabels(labels, 15, 9), view));
});

test("a flipped view is the mirrored view", () => {
  const view = { scaledWidth: 15, scaledHeight: 9, left: 4, top: 2, width: 6, height: 5, flipped: false };
  expect(viewImage(image, { ...view, flipped: true })).toEqual(flipImage(viewImage(image, view)));
  expect(viewLabels(labels, { ...view, flipped: true })).toEqual(flipLabels(viewLabels(labels, view)));
});

test("flipping twice is flipping never", () => {
  expect(flipImage(flipImage(image))).toEqual(image);
  expect(flipLabels(flipLabels(labels))).toEqual(labels);
});

test("padding keeps the picture at the top left and cropping gives it back", () => {
  const rectangle = { left: 0, top: 0, width: 7, height: 5 };
  const padded = padImage(image, 9, 8, [1, 2, 3]);
  expect([cropImage(padded, rectangle), [...padded.data.slice(-3)]]).toEqual([image, [1, 2, 3]]);
  expect(cropLabels(padLabels(labels, 9, 8), rectangle)).toEqual(labels);
  expect(padLabels(labels, 9, 8).data.at(-1)).toBe(255);
});

test("a rectangle that leaves the picture is refused", () => {
  expect(() => cropImage(image, { left: 3, top: 0, width: 5, height: 2 })).toThrow(
    "view: expected a rectangle inside 7x5, got 5x2 at 3, 0. Move or shrink it.",
  );
  expect(() => viewImage(image, { ...wholeView(7, 5), width: 1.5 })).toThrow("view:");
});

test("a colour written and read is the same", () => {
  expect([formatColor([128, 0, 7]), parseColor("#800007"), parseColor("#8000")]).toEqual([
    "#800007",
    [128, 0, 7],
    undefined,
  ]);
});

test("254 colours are all different, and a shorter list is the beginning of a longer one", () => {
  const many = distinctColors(254);
  expect(new Set(many.map(formatColor)).size).toBe(254);
  expect(distinctColors(10)).toEqual(many.slice(0, 10));
});

test("corner on corner, corner pixels keep their values and the others lie evenly between", () => {
  const row: Image = {
    width: 3,
    height: 1,
    data: Uint8Array.from([0, 60, 120].flatMap((value) => [value, value, value])),
  };
  const view = { ...wholeView(5, 1), corners: true };
  expect([...viewImage(row, view).data].filter((_, at) => at % 3 === 0)).toEqual([0, 30, 60, 90, 120]);
  expect([...viewImage(row, { ...view, flipped: true }).data].filter((_, at) => at % 3 === 0)).toEqual([
    120, 90, 60, 30, 0,
  ]);
  const line: LabelMap = { width: 3, height: 1, data: Uint8Array.of(7, 8, 9) };
  expect([...viewLabels(line, { ...wholeView(7, 1), corners: true }).data]).toEqual([7, 7, 8, 8, 8, 9, 9]);
  // One pixel is all corners at once.
  expect([...viewLabels(line, { ...wholeView(1, 1), corners: true }).data]).toEqual([7]);
});
