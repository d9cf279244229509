import { describe, expect, test } from "vitest";
import { normal } from "../../test/support/normal.ts";
import { float32, fromNumbers, toNumbers } from "../array/ndarray.ts";
import { lower } from "../graph/graph.ts";
import { input, type Target, variable } from "../graph/tensor.ts";
import * as ops from "../ops/index.ts";
import { evaluate, plainTarget } from "../runtime/evaluate.ts";
import { nodeBackend } from "../runtime/node.ts";
import { readModel } from "./read.ts";
import { tensorProto, valueInfo } from "./tensor-proto.ts";
import { encodeModel, type GraphProto, type ModelProto } from "./wire.ts";
import { graphProto, modelProto, writeModel } from "./write.ts";

const portable: Target = { device: "cpu", operators: "portable", convBlock: 0 };

const x = input("x", [2, 4, 6, 6]);
const m = input("m", [4, 6]);
const w = variable("w", [8, 4, 3, 3]);
const feeds = {
  x: normal(x.shape, "x"),
  m: normal(m.shape, "m"),
  w: normal(w.shape, "w"),
};

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
    expect(() => writeModel({ outputs: { y: ops.sum(w) } }, { embed: { w: normal([2], "w") } })).toThrow(
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

  test("outputs may be called by numbers, as other programs call them", async () => {
    const outputs = { 2: ops.neg(m), 1: ops.neg(ops.neg(m)), 3: m };
    const { graph } = graphProto({ outputs });
    expect(new Set(graph.node?.map(({ name }) => name)).size).toBe(graph.node?.length);
    expect(toNumbers((await evaluate(outputs, feeds))["1"])).toEqual(toNumbers(feeds.m));
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
