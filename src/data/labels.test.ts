import { expect, test } from "vitest";
import { maskOf, tagsOf } from "./labels.ts";

test.each<[string, Uint8Array, number[]]>([
  ["its classes, ascending and each once", Uint8Array.of(2, 0, 2, 2, 0, 0), [0, 2]],
  ["nothing of unlabelled pixels", Uint8Array.of(255, 1, 255, 1, 1, 255), [1]],
  ["nothing where all are unlabelled", new Uint8Array(6).fill(255), []],
])("a label map's tags are %s", (_, data, expected) => {
  expect(tagsOf({ width: 3, height: 2, data })).toEqual(expected);
});

test("segments become a mask where a mask can hold their classes", () => {
  const map = (classIndex: number) => ({
    ...{ width: 3, height: 1, data: Uint32Array.of(0, 7, 8) },
    segments: [{ id: 7, classIndex, crowd: false }],
  });
  expect([...maskOf(map(254)).data]).toEqual([255, 254, 255]);
  for (const classIndex of [255, 257, -1, 0.5, Number.NaN]) {
    expect(() => maskOf(map(classIndex))).toThrow(
      `segments: expected classes from 0 to 254, got ${classIndex} of segment 7. Correct the data set.`,
    );
  }
});
