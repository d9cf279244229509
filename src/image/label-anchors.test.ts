import { expect, test } from "vitest";
import { IGNORE } from "./image.ts";
import { innermostPlaces, labelAnchors } from "./label-anchors.ts";

test("a label's name stands at the mean place of its pixels, and nowhere where there are none", () => {
  const map = { width: 3, height: 2, data: Uint8Array.of(0, 0, 1, 0, IGNORE, 1) };
  expect(labelAnchors(map, 3)).toEqual([{ row: 1 / 3, column: 1 / 3 }, { row: 0.5, column: 2 }, null]);
});

test("labels beyond those asked for count nowhere", () => {
  expect(labelAnchors({ width: 2, height: 1, data: Uint8Array.of(5, 0) }, 1)).toEqual([{ row: 0, column: 1 }]);
});

test("what surrounds another label has its name beside it, at the farthest place from both it and the edges", () => {
  const [width, height] = [9, 7];
  // A thing of 3 x 3 in the middle of a ground that reaches 3 pixels to the left and right of it, and 2 above and below.
  const isThing = (at: number) => Math.abs((at % width) - 4) <= 1 && Math.abs(Math.floor(at / width) - 3) <= 1;
  const data = Uint8Array.from({ length: width * height }, (_, at) => (isThing(at) ? 1 : 0));
  const [ground, thing, nothing] = innermostPlaces({ width, height, data }, 3);
  expect(labelAnchors({ width, height, data }, 1)).toEqual([{ row: 3, column: 4 }]);
  expect(data[ground!.row * width + ground!.column]).toBe(0);
  expect(ground).toEqual({ row: 1, column: 1 });
  expect([thing, nothing]).toEqual([{ row: 3, column: 4 }, null]);
});

test("a large map has its names inside as well, and labels beyond those asked for have none", () => {
  const [width, height] = [2400, 1200];
  const data = Uint8Array.from({ length: width * height }, (_, at) => (at % width < 800 ? 0 : 5));
  const [left, ...others] = innermostPlaces({ width, height, data }, 2);
  expect(left!.column).toBeGreaterThan(350);
  expect(left!.column).toBeLessThan(450);
  expect(others).toEqual([null]);
});
