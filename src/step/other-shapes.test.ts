/** Graphs whose views of variables and results are left to the store: no copies, the same numbers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32, type Named, scalar, toNumbers } from "../array/ndarray.ts";
import { reach } from "../graph/graph.ts";
import { input, type Tensor, variable } from "../graph/tensor.ts";
import { add, mul, reshape, sum, transpose } from "../ops/index.ts";
import type { Engine } from "../runtime/engine.ts";
import { openLocalEngine } from "../runtime/local-engine.ts";
import { nodeBackend } from "../runtime/node.ts";
import { withoutViews } from "./other-shapes.ts";
import { writing } from "./programs.ts";

const w = variable("w", [2, 3, 1]);
const x = input("x", []);
const matrix = reshape(w, [2, 3]);
const row = reshape(reshape(w, [3, 2]), [6]);
const graph: Named<Tensor> = {
  total: add(sum(mul(matrix, x)), sum(row)),
  "next:product": reshape(mul(matrix, x), [3, 2]),
  "next:turned": transpose(matrix, [1, 0]),
  "next:copy": reshape(w, [6]),
  "next:same": reshape(reshape(mul(w, x), [6]), [2, 3, 1]),
};
const reshapes = (outputs: Named<Tensor>) =>
  reach(Object.values(outputs)).nodes.filter(({ op }) => op === "Reshape").length;

test("views of variables and of what is written are gone, others stay", () => {
  const written = ["next:product", "next:turned", "next:copy", "next:same"];
  const { outputs, reads, shapes } = withoutViews({ outputs: graph }, written);
  expect(reads).toEqual({ "w as [2, 3]": "w", "w as [6]": "w" });
  expect(shapes).toEqual({ "next:product": [3, 2] });
  // A variable that is written as it is; what comes back to its shape.
  expect([reshapes(graph), reshapes(outputs)]).toEqual([7, 3]);
  expect(Object.values(withoutViews({ outputs: graph }, []).shapes)).toEqual([]);
});

describe("on an engine", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openLocalEngine(nodeBackend, { threads: 1 });
  });
  afterAll(() => engine.close());

  const target = { device: "cpu", operators: "native", convBlock: 0 } as const;
  const numbers = [1, 2, 3, 4, 5, 6];
  const wanted = (factor: number) => ({
    product: float32(
      [3, 2],
      numbers.map((value) => factor * value),
    ),
    turned: float32([3, 2], [1, 4, 2, 5, 3, 6]),
    copy: float32([6], numbers),
    same: float32(
      [2, 3, 1],
      numbers.map((value) => factor * value),
    ),
  });

  test("the store has the shapes of the graph as it was written, whatever a run is given to write into", async () => {
    const { total, ...next } = graph;
    const named = Object.fromEntries(Object.entries(next).map(([name, tensor]) => [name.replace("next:", ""), tensor]));
    const program = await writing({ total }, named, { engine, target, inPlace: true, commitIf: "total", over: "" });
    await engine.put({ w: float32([2, 3, 1], numbers) });
    for (const factor of [2, 3, 5]) {
      const { total: got } = await program.run({ x: scalar(factor) });
      expect(toNumbers(got)).toEqual([21 * factor + 21]);
      expect(await engine.get(Object.keys(named))).toEqual(wanted(factor));
    }
    // What is not finite is not committed.
    expect(toNumbers((await program.run({ x: scalar(Number.NaN) })).total)).toEqual([Number.NaN]);
    expect(await engine.get(["turned", "copy"])).toEqual({ turned: wanted(5).turned, copy: wanted(5).copy });
    await program.release();
  });
});
