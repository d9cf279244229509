import { describe, expect, test } from "vitest";
import { lower } from "../graph/graph.ts";
import { input, node, type Tensor, variable } from "../graph/tensor.ts";
import { add, div, matmul, mul, neg, reshape, sqrt, square, sub, sum, where } from "../ops/index.ts";
import { plainTarget } from "../runtime/evaluate.ts";
import { overwritable } from "./overwrite.ts";

/** The variable w with other shapes and kinds of operands around it. */
interface Leaves {
  readonly w: Tensor;
  readonly v: Tensor;
  readonly x: Tensor;
  readonly rate: Tensor;
}

/** Whether w can be overwritten with `next`, in a graph with other outputs as well. */
function safe(build: (leaves: Leaves) => { next: Tensor; v?: Tensor; other?: Tensor }): boolean {
  const leaves: Leaves = {
    w: variable("w", [3, 3]),
    v: variable("v", [3, 3]),
    x: input("x", [3, 3]),
    rate: input("rate", []),
  };
  const { next, v, other } = build(leaves);
  const outputs = { next, ...(v && { v1: v }), ...(other && { other }) };
  return overwritable(lower({ outputs }, plainTarget), { next: "w", ...(v && { v1: "v" }) }).includes("next");
}

const relabelled = (x: Tensor) => node("Identity", [x], { gradient: null, output: x });

describe("a variable may be overwritten", () => {
  test.each<[string, Parameters<typeof safe>[0]]>([
    ["by numbers that do not depend on it", ({ x }) => ({ next: neg(x) })],
    ["element by element", ({ w, x }) => ({ next: sub(w, x) })],
    ["by a node that reads it twice", ({ w }) => ({ next: mul(w, w) })],
    ["with a scalar", ({ w, rate }) => ({ next: mul(w, rate) })],
    ["after it was read by what the new numbers depend on", ({ w, x }) => ({ next: add(mul(w, 0.9), x) })],
    ["by any operator that does not read it itself", ({ w, x }) => ({ next: matmul(mul(w, 2), x) })],
    [
      "where views of it are read before",
      ({ w, x }) => ({ next: reshape(sub(reshape(w, [9]), reshape(x, [9])), [3, 3]) }),
    ],
    [
      "when others read its new numbers",
      ({ w, v, x, rate }) => {
        const next = sub(w, x);
        return { next, v: add(mul(v, rate), next), other: matmul(next, next) };
      },
    ],
    [
      "in an update of weight, velocity and slow copy",
      ({ w, v, x, rate }) => {
        const velocity = add(mul(v, 0.9), add(x, mul(w, 0.01)));
        const fast = sub(w, div(velocity, add(sqrt(square(velocity)), rate)));
        return { next: where(input("now", [], "bool"), mul(w, 0.5), fast), v: velocity };
      },
    ],
  ])("%s", (_, build) => {
    expect(safe(build)).toBe(true);
  });
});

describe("a variable keeps two buffers", () => {
  test.each<[string, Parameters<typeof safe>[0]]>([
    ["where another output is computed from the old numbers", ({ w, x }) => ({ next: sub(w, x), other: sum(w) })],
    ["where another variable's new numbers are", ({ w, v, x }) => ({ next: sub(w, x), v: add(v, w) })],
    ["where that happens through a view", ({ w, x }) => ({ next: sub(w, x), other: neg(reshape(w, [9])) })],
    ["where the old numbers are an output", ({ w, x }) => ({ next: sub(w, x), other: w })],
    ["where a view of the old numbers is an output", ({ w, x }) => ({ next: sub(w, x), other: reshape(w, [9]) })],
    ["where the old numbers stay", ({ w }) => ({ next: relabelled(w) })],
    ["where the operator mixes places", ({ w, x }) => ({ next: matmul(w, x) })],
    ["where it mixes places behind a view", ({ w, x }) => ({ next: reshape(matmul(reshape(w, [3, 3]), x), [3, 3]) })],
    ["where the old numbers are repeated along an axis", ({ x }) => ({ next: add(variable("w", [1, 3]), x) })],
  ])("%s", (_, build) => {
    expect(safe(build)).toBe(false);
  });
});
