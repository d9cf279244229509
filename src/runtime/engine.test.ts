import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, type Named, type NdArray, scalar, toNumbers } from "../array/ndarray.ts";
import { constant, input, node, type Tensor, variable } from "../graph/tensor.ts";
import { valueInfo } from "../onnx/tensor-proto.ts";
import { encodeModel } from "../onnx/wire.ts";
import { graphProto, modelProto, writeModel } from "../onnx/write.ts";
import type { Engine } from "./engine.ts";
import { openLocalEngine } from "./local-engine.ts";
import { nodeBackend } from "./node.ts";
import { openEngine } from "./open.ts";
import { webBackend } from "./web.ts";

const binary = (op: string, a: Tensor, b: Tensor) =>
  node(op, [a, b], { gradient: null, output: { dtype: "float32", shape: a.shape } });

/** total += x; returns the old total times ten. */
function counter() {
  const total = variable("total", [2]);
  const x = input("x", [2]);
  const outputs: Named<Tensor> = { sum: binary("Add", total, x), old: binary("Mul", total, constant(10)) };
  return { ...writeModel({ outputs }, { metadata: { purpose: "counting", note: "ä" } }), outputs };
}

/** The last column: whether arrays that were put into the store are overwritten within our reach. */
const engines: [string, () => Promise<Engine>, boolean][] = [
  ["native, in this thread", () => openLocalEngine(nodeBackend), true],
  ["native, in a worker", () => openEngine({ threads: 1 }), false],
  ["web package", () => openLocalEngine(webBackend), false],
];

describe.each(engines)("engine: %s", (_, open, overwrites) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await open();
  });
  afterAll(() => engine.close());

  test("a written variable is read by the next run, while the run that wrote it read the old one", async () => {
    const { bytes, variables } = counter();
    const program = await engine.load(bytes, variables, { writes: { sum: "total" } });
    await engine.put({ total: float32([2], [1, 2]) });
    const olds: number[][] = [];
    for (let i = 0; i < 4; i++) olds.push(toNumbers((await program.run({ x: float32([2], [1, 1]) })).old));
    expect(olds).toEqual([
      [10, 20],
      [20, 30],
      [30, 40],
      [40, 50],
    ]);
    expect(toNumbers((await engine.get(["total"])).total)).toEqual([5, 6]);
    await program.release();
  });

  test("programs share the store", async () => {
    const { bytes, variables } = counter();
    const writer = await engine.load(bytes, variables, { writes: { sum: "total" } });
    const reader = await engine.load(bytes, variables);
    await engine.put({ total: float32([2], [0, 0]) });
    await writer.run({ x: float32([2], [3, 4]) });
    const { old, sum } = await reader.run({ x: float32([2], [0, 0]) });
    expect([toNumbers(old), toNumbers(sum)]).toEqual([
      [30, 40],
      [3, 4],
    ]);
    await Promise.all([writer.release(), reader.release()]);
  });

  test("a program that only writes makes its entry and refills it", async () => {
    const x = input("x", [2]);
    const { bytes, variables } = writeModel({ outputs: { twice: binary("Add", x, x) } });
    const program = await engine.load(bytes, variables, { writes: { twice: "doubled" } });
    for (const value of [1, 2, 3]) await program.run({ x: float32([2], [value, 0]) });
    expect(toNumbers((await engine.get(["doubled"])).doubled)).toEqual([6, 0]);
    await engine.drop(["doubled"]);
    await expect(engine.get(["doubled"])).rejects.toThrow(/no "doubled"/);
  });

  test("a run whose guard is not finite leaves the store as it was", async () => {
    const { bytes, variables } = counter();
    const program = await engine.load(bytes, variables, { writes: { sum: "total" }, commitIf: "sum" });
    await engine.put({ total: float32([2], [1, 2]) });
    await program.run({ x: float32([2], [1, 1]) });
    await program.run({ x: float32([2], [Number.NaN, 1]) });
    expect(toNumbers((await engine.get(["total"])).total)).toEqual([2, 3]);
    await program.run({ x: float32([2], [1, 1]) });
    expect(toNumbers((await engine.get(["total"])).total)).toEqual([3, 4]);
  });

  test("numbers that may be overwritten are overwritten; the guard is not for them", async () => {
    const total = variable("total", [2]);
    const x = input("x", [2]);
    const { bytes, variables } = writeModel({ outputs: { sum: binary("Add", total, x), guard: binary("Add", x, x) } });
    const writes = { sum: "total" };
    const program = await engine.load(bytes, variables, { writes, commitIf: "guard", inPlace: ["sum"] });
    const array = float32([2], [1, 2]);
    await engine.put({ total: array });
    for (let i = 0; i < 3; i++) await program.run({ x: float32([2], [1, 1]) });
    expect(toNumbers((await engine.get(["total"])).total)).toEqual([4, 5]);
    await program.run({ x: float32([2], [1, Number.NaN]) });
    expect(toNumbers((await engine.get(["total"])).total)).toEqual([5, Number.NaN]);
    if (overwrites) expect(toNumbers(array)).toEqual([5, Number.NaN]);
    await expect(engine.load(bytes, variables, { inPlace: ["sum"] })).rejects.toThrow(/"sum" is not written/);
  });

  test("only what is asked for comes back", async () => {
    const { bytes, variables } = counter();
    const program = await engine.load(bytes, variables);
    await engine.put({ total: float32([2], [1, 2]) });
    expect(Object.keys(await program.run({ x: float32([2], [0, 0]) }, { fetch: ["sum"] }))).toEqual(["sum"]);
  });

  test("feeds are kept where that is asked for", async () => {
    const { bytes, variables } = counter();
    const program = await engine.load(bytes, variables);
    await engine.put({ total: float32([2], [1, 2]) });
    const x = float32([2], [5, 6]);
    await program.run({ x }, { keepFeeds: true });
    expect(toNumbers(x)).toEqual([5, 6]);
  });

  test("a program tells its inputs, outputs and metadata", async () => {
    const { bytes, variables } = counter();
    const { inputs, outputs, metadata } = await engine.load(bytes, variables);
    expect(inputs).toEqual([{ name: "x", dtype: "float32", shape: [2] }]);
    expect(outputs).toEqual(["sum", "old"]);
    expect(metadata).toEqual({ purpose: "counting", note: "ä" });
  });

  test("sizes may be left open; results then come in memory of ONNX Runtime's own", async () => {
    const x = input("x", [1, 2]);
    const written = graphProto({ outputs: { y: binary("Add", x, x) } });
    const open = (name: string) => [valueInfo(name, { dtype: "float32", shape: [-1, 2] })];
    const graph = { ...written.graph, input: open("x"), output: open("y"), value_info: [] };
    const program = await engine.load(encodeModel(modelProto({ ...written, graph })), [], { use: "inference" });
    expect(program.inputs).toEqual([{ name: "x", dtype: "float32", shape: [-1, 2] }]);
    const kept: NdArray[] = [];
    for (const rows of [1, 3, 2, 50_000]) {
      const feeds = { x: float32([rows, 2], new Float32Array(2 * rows).fill(rows)) };
      const { y } = await program.run(feeds);
      expect(y.shape).toEqual([rows, 2]);
      kept.push(y);
    }
    expect(kept.map(({ data }) => data[1])).toEqual([2, 6, 4, 100_000]);
    await program.release();
  });

  test.each([
    ["nothing", () => ({}), /^input x: expected float32 \[2\], got nothing/],
    ["another shape", () => ({ x: float32([3], [1, 2, 3]) }), /got float32 \[3\]/],
    ["another type", () => ({ x: scalar(1, "int64") }), /got int64 \[\]/],
  ])("feeding %s is one clear error", async (_what, feeds, message) => {
    const { bytes, variables } = counter();
    await engine.put({ total: float32([2], [1, 2]) });
    const program = await engine.load(bytes, variables);
    await expect(program.run(feeds())).rejects.toThrow(message);
    await expect(program.run(feeds())).rejects.toMatchObject({ name: "InputError" });
  });

  test("bytes that are no model are one clear error", async () => {
    await expect(engine.load(new Uint8Array([1, 2, 3]), [])).rejects.toMatchObject({
      name: "InputError",
      message: expect.stringMatching(/^graph: expected a model that ONNX Runtime loads, got: [^\n]+$/),
    });
  });
});

test.each(["cuda", "dml", "coreml"] as const)("a device that is not there is one clear error: %s", async (device) => {
  await expect(openEngine({ device })).rejects.toMatchObject({
    name: "InputError",
    message: expect.stringMatching(new RegExp(`^device ${device}: [^\n]+$`)),
  });
});

test("the main thread is free while the worker computes, and closing ends the worker", async () => {
  const engine = await openEngine({ threads: 1 });
  let x: Tensor = input("x", [512, 512]);
  for (let i = 0; i < 60; i++) x = binary("MatMul", x, x);
  const { bytes, variables } = writeModel({ outputs: { y: x } });
  const program = await engine.load(bytes, variables);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await program.run({ x: float32([512, 512], new Float32Array(512 * 512)) });
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(20);
  await engine.close();
  await expect(program.run({ x: float32([512, 512], new Float32Array(512 * 512)) })).rejects.toThrow(/is closed/);
});

test("a model in a file is loaded from there, with its metadata", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tessera-engine-"));
  const engine = await openEngine({ threads: 1 });
  try {
    const { bytes, variables } = counter();
    const file = join(folder, "counter.onnx");
    writeFileSync(file, bytes);
    const { metadata, inputs } = await engine.load({ file }, variables);
    expect(metadata).toEqual({ purpose: "counting", note: "ä" });
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
    await expect(engine.load({ file: join(folder, "none.onnx") }, [])).rejects.toMatchObject({ name: "InputError" });
  } finally {
    await engine.close();
    rmSync(folder, { recursive: true });
  }
});

test("an array that was handed over before is an error, not zeros", async () => {
  const engine = await openEngine({ threads: 1 });
  const { bytes, variables } = counter();
  await engine.put({ total: float32([2], [1, 2]) });
  const program = await engine.load(bytes, variables);
  const x = float32([2], [1, 2]);
  await program.run({ x });
  await expect(program.run({ x })).rejects.toThrow(/"x" was handed over before/);
  await engine.close();
});
