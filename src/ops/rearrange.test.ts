import { expect, test } from "vitest";
import { checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build, plain } from "../../test/support/check-plain.ts";
import { toNumbers } from "../array/ndarray.ts";
import { reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import { rearrange, windowMerge, windowPartition } from "./index.ts";

checkOp("rearrange", rearrange, [
  {
    title: "heads apart",
    inputs: [[2, 3, 8]],
    build: (x) => rearrange(x, "B T (h d) -> B h T d", { h: 2 }),
    forward: (x) => build([2, 2, 3, 4], ([b, h, t, d]) => at(x, [b, t, 4 * h + d])),
  },
  {
    title: "queries, keys and values",
    inputs: [[2, 3, 12]],
    build: (x) => rearrange(x, "B T (three heads d) -> three B heads T d", { three: 3, heads: 2 }),
    forward: (x) => build([3, 2, 2, 3, 2], ([q, b, h, t, d]) => at(x, [b, t, 4 * q + 2 * h + d])),
  },
  {
    title: "heads together",
    inputs: [[2, 2, 3, 4]],
    build: (x) => rearrange(x, "B h T d -> B T (h d)"),
    forward: (x) => build([2, 3, 8], ([b, t, c]) => at(x, [b, Math.floor(c / 4), t, c % 4])),
  },
  {
    title: "patches",
    inputs: [[1, 2, 4, 6]],
    build: (x) => rearrange(x, "B C (H i) (W j) -> B (H W) (C i j)", { i: 2, j: 3 }),
    forward: (x) =>
      build([1, 4, 12], ([b, p, c]) =>
        at(x, [b, Math.floor(c / 6), 2 * Math.floor(p / 2) + Math.floor((c % 6) / 3), 3 * (p % 2) + (c % 3)]),
      ),
  },
  {
    title: "singletons in and out",
    inputs: [[2, 1, 3]],
    build: (x) => rearrange(x, "a 1 b -> 1 b a 1"),
    forward: (x) => build([1, 3, 2, 1], ([, b, a]) => at(x, [a, 0, b])),
  },
  {
    title: "an empty group",
    inputs: [[2, 3]],
    build: (x) => rearrange(x, "a b -> (a b) ()"),
    forward: (x) => plain([6, 1], toNumbers(x)),
  },
  {
    title: "plain transpose",
    inputs: [[2, 3]],
    build: (x) => rearrange(x, "a b -> b a"),
    forward: (x) => build([3, 2], ([b, a]) => at(x, [a, b])),
  },
]);

const operators = (shape: number[], pattern: string, sizes = {}) =>
  reach([rearrange(input("x", shape), pattern, sizes)]).nodes.map(({ op }) => op);

test.each([
  ["B T (h d) -> B h T d", ["Reshape", "Transpose"]],
  ["B T (h d) -> (B h) T d", ["Reshape", "Transpose", "Reshape"]],
  ["B T (h d) -> B T h d", ["Reshape"]],
  ["B T (h d) -> B T (h d)", []],
] as const)("%s takes %j", (pattern, expected) => {
  expect(operators([2, 3, 8], pattern, { h: 2 })).toEqual(expected);
});

const x = input("x", [2, 6]);
checkErrors("rearrange", [
  ['rearrange "a b": expected one "->", got none or several.', () => rearrange(x, "a b")],
  ["expected x with 3 axes, got shape [2, 6].", () => rearrange(x, "a b c -> c b a")],
  ['expected "b" on both sides, got none on the right.', () => rearrange(x, "a b -> a")],
  ['expected "c" on both sides, got none on the left.', () => rearrange(x, "a b -> a b c")],
  ['expected "a" once on each side, got it twice.', () => rearrange(x, "a a -> a")],
  ["expected at most one unknown size in (b c), got b and c. Give one.", () => rearrange(x, "a (b c) -> a b c")],
  [
    "expected an axis of a multiple of 4 for (b c), got 6. Check the sizes.",
    () => rearrange(x, "a (b c) -> a b c", { c: 4 }),
  ],
  ["expected an axis of 8 for (b c), got 6.", () => rearrange(x, "a (b c) -> a b c", { b: 2, c: 4 })],
  ["expected an axis of 1 for (1), got 6.", () => rearrange(x, "a 1 -> a")],
  ['expected sizes of names in the pattern, got "h".', () => rearrange(x, "a b -> b a", { h: 2 })],
  ["expected b to be a positive whole number, got 1.5.", () => rearrange(x, "a (b c) -> a b c", { b: 1.5 })],
  ['expected ")" at the end, got none.', () => rearrange(x, "a (b -> a b")],
  ['expected "(" before ")", got none.', () => rearrange(x, "a b) -> a b")],
  ['expected no "(" inside parentheses, got one.', () => rearrange(x, "a ((b) c) -> a b c")],
  ['expected names, 1 and parentheses, got "2".', () => rearrange(x, "a 2 -> a 2")],
]);

checkOp("windowPartition", windowPartition, [
  {
    title: "two by three windows",
    inputs: [[2, 4, 6, 3]],
    build: (x) => windowPartition(x, 2),
    forward: (x) =>
      build([12, 2, 2, 3], ([w, i, j, c]) =>
        at(x, [Math.floor(w / 6), 2 * Math.floor((w % 6) / 3) + i, 2 * (w % 3) + j, c]),
      ),
  },
]);

checkOp("windowMerge", windowMerge, [
  {
    title: "there and back",
    inputs: [[2, 4, 6, 3]],
    build: (x) => windowMerge(windowPartition(x, 2), 2, 4, 6),
    forward: (x) => toNumbers(x),
  },
]);

checkErrors("windows", [
  ["windowPartition: x must have 4 axes, got shape [2, 3].", () => windowPartition(input("y", [2, 3]), 2)],
  ["got 5. Check the sizes.", () => windowPartition(input("y", [1, 4, 5, 1]), 2)],
  [
    "windowMerge: x must hold whole images of 4 x 4 in windows of 2, got shape [3,2,2,1].",
    () => windowMerge(input("y", [3, 2, 2, 1]), 2, 4, 4),
  ],
]);
