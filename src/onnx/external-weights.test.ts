import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { float32, toNumbers } from "../array/ndarray.ts";
import { constant, input, variable } from "../graph/tensor.ts";
import { add, matmul } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { nodeBackend } from "../runtime/node.ts";
import { externalLocations, moveWeights } from "./external-weights.ts";
import { readModel } from "./read.ts";
import { decodeModel, encodeModel } from "./wire.ts";
import { writeModel } from "./write.ts";

const ramp = (rows: number, columns: number) =>
  float32(
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => (i % 17) / 8 - 1),
  );

function write() {
  const x = input("x", [1, 20]);
  const hidden = add(matmul(x, variable("first", [20, 30])), constant(float32([30], new Float32Array(30).fill(0.5))));
  const embed = { first: ramp(20, 30), second: ramp(30, 16) };
  const { bytes } = writeModel({ outputs: { y: matmul(hidden, variable("second", [30, 16])) } }, { embed });
  const { model, pieces } = moveWeights(decodeModel(bytes, "model"), "model.onnx.data");
  return { bytes: encodeModel(model), data: Buffer.concat(pieces) };
}

test("ONNX Runtime and our reader find the weights in the second file", async () => {
  const { bytes, data } = write();
  expect(externalLocations(bytes, "model")).toEqual(["model.onnx.data"]);
  expect(bytes.length).toBeLessThan(2000);

  const folder = mkdtempSync(join(tmpdir(), "tessera-external-"));
  try {
    writeFileSync(join(folder, "model.onnx"), bytes);
    writeFileSync(join(folder, "model.onnx.data"), data);
    const options = { device: "cpu", threads: 1, use: "inference" } as const;
    const session = await nodeBackend.create(join(folder, "model.onnx"), options);
    const feeds = { x: ramp(1, 20) };
    const { y } = await session.run(feeds, { y: null });
    await session.release();

    const { outputs } = readModel(bytes, {
      external: (location, offset, length) => {
        expect(location).toBe("model.onnx.data");
        return data.subarray(offset, offset + length);
      },
    });
    toNumbers((await evaluate(outputs, feeds)).y).forEach((value, i) => {
      expect(value).toBeCloseTo(toNumbers(y)[i], 4);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a second file that is missing or too short is an error", async () => {
  const { bytes } = write();
  expect(() => readModel(bytes)).toThrow(/its numbers are in another file, "model.onnx.data"/);
  expect(() => readModel(bytes, { external: () => new Uint8Array(3) })).toThrow(
    /expected 2400 bytes of numbers, got 3/,
  );
});
