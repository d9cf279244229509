import { type Case, checkOp } from "./check.ts";
import { elementwisePlain } from "./check-plain.ts";
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
