import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import {
  bytes,
  complaint,
  dictionary,
  floats,
  npy,
  tensor,
  torchLegacy,
  torchZip,
  zip,
} from "../../test/support/pickles.ts";
import { float32 } from "../array/ndarray.ts";
import { openWeights, readWeights } from "./read-weights.ts";
import { writeSafetensors } from "./safetensors.ts";

const a = float32([2], [1, 2]);
const pickled = dictionary({ a: tensor({ count: 2, shape: [2] }) });

/** Files whose header is as long as the bytes of another kind's beginning say. */
function withHeaderOf(length: number): Uint8Array {
  const plain = writeSafetensors({ a }, { note: "" }).length;
  return writeSafetensors({ a }, { note: "x".repeat(length + 16 - plain) });
}

test.each<[string, string, Uint8Array]>([
  ["an npz", "npz", zip([{ name: "a.npy", data: npy({ data: floats(1, 2) }) }])],
  ["a deflated npz", "npz", zip([{ name: "a.npy", data: npy({ data: floats(1, 2) }), deflate: true }])],
  ["a state dictionary in a zip archive", "torch", torchZip(pickled, { "0": floats(1, 2) })],
  ["a state dictionary of the old form", "torch", torchLegacy(pickled, { "0": floats(1, 2) })],
  ["safetensors", "safetensors", writeSafetensors({ a })],
  ["safetensors whose length begins like a pickle", "safetensors", withHeaderOf(0x80)],
  ["safetensors whose length begins like a zip archive", "safetensors", withHeaderOf(0x4b50)],
])("%s is told by its content, whatever its name", async (_, kind, content) => {
  const file = { kind, tensors: { a }, where: "weights.bin" };
  expect(await readWeights(content, "weights.bin")).toEqual(file);
  const platform = memoryPlatform();
  platform.files.set("weights.bin", content);
  expect(await openWeights(platform, "weights.bin")).toEqual(file);
});

test("an archive without arrays is an empty npz", async () => {
  expect(await readWeights(zip([]), "w")).toEqual({ kind: "npz", tensors: {}, where: "w" });
});

test.each<[string, Uint8Array, string]>([
  ["an empty file", new Uint8Array(0), "weights.bin: expected a file of weights, got an empty file. Fetch it again."],
  [
    "a page that a server sent instead",
    bytes("<!doctype html><html>"),
    "weights.bin: expected a file of weights (npz, PyTorch, safetensors, MXNet, or a TensorFlow checkpoint), got other bytes. Name the file that was published.",
  ],
  ["a single byte", bytes("x"), "got other bytes"],
  ["an archive of something else", zip([{ name: "a.txt", data: bytes("x") }]), "weights.bin: expected only .npy files"],
  ["the beginning of an archive", bytes("PK\x03\x04"), "weights.bin"],
  ["the beginning of a pickle", bytes(0x80, 2), "weights.bin"],
  ["the beginning of safetensors", writeSafetensors({ a }).subarray(0, 20), "weights.bin"],
])("%s is refused in one line", async (_, content, message) => {
  expect(await complaint(() => readWeights(content, "weights.bin"))).toContain(message);
});
