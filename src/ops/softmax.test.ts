import { checkErrors, checkOp } from "../../test/support/check.ts";
import { elementwisePlain, plain, reducePlain } from "../../test/support/check-plain.ts";
import { type NdArray, toNumbers } from "../array/ndarray.ts";
import { input } from "../graph/tensor.ts";
import * as ops from "./index.ts";

const axes: [number[], number][] = [
  [[5], 0],
  [[3, 4], -1],
  [[2, 4, 3], 1],
  [[2, 3, 2, 2], 1],
  [[4, 1], 1],
  [[3, 2], 0],
];

/** exp(x) / Σ exp(x) along one axis. */
function plainSoftmax(axis: number) {
  return (x: NdArray): NdArray => {
    const powers = elementwisePlain(Math.exp)(x);
    const along = (axis + x.shape.length) % x.shape.length;
    return elementwisePlain((a, b) => a / b)(
      powers,
      reducePlain((values) => values.reduce((a, b) => a + b), [along])(powers),
    );
  };
}

for (const dtype of ["float64", "float32"] as const) {
  checkOp(
    "softmax",
    ops.softmax,
    axes.map(([shape, axis]) => ({
      title: `[${shape}] axis ${axis} ${dtype}`,
      inputs: [shape],
      build: (x) => ops.softmax(x, { axis }),
      forward: plainSoftmax(axis),
    })),
    { dtype },
  );
  checkOp(
    "logSoftmax",
    ops.logSoftmax,
    axes.map(([shape, axis]) => ({
      title: `[${shape}] axis ${axis} ${dtype}`,
      inputs: [shape],
      build: (x) => ops.logSoftmax(x, { axis }),
      forward: (x) => toNumbers(elementwisePlain(Math.log)(plainSoftmax(axis)(x))),
    })),
    { dtype },
  );
}
checkOp("logSoftmax", ops.logSoftmax, [
  {
    title: "large and tied",
    inputs: [plain([3], [1000, 1000, -1000])],
    forward: () => [-Math.LN2, -Math.LN2, -2000 - Math.LN2],
  },
]);
checkOp("softmax", ops.softmax, [
  {
    title: "masked with minus infinity",
    inputs: [plain([3], [1, -Infinity, 1])],
    forward: () => [0.5, 0, 0.5],
    gradients: [[0, 0, 0]],
  },
]);

checkErrors("softmax", [
  ["softmax: axis must be an integer from -1 to 0, got 1", () => ops.softmax(input("x", [3]), { axis: 1 })],
  ["softmax: x must be a float tensor, got int32", () => ops.softmax(input("x", [3], "int32"))],
  ["logSoftmax: x must be a float tensor, got int32", () => ops.logSoftmax(input("x", [3], "int32"))],
]);
