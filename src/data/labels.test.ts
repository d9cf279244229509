import { expect, test } from "vitest";
import { tagsOf } from "./labels.ts";

test.each<[string, Uint8Array, number[]]>([
  ["its classes, ascending and each once", Uint8Array.of(2, 0, 2, 2, 0, 0), [0, 2]],
  ["nothing of unlabelled pixels", Uint8Array.of(255, 1, 255, 1, 1, 255), [1]],
  ["nothing where all are unlabelled", new Uint8Array(6).fill(255), []],
])("a label map's tags are %s", (_, data, expected) => {
  expect(tagsOf({ width: 3, height: 2, data })).toEqual(expected);
});
