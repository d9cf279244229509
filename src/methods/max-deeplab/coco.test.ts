import { expect, test } from "vitest";
import { cocoPanopticClasses } from "./coco.ts";

test("COCO's categories have the ids of its annotation, which have gaps", () => {
  const ids = new Map(cocoPanopticClasses().map(({ name, categoryId }) => [name, categoryId]));
  expect(ids.size).toBe(133);
  expect(new Set(ids.values()).size).toBe(133);
  const some = { person: 1, "stop sign": 13, toothbrush: 90, banner: 92, "window-other": 181, "rug-merged": 200 };
  expect(Object.fromEntries(Object.keys(some).map((name) => [name, ids.get(name)]))).toEqual(some);
});
