import { expect, test } from "vitest";
import { float32, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { sizeOf } from "../array/shape.ts";
import { lower, reach } from "../graph/graph.ts";
import { heNormalInitializer } from "../graph/initializer.ts";
import { Model, type Scope } from "../graph/scope.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { conv2d } from "../nn/conv.ts";
import { batchNorm2d } from "../nn/norm.ts";
import { add, mul, relu, softmax, sum } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { gradients } from "./gradients.ts";
import { recomputed } from "./recompute.ts";

const shape = [2, 4, 3, 5];

function part(scope: Scope, x: Tensor): Tensor {
  const y = conv2d(scope.at("conv"), x, 4, { kernel: 3, padding: 1, initializer: heNormalInitializer() });
  return softmax(batchNorm2d(scope.at("norm"), relu(y)), { axis: 3 });
}

/** Two parts, one behind the other, and a way around them. */
function network(again: boolean, training = true) {
  const model = new Model({ training });
  const { scope } = model;
  const x = input("x", shape);
  const once = (name: string, value: Tensor) =>
    again ? recomputed(scope.at(name), value, (value) => part(scope.at(name), value)) : part(scope.at(name), value);
  const first = once("first", x);
  const y = add(once("second", mul(first, 3)), first);
  return { model, x, y, total: sum(mul(y, input("weights", shape))) };
}

function outputs(again: boolean): { readonly model: Model; readonly outputs: Named<Tensor> } {
  const { model, x, y, total } = network(again);
  const wrt = [x, ...model.trained.map(({ tensor }) => tensor)];
  const slopes = gradients(total, wrt).map((slope, i) => [`slope ${i}`, slope] as const);
  const averages = [...model.updates].map(([name, tensor]) => [`new ${name}`, tensor] as const);
  return { model, outputs: { y, ...Object.fromEntries(slopes), ...Object.fromEntries(averages) } };
}

const numbers = (name: string, shape: readonly number[]): NdArray =>
  float32(shape, new Random(name).fillNormal(new Float32Array(sizeOf(shape))));

test("results, gradients and running averages are those of the part as it is", async () => {
  const [again, plain] = [outputs(true), outputs(false)];
  expect([...again.model.parameters.keys()]).toEqual([...plain.model.parameters.keys()]);
  expect(Object.keys(again.outputs)).toEqual(Object.keys(plain.outputs));
  const feeds = {
    ...{ x: numbers("x", shape), weights: numbers("weights", shape) },
    ...Object.fromEntries(
      [...plain.model.parameters.values()].map(({ name, tensor }) => [name, numbers(name, tensor.shape)]),
    ),
  };
  const [got, wanted] = [await evaluate(again.outputs, feeds), await evaluate(plain.outputs, feeds)];
  for (const [name, array] of Object.entries(wanted)) {
    const values = toNumbers(got[name]);
    expect(
      toNumbers(array).some((value) => value !== 0),
      name,
    ).toBe(true);
    for (const [i, value] of toNumbers(array).entries()) expect(values[i], name).toBeCloseTo(value, 4);
  }
});

test("the backward pass computes the part again, and only once dy is known", () => {
  const target = { device: "cpu", operators: "native", convBlock: 0 } as const;
  const convolutions = (again: boolean) => {
    const { outputs: all } = outputs(again);
    return reach(Object.values(lower({ outputs: all }, target).outputs)).nodes.filter(
      ({ op, inputs }) => op === "Conv" && inputs.length === 3,
    );
  };
  expect(convolutions(false).length).toBe(2);
  expect(convolutions(true).length).toBe(4);
  // The two that are computed again depend on the weights of the sum, which only gradients do.
  const late = convolutions(true).filter(({ inputs }) => reach([inputs[0]!]).leaves.has("weights"));
  expect(late.length).toBe(2);
});

test("outside training nothing is changed", () => {
  const { y } = network(true, false);
  expect(reach([y]).nodes.some(({ op }) => op === "Recomputed")).toBe(false);
});

test("a part that asks the host, and gradients of gradients, are refused", () => {
  const { scope } = new Model({ training: true });
  const x = input("x", shape);
  const asks = (x: Tensor) => {
    scope.host("question", { x }, { y: { dtype: "float32", shape } }, (values) => values);
    return x;
  };
  expect(() => recomputed(scope.at("part"), x, asks)).toThrow("part: what is computed again must not ask the host");
  const { total, x: first } = network(true);
  const [slope] = gradients(total, [first]);
  expect(() => gradients(sum(slope), [first])).toThrow("gradients of gradients are not computed");
});
