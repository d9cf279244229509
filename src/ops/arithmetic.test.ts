import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { elementwisePlain, plain } from "../../test/support/check-plain.ts";
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { lower, reach } from "../graph/graph.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import * as ops from "./index.ts";

type TwoSided = (a: ops.Operand, b: ops.Operand) => ReturnType<typeof ops.add>;

/** Every way two shapes meet: equal, scalar, size 1 inside, missing axes, both stretched; and a plain number. */
function meetings(operator: TwoSided, f: (a: number, b: number) => number, range: readonly [number, number]): Case[] {
  const shapes = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3], []],
    [
      [2, 3, 4],
      [3, 1],
    ],
    [[4], [2, 1, 4]],
    [
      [2, 1, 3],
      [1, 4, 1],
    ],
  ];
  const cases: Case[] = shapes.map(([a, b]) => ({
    inputs: [
      { shape: a, range },
      { shape: b, range },
    ],
    forward: elementwisePlain(f),
  }));
  cases.push(
    {
      title: "number on the right",
      inputs: [{ shape: [2, 3], range }],
      build: (x) => operator(x, 1.5),
      forward: elementwisePlain((a) => f(a, 1.5)),
    },
    {
      title: "number on the left",
      inputs: [{ shape: [2, 3], range }],
      build: (x) => operator(1.5, x),
      forward: elementwisePlain((b) => f(1.5, b)),
    },
  );
  return cases;
}

checkOp(
  "add",
  ops.add,
  meetings(ops.add, (a, b) => a + b, [-1, 1]),
);
checkOp(
  "sub",
  ops.sub,
  meetings(ops.sub, (a, b) => a - b, [-1, 1]),
);
checkOp("mul", ops.mul, [
  ...meetings(ops.mul, (a, b) => a * b, [-1, 1]),
  {
    title: "an operand with itself",
    inputs: [[2, 3]],
    build: (x) => ops.mul(x, x),
    forward: elementwisePlain((a) => a * a),
  },
]);
checkOp(
  "div",
  ops.div,
  meetings(ops.div, (a, b) => a / b, [0.5, 2]),
);
checkOp("pow", ops.pow, [
  ...meetings(ops.pow, (a, b) => a ** b, [0.5, 2]),
  ...[-1, 0, 0.5, 1, 2, 3].map((exponent) => ({
    title: `exponent ${exponent}`,
    inputs: [{ shape: [5], range: [0.5, 2] as const }],
    build: (x: Tensor) => ops.pow(x, exponent),
    forward: elementwisePlain((a) => a ** exponent),
  })),
  {
    title: "negative numbers to a whole power",
    inputs: [{ shape: [5], range: [-2, -0.5] }],
    build: (x) => ops.pow(x, 3),
    forward: elementwisePlain((a) => a ** 3),
  },
  {
    title: "zero to the power zero has slope zero",
    inputs: [plain([4], [0, 0, 2, 0]), plain([4], [0, 1, 0, 2])],
    forward: () => [1, 0, 1, 0],
    gradients: [
      [0, 1, 0, 0],
      [0, 0, Math.LN2, 0],
    ],
  },
]);

checkOp("minimum", ops.minimum, [
  ...meetings(ops.minimum, Math.min, [-1, 1]).slice(0, 5),
  {
    title: "ties share the gradient",
    inputs: [plain([3], [1, 2, 3]), plain([3], [2, 2, 2])],
    gradients: [
      [1, 0.5, 0],
      [0, 0.5, 1],
    ],
  },
]);
checkOp("maximum", ops.maximum, [
  ...meetings(ops.maximum, Math.max, [-1, 1]).slice(0, 5),
  {
    title: "ties share the gradient",
    inputs: [plain([3], [1, 2, 3]), plain([3], [2, 2, 2])],
    gradients: [
      [0, 0.5, 1],
      [1, 0.5, 0],
    ],
  },
]);
checkOp("square", ops.square, [{ inputs: [[2, 3]], forward: elementwisePlain((a) => a * a) }, { inputs: [[]] }]);

test("integers are added and divided as integers", async () => {
  const a = input("a", [3], "int64");
  const feeds = { a: fromNumbers("int64", [3], [7, -7, 9]) };
  const { sum, quotient } = await evaluate({ sum: ops.add(a, 1), quotient: ops.div(a, 2) }, feeds);
  expect(toNumbers(sum)).toEqual([8, -6, 10]);
  expect(toNumbers(quotient)).toEqual([3, -3, 4]);
});

test("an expanded operand is used as it was before, where the result is the same", () => {
  const x = input("x", [4, 3]);
  const row = ops.expand(input("row", [3]), [4, 3]);
  const { y } = lower({ outputs: { y: ops.mul(x, row) } }, plainTarget).outputs;
  expect(reach([y]).nodes.map(({ op }) => op)).toEqual(["Mul"]);
});

test("an expanded tensor itself can still be differentiated", async () => {
  const row = ops.expand(input("row", [3]), [2, 3]);
  const [d] = gradients(ops.sum(ops.mul(row, 3)), [row]);
  expect(toNumbers((await evaluate({ d }, {})).d)).toEqual([3, 3, 3, 3, 3, 3]);
});

const x = input("x", [2, 3]);
checkErrors("arithmetic", [
  [
    "Add: shapes must be equal or 1 on each axis counted from the back, got [2, 3] and [2]",
    () => ops.add(x, input("y", [2])),
  ],
  [
    "Mul: operands must have one type, got float32 and int64. Cast one of them.",
    () => ops.mul(x, input("y", [3], "int64")),
  ],
]);
