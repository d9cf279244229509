import { describe, expect, test } from "vitest";
import { float32, fromNumbers, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { sizeOf } from "../array/shape.ts";
import { gradients } from "../autodiff/gradients.ts";
import { InputError } from "../errors.ts";
import { type Graph, lower } from "../graph/graph.ts";
import { constant, input, type Leaf, node, type Target, type Tensor, variable } from "../graph/tensor.ts";
import * as ops from "../ops/index.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import { nodeBackend } from "../runtime/node.ts";
import { readModel } from "./read.ts";
import { tensorProto, valueInfo } from "./tensor-proto.ts";
import { decodeModel, encodeModel, type GraphProto, type ModelProto } from "./wire.ts";
import { graphProto, modelProto, writeModel } from "./write.ts";

const portable: Target = { device: "cpu", operators: "portable", convBlock: 0 };

function drawn(shape: readonly number[], name: string): NdArray {
  return float32(shape, new Random(11, name).fillNormal(new Float32Array(sizeOf(shape))));
}

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
  x: drawn(x.shape, "x"),
  m: drawn(m.shape, "m"),
  w: drawn(w.shape, "w"),
  vector: drawn(vector.shape, "vector"),
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
      ops.batchNorm(ops.conv(x, w, { padding: 1 }), constant(drawn([8], "g")), constant(drawn([8], "b"))).y,
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

describe("writer", () => {
  const y = ops.add(ops.mul(m, 2), ops.add(m, 2));

  test("leaves become inputs and variables, unless their numbers are embedded", () => {
    const graph = { outputs: { y: ops.add(ops.sum(x), ops.sum(w)) } };
    expect(writeModel(graph)).toMatchObject({ inputs: ["x"], variables: ["w"] });
    expect(writeModel(graph, { embed: { w: feeds.w } })).toMatchObject({ inputs: ["x"], variables: [] });
    expect(writeModel(graph, { embed: new Map([["w", feeds.w]]) }).variables).toEqual([]);
  });

  test("an embedded model gives the numbers of one that is fed", async () => {
    const outputs = { y: ops.conv(x, w) };
    const { bytes } = writeModel(lower({ outputs }, portable), { embed: { w: feeds.w } });
    const session = await nodeBackend.create(bytes, { device: "cpu", threads: 1, use: "inference" });
    const results = await session.run({ x: feeds.x }, { y: null });
    const expected = await evaluate(outputs, feeds);
    toNumbers(expected.y).forEach((value, i) => {
      expect(toNumbers(results.y)[i]).toBeCloseTo(value, 4);
    });
    await session.release();
  });

  test("embedded numbers of another shape are an error", () => {
    expect(() => writeModel({ outputs: { y: ops.sum(w) } }, { embed: { w: drawn([2], "w") } })).toThrow(
      /^w: expected float32 \[8, 4, 3, 3\], got float32 \[2\]/,
    );
  });

  test("equal constants are stored once", () => {
    expect(graphProto({ outputs: { y } }).graph.initializer).toHaveLength(1);
  });

  test("only operator sets in use are declared", () => {
    const plain = lower({ outputs: { y: ops.matmul(m, m, { transposeB: true }) } }, plainTarget);
    const own = lower({ outputs: { y } }, plainTarget);
    expect(graphProto(plain).opsets).toEqual([
      { domain: "", version: 20 },
      { domain: "com.microsoft", version: 1 },
    ]);
    expect(graphProto(own).opsets).toEqual([{ domain: "", version: 20 }]);
  });

  test("names are readable, and different under a prefix", () => {
    const { graph } = graphProto({ outputs: { y } }, { prefix: "body/" });
    expect(graph.node?.map(({ name }) => name)).toEqual(["body/Mul_1", "body/Add_1", "body/Add_y"]);
    expect(graph.node?.at(-1)?.output).toEqual(["y"]);
  });

  test("an output named like an input is an error", () => {
    expect(() => writeModel({ outputs: { m: y } })).toThrow(/"m" is both an input and an output/);
  });

  test("metadata comes back", () => {
    const { bytes } = writeModel({ outputs: { y } }, { metadata: { classes: '["sky"]', licence: "Apache-2.0" } });
    expect(readModel(bytes).metadata).toEqual({ classes: '["sky"]', licence: "Apache-2.0" });
  });

  test("a graph can be the body of a loop in a model made by hand", async () => {
    const item = input("item", [3]);
    const body = graphProto({ outputs: { twice: ops.mul(item, 2) } }, { prefix: "body/", name: "body" });
    const scalarInfo = (name: string, dtype: "int64" | "bool") => valueInfo(name, { dtype, shape: [] });
    const loopBody: GraphProto = {
      ...body.graph,
      node: [
        { op_type: "Gather", input: ["rows", "step"], output: ["item"] },
        ...(body.graph.node ?? []),
        { op_type: "Identity", input: ["going"], output: ["still"] },
      ],
      input: [scalarInfo("step", "int64"), scalarInfo("going", "bool")],
      output: [scalarInfo("still", "bool"), ...(body.graph.output ?? [])],
    };
    const model: ModelProto = modelProto({
      ...body,
      graph: {
        name: "outer",
        input: [valueInfo("rows", { dtype: "float32", shape: [-1, 3] })],
        output: [valueInfo("all", { dtype: "float32", shape: [-1, 3] })],
        initializer: [tensorProto(fromNumbers("int64", [], [0]), "zero")],
        node: [
          { op_type: "Shape", input: ["rows"], output: ["shape"] },
          { op_type: "Gather", input: ["shape", "zero"], output: ["count"] },
          {
            op_type: "Loop",
            input: ["count", ""],
            output: ["all"],
            attribute: [{ name: "body", type: 5, g: loopBody }],
          },
        ],
      },
    });
    const session = await nodeBackend.create(encodeModel(model), { device: "cpu", threads: 1, use: "inference" });
    const { all } = await session.run({ rows: float32([2, 3], [1, 2, 3, 4, 5, 6]) }, { all: null });
    expect([all.shape, toNumbers(all)]).toEqual([
      [2, 3],
      [2, 4, 6, 8, 10, 12],
    ]);
    await session.release();
  });
});

describe("reader", () => {
  const good = writeModel(lower({ outputs: { y: ops.add(ops.mul(m, 2), constant(drawn([6], "c"))) } }, portable)).bytes;
  const change = (edit: (model: ModelProto) => void) => {
    const model = structuredClone(decodeModel(good));
    edit(model);
    return encodeModel(model);
  };

  test("shape arithmetic of other programs becomes constants", async () => {
    const model: ModelProto = {
      ...decodeModel(good),
      graph: {
        name: "foreign",
        input: [valueInfo("x", { dtype: "float32", shape: [-1, 6] })],
        output: [valueInfo("y", { dtype: "float32", shape: [-1, -1] })],
        initializer: [
          tensorProto(fromNumbers("int64", [], [0]), "zero"),
          tensorProto(fromNumbers("int64", [1], [-1]), "rest"),
        ],
        node: [
          { op_type: "Shape", input: ["x"], output: ["shape"] },
          { op_type: "Gather", input: ["shape", "zero"], output: ["batch"] },
          {
            op_type: "Constant",
            output: ["axes"],
            attribute: [{ name: "value", type: 4, t: tensorProto(fromNumbers("int64", [1], [0])) }],
          },
          { op_type: "Unsqueeze", input: ["batch", "axes"], output: ["front"] },
          {
            op_type: "Concat",
            input: ["front", "rest"],
            output: ["sizes"],
            attribute: [{ name: "axis", type: 2, i: 0 }],
          },
          { op_type: "Reshape", input: ["x", "sizes"], output: ["y"] },
        ],
      },
    };
    const { outputs } = readModel(encodeModel(model), { sizes: { "x:0": 4 } });
    expect(outputs.y.shape).toEqual([4, 6]);
    expect((outputs.y.source as Leaf).name).toBe("x");
    expect(() => readModel(encodeModel(model))).toThrow(/input x: expected a size for axis 0, which is called x:0/);
  });

  test("64-bit integers are exact, also outside raw bytes", () => {
    const largest = (2n ** 63n - 1n).toString();
    const bytes = change(({ graph }) => {
      graph!.initializer = [...graph!.initializer!, { name: "big", dims: [1], data_type: 7, int64_data: [largest] }];
      graph!.output = [valueInfo("big", { dtype: "int64", shape: [1] })];
    });
    expect((readModel(bytes).outputs.big.source as Leaf).value?.data[0]).toBe(2n ** 63n - 1n);
  });

  test.each<[string, (model: ModelProto) => void, RegExp]>([
    [
      "an unknown operator without a shape",
      ({ graph }) => {
        graph!.node = [{ op_type: "Mystery", input: ["m"], output: ["y"] }];
        graph!.output = [{ name: "y" }];
        graph!.value_info = [];
      },
      /node 1 \(Mystery\): expected the file to tell the shape of output 1/,
    ],
    [
      "a node that comes too early",
      ({ graph }) => {
        graph!.node = [...graph!.node!].reverse();
      },
      /expected an earlier node that makes "Mul_1"/,
    ],
    [
      "an output that nothing makes",
      ({ graph }) => {
        graph!.output = [valueInfo("z", m)];
      },
      /expected a node that makes output "z"/,
    ],
    [
      "a weight that is too short",
      ({ graph }) => {
        graph!.initializer = [
          { ...graph!.initializer![0], raw_data: new Uint8Array(2) },
          ...graph!.initializer!.slice(1),
        ];
      },
      /expected \d+ bytes of numbers, got 2/,
    ],
    [
      "a weight with negative sizes",
      ({ graph }) => {
        graph!.initializer = [{ ...graph!.initializer![0], dims: [-3] }];
      },
      /expected sizes of 0 or more/,
    ],
    [
      "a weight of astronomic size",
      ({ graph }) => {
        graph!.initializer = [{ ...graph!.initializer![0], dims: [2 ** 40, 2 ** 40] }];
      },
      /expected sizes of 0 or more and at most/,
    ],
    [
      "a weight outside the folder",
      ({ graph }) => {
        const external = [{ key: "location", value: "../../etc/passwd" }];
        graph!.initializer = [
          { ...graph!.initializer![0], raw_data: undefined, data_location: 1, external_data: external },
        ];
      },
      /location "..\/..\/etc\/passwd"/,
    ],
    [
      "text as a weight",
      ({ graph }) => {
        graph!.initializer = [{ ...graph!.initializer![0], data_type: 8 }];
      },
      /expected an element type out of/,
    ],
    [
      "an operator set of long ago",
      (model) => {
        model.opset_import = [{ domain: "", version: 3 }];
      },
      /expected ONNX operator set 7 to 25, got 3/,
    ],
    [
      "a foreign domain",
      ({ graph }) => {
        graph!.node = [{ ...graph!.node![0], domain: "ai.onnx.ml" }];
      },
      /got one of domain "ai.onnx.ml"/,
    ],
    [
      "shapes that contradict each other",
      ({ graph }) => {
        graph!.output = [valueInfo("y", { dtype: "float32", shape: [5, 5] })];
      },
      /expected float32 \[5, 5\] as the file says, got float32 \[4, 6\]/,
    ],
    [
      "operands that do not go together",
      ({ graph }) => {
        graph!.initializer = graph!.initializer!.map((tensor) =>
          tensor.dims === undefined ? tensor : { ...tensor, dims: [3], raw_data: new Uint8Array(12) },
        );
        graph!.value_info = [];
      },
      /\(Add\): Add: shapes must be equal or 1/,
    ],
    [
      "a subgraph",
      ({ graph }) => {
        graph!.node = [
          { op_type: "If", input: ["m"], output: ["y"], attribute: [{ name: "then_branch", type: 5, g: {} }] },
        ];
      },
      /such as a subgraph/,
    ],
  ])("%s is an error of one line", (_, edit, message) => {
    const read = () => readModel(change(edit), { where: "model.onnx" });
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^model\.onnx[^\n]*$/);
  });

  test("no cut or flipped byte is more than an error of one line", () => {
    const random = new Random(5, "damage");
    for (let i = 0; i < 300; i++) {
      const bytes = new Uint8Array(i % 3 === 0 ? good.slice(0, random.integer(good.length)) : good);
      if (i % 3 !== 0 && bytes.length > 0) bytes[random.integer(bytes.length)] = random.integer(256);
      try {
        readModel(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(InputError);
        expect((error as Error).message).not.toContain("\n");
      }
    }
  });
});
