import { describe, expect, test } from "vitest";
import { normal } from "../../test/support/normal.ts";
import { fromNumbers, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { type Graph, lower } from "../graph/graph.ts";
import { constant, input, node, type Target, type Tensor, variable } from "../graph/tensor.ts";
import * as ops from "../ops/index.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import { readModel } from "./read.ts";
import { writeModel } from "./write.ts";

const portable: Target = { device: "cpu", operators: "portable", convBlock: 0 };

/** Writes a graph for a target, reads it, and compares the numbers of both. */
async function expectSame({ outputs }: Graph, feeds: Named<NdArray>, target: Target): Promise<void> {
  const { bytes } = writeModel(lower({ outputs }, target));
  const again = readModel(bytes);
  expect(Object.keys(again.outputs)).toEqual(Object.keys(outputs));
  const [before, after] = [
    await evaluate(outputs, feeds, { target }),
    await evaluate(again.outputs, feeds, { target }),
  ];
  for (const name of Object.keys(outputs)) {
    expect(after[name].shape).toEqual(before[name].shape);
    expect(after[name].dtype).toBe(before[name].dtype);
    const [a, b] = [toNumbers(before[name]), toNumbers(after[name])];
    const scale = Math.max(1, ...a.map(Math.abs));
    b.forEach((value, i) => {
      expect(Math.abs(value - a[i])).toBeLessThanOrEqual(1e-6 * scale);
    });
  }
}

const x = input("x", [2, 4, 6, 6]);
const m = input("m", [4, 6]);
const w = variable("w", [8, 4, 3, 3]);
const vector = variable("vector", [4]);
const positive = ops.add(ops.square(m), 0.5);
const feeds = {
  x: normal(x.shape, "x"),
  m: normal(m.shape, "m"),
  w: normal(w.shape, "w"),
  vector: normal(vector.shape, "vector"),
};

const graphs: Named<() => Named<Tensor>> = {
  "element-wise": () => ({
    all: ops.add(ops.mul(ops.exp(ops.sin(m)), ops.tanh(m)), ops.div(ops.cos(m), positive)),
    more: ops.sub(ops.erf(ops.sigmoid(m)), ops.log(ops.sqrt(positive))),
    rest: ops.maximum(ops.minimum(ops.abs(m), ops.floor(m)), ops.round(ops.neg(ops.reciprocal(positive)))),
    gelu: ops.add(ops.gelu(m), ops.gelu(m, { approximate: "tanh" })),
    quick: ops.add(ops.add(ops.quickGelu(m), ops.softplus(m)), ops.silu(ops.relu(ops.sign(m)))),
    power: ops.pow(positive, 1.7),
    clipped: ops.clip(m, { min: -0.5, max: 0.25 }),
  }),
  logic: () => ({
    chosen: ops.where(ops.and(ops.greater(m, 0), ops.not(ops.lessOrEqual(m, 0.5))), m, ops.neg(m)),
    counted: ops.cast(ops.or(ops.equal(m, m), ops.less(m, 0)), "int64"),
  }),
  reductions: () => ({
    sum: ops.sum(m, { axes: [0] }),
    mean: ops.mean(x, { axes: [2, 3], keepDims: true }),
    max: ops.max(m),
    min: ops.min(m, { axes: [1] }),
    squares: ops.sumSquare(m, { axes: [1], keepDims: true }),
    together: ops.logSumExp(m, { axes: [1] }),
    running: ops.cumSum(m, { axis: 1 }),
    best: ops.argMax(m, { axis: 1 }),
    top: ops.topK(m, 2, { axis: 1 }).values,
    soft: ops.softmax(m, { axis: 0 }),
    log: ops.logSoftmax(m, { axis: 1 }),
  }),
  shapes: () => ({
    turned: ops.transpose(ops.reshape(m, [2, 2, 6]), [2, 0, 1]),
    piece: ops.slice(x, [
      { axis: 1, start: 1, end: 3 },
      { axis: 3, step: -2 },
    ]),
    padded: ops.pad(m, { before: [1, 0], after: [0, 2], mode: "reflect" }),
    filled: ops.pad(m, { before: [1, 0], after: [0, 2], value: 3 }),
    joined: ops.concat([m, ops.expand(ops.slice(m, [{ axis: 0, end: 1 }]), [2, 6])], { axis: 0 }),
    second: ops.split(m, [1, 3], { axis: 0 })[1],
    whole: ops.unsqueeze(ops.squeeze(ops.reshape(m, [4, 1, 6]), 1), 0),
  }),
  indexing: () => {
    const indices = constant(fromNumbers("int64", [3], [2, 0, 2]));
    const rows = constant(fromNumbers("int64", [2, 6], [0, 1, 2, 3, 0, 1, 3, 2, 1, 0, 3, 2]));
    return {
      rows: ops.gather(m, indices),
      taken: ops.takeAlong(m, rows, { axis: 0 }),
      added: ops.scatterAdd(m, rows, ops.slice(m, [{ axis: 0, end: 2 }]), { axis: 0 }),
      picked: ops.gatherNd(m, ops.reshape(indices, [3, 1])),
      hot: ops.oneHot(indices, 4, { dtype: "float32" }),
    };
  },
  layers: () => ({
    conv: ops.conv(x, w, { padding: [1, 0, 2, 1], strides: [2, 1] }),
    pooled: ops.maxPool(x, { kernel: 2 }),
    averaged: ops.averagePool(x, { kernel: 3, strides: 1 }),
    product: ops.matmul(m, m, { transposeB: true, scale: 0.25 }),
    normal: ops.layerNorm(ops.transpose(m, [1, 0]), vector, vector),
    batch: ops.batchNorm(x, vector, vector).y,
    frozen: ops.batchNormFrozen(x, vector, vector, vector, ops.square(vector)),
    larger: ops.resize(x, [9, 11]),
  }),
  "a loss and its gradients": () => {
    const hidden = ops.relu(
      ops.batchNorm(ops.conv(x, w, { padding: 1 }), constant(normal([8], "g")), constant(normal([8], "b"))).y,
    );
    const loss = ops.mean(ops.square(ops.maxPool(ops.gelu(hidden), { kernel: 2 })));
    const [dx, dw] = gradients(loss, [x, w]);
    return { loss, dx, dw };
  },
};

describe("what was written reads as the same graph", () => {
  for (const [name, build] of Object.entries(graphs)) {
    test.each([
      ["with ONNX Runtime's operators", plainTarget],
      ["with standard operators", portable],
    ])(`${name}, %s`, (_, target) => expectSame({ outputs: build() }, feeds, target));
  }

  test("read graphs have gradients", async () => {
    const { bytes } = writeModel(lower({ outputs: { y: ops.sum(ops.square(ops.tanh(m))) } }, portable));
    const again = readModel(bytes);
    const [dm] = gradients(again.outputs.y, [again.inputs.m]);
    const [expected] = gradients(ops.sum(ops.square(ops.tanh(m))), [m]);
    expect(await evaluate({ dm }, feeds)).toEqual(await evaluate({ dm: expected }, feeds));
  });

  test("operators that we do not have stay as they are", async () => {
    const y = node("Atan", [m], { gradient: null, output: m });
    const z = node("Trilu", [y], { attributes: { upper: 0 }, gradient: null, output: m });
    await expectSame({ outputs: { y, z } }, feeds, plainTarget);
  });
});
