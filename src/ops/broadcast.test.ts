import { checkErrors, checkOp } from "../../test/support/check.ts";
import { at, build, plain } from "../../test/support/check-plain.ts";
import { input } from "../graph/tensor.ts";
import * as ops from "./index.ts";

const expansions: [number[], number[]][] = [
  [[], [2, 3]],
  [[3], [2, 3]],
  [
    [2, 1, 3],
    [2, 4, 3],
  ],
  [
    [1, 1],
    [1, 1],
  ],
  [
    [1, 3],
    [2, 2, 3],
  ],
];

checkOp(
  "expand",
  ops.expand,
  expansions.map(([from, to]) => ({
    title: `[${from}] to [${to}]`,
    inputs: [from],
    build: (x) => ops.expand(x, to),
    forward: (x) => build(to, (index) => at(x, index)),
  })),
);

checkOp("constantLike", ops.constantLike, [
  {
    title: "a number everywhere",
    inputs: [[2, 2]],
    build: (x) => ops.constantLike(x, 3),
    forward: () => plain([2, 2], [3, 3, 3, 3]),
    gradients: [[0, 0, 0, 0]],
  },
]);

const x = input("x", [2, 3]);
checkErrors("broadcast", [
  ["expand: x must have size 1 where it is repeated, got [2, 3] for [3].", () => ops.expand(x, [3])],
  ["expand: shapes must be equal or 1", () => ops.expand(x, [4, 3])],
]);
