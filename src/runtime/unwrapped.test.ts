import { expect, test } from "vitest";
import { float32, type NdArray, toNumbers } from "../array/ndarray.ts";
import { input, node } from "../graph/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { nodeBackend } from "./node.ts";
import { createSession, type OrtModule } from "./ort-session.ts";
import { refused, withRefused } from "./unwrapped.ts";

const size = 1_000_000;
const options = { device: "cpu", threads: 1, use: "training" } as const;

function doubling() {
  const x = input("x", [size]);
  const twice = node("Add", [x, x], { gradient: null, output: x });
  return writeModel({ outputs: { twice, again: node("Neg", [twice], { gradient: null, output: x }) } }).bytes;
}

const room = () => ({ ...float32([size], new Float32Array(size)) });
const at = (place: bigint): NdArray => ({ dtype: "int64", shape: [1], data: BigInt64Array.of(place) });

test("results for which there are arrays make no others", async () => {
  const session = await nodeBackend.create(doubling(), options);
  const [x, twice, again] = [float32([size], new Float32Array(size).fill(3)), room(), room()];
  await session.run({ x }, { twice, again });
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 5; i++) await session.run({ x }, { twice, again });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * size);
  expect([twice.data[size - 1], again.data[0]]).toEqual([6, -6]);
  await session.release();
});

test("results for which there is an array and others come together, and the added output is none of the graph's", async () => {
  const session = await nodeBackend.create(doubling(), options);
  expect(session.outputs.map(({ name }) => name)).toEqual(["twice", "again"]);
  const twice = room();
  const results = await session.run({ x: float32([size], new Float32Array(size).fill(1)) }, { twice, again: null });
  expect(results.twice).toBe(twice);
  expect([twice.data[1], results.again.data[1]]).toEqual([2, -2]);
  await session.release();
});

test("a run that fails says so, though its results have arrays", async () => {
  const x = input("x", [2]);
  const places = input("places", [1], "int64");
  const taken = node("Gather", [x, places], { gradient: null, output: { dtype: "float32", shape: [1] } });
  const session = await nodeBackend.create(writeModel({ outputs: { taken } }).bytes, options);
  const fetches = { taken: float32([1], [0]) };
  const feeds = { x: float32([2], [1, 2]), places: at(7n) };
  await expect(session.run(feeds, fetches)).rejects.toThrow(/run: expected numbers that the graph can compute with/);
  expect(toNumbers((await session.run({ ...feeds, places: at(1n) }, fetches)).taken)).toEqual([2]);
  await session.release();
});

test("a package that takes sequences wraps as it likes; the arrays given are the results", async () => {
  const { InferenceSession, Tensor } = (await import("onnxruntime-node")) as unknown as OrtModule;
  let asked: string[] = [];
  const taking: OrtModule = {
    Tensor,
    InferenceSession: {
      async create(model, settings) {
        const session = await InferenceSession.create(model, settings);
        return new Proxy(session, {
          get(target, key) {
            if (key !== "run") return Reflect.get(target, key, target);
            return async (feeds: object, fetches: Record<string, unknown>) => {
              asked = Object.keys(fetches);
              const { [refused]: _, ...rest } = fetches;
              return await target.run(feeds as never, rest as never);
            };
          },
        });
      },
    },
  };
  const session = await createSession(taking, withRefused(doubling()), {}, { fillsFetches: true });
  const [twice, again] = [room(), room()];
  const results = await session.run({ x: float32([size], new Float32Array(size).fill(2)) }, { twice, again });
  expect(asked).toContain(refused);
  expect(results).toEqual({ twice, again });
  expect(again.data[0]).toBe(-4);
});
