import { expect, test } from "vitest";
import { IGNORE } from "./image.ts";
import { labelAnchors } from "./label-anchors.ts";

test("a label's name stands at the mean place of its pixels, and nowhere where there are none", () => {
  const map = { width: 3, height: 2, data: Uint8Array.of(0, 0, 1, 0, IGNORE, 1) };
  expect(labelAnchors(map, 3)).toEqual([{ row: 1 / 3, column: 1 / 3 }, { row: 0.5, column: 2 }, null]);
});

test("labels beyond those asked for count nowhere", () => {
  expect(labelAnchors({ width: 2, height: 1, data: Uint8Array.of(5, 0) }, 1)).toEqual([{ row: 0, column: 1 }]);
});
