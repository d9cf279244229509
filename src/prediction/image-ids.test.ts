import { expect, test } from "vitest";
import { imageIds } from "./image-ids.ts";

const entry = (photograph: string, file = photograph.replace(/^.*\/|\.[^.]*$/g, "")) => ({
  ...{ photograph, file: `${file}.panoptic.png` },
});

test("digits are the number, as COCO's photographs are called", () => {
  expect(imageIds([entry("val/000000000285.jpg"), entry("0.png"), entry("7.jpeg")])).toEqual({
    ...{ ids: [285, 0, 7], shared: [] },
  });
});

test("other names have numbers of their own, whatever the order and whatever else there is", () => {
  const [a, b, c] = ["a.jpg", "b-12.jpg", "99999999999999999999.jpg"].map((name) => entry(name));
  const { ids } = imageIds([a, b, c]);
  expect(new Set(ids).size).toBe(3);
  for (const id of ids) expect(Number.isSafeInteger(id)).toBe(true);
  expect(imageIds([c, entry("5.jpg"), a]).ids).toEqual([ids[2], 5, ids[0]]);
});

test("of photographs with one number the first by name has it, and the others are told", () => {
  const [first, second, third] = [entry("a/12.jpg", "a/12"), entry("b/12.jpg", "b/12"), entry("b/012.jpg", "b/012")];
  const { ids, shared } = imageIds([third, second, first]);
  expect(ids[2]).toBe(12);
  expect(new Set(ids).size).toBe(3);
  expect(shared).toEqual([
    { photograph: "b/012.jpg", id: 12 },
    { photograph: "b/12.jpg", id: 12 },
  ]);
  expect(imageIds([first, second, third]).ids).toEqual([...ids].reverse());
});
