import { expect, test } from "vitest";
import { fromNumbers } from "./ndarray.ts";
import { gatherStrided, transposed } from "./strided.ts";

test("strided elements are gathered row by row", () => {
  const data = Float32Array.from({ length: 20 }, (_, i) => i);
  const gather = (offset: number, shape: number[], strides: number[]) => [
    ...gatherStrided("float32", data, { offset, shape, strides }),
  ];
  expect(gather(5, [2, 2], [5, 2])).toEqual([5, 7, 10, 12]);
  expect(gather(3, [2, 2], [0, 1])).toEqual([3, 4, 3, 4]);
  expect(gather(3, [], [])).toEqual([3]);
  expect(gather(3, [2, 0], [1, 1])).toEqual([]);
});

test("axes are put in another order, of any type of elements", () => {
  const array = fromNumbers("int64", [2, 3, 1], [0, 1, 2, 10, 11, 12]);
  expect(transposed(array, [2, 1, 0])).toEqual(fromNumbers("int64", [1, 3, 2], [0, 10, 1, 11, 2, 12]));
  expect(transposed(transposed(array, [1, 2, 0]), [2, 0, 1])).toEqual(array);
  expect(transposed(array, [0, 1, 2])).toBe(array);
});
