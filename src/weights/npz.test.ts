import { expect, test } from "vitest";
import { bytes, complaint, floats, npy, zip } from "../../test/support/pickles.ts";
import { float32 } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { readNpz } from "./npz.ts";

const file = zip([
  { name: "cls.npy", data: npy() },
  { name: "Transformer/encoder_norm/scale.npy", data: npy({ data: floats(3, 4) }), deflate: true },
]);

test("arrays come back by name, stored or deflated", async () => {
  expect(await readNpz(file)).toEqual({
    cls: float32([2], [1, 2]),
    "Transformer/encoder_norm/scale": float32([2], [3, 4]),
  });
});

test("an archive without arrays is empty", async () => {
  expect(await readNpz(zip([]))).toEqual({});
});

test("no name reaches an object's prototype", async () => {
  const arrays = await readNpz(zip([{ name: "__proto__.npy", data: npy() }]));
  expect(Object.entries(arrays)).toEqual([["__proto__", float32([2], [1, 2])]]);
  expect(Object.getPrototypeOf(arrays)).toBe(Object.prototype);
});

test.each<[string, Uint8Array, string]>([
  [
    "another file in the archive",
    zip([{ name: "run.sh", data: bytes("x") }]),
    "w.npz: expected only .npy files in the archive, got run.sh. Save the arrays with numpy.savez.",
  ],
  [
    "a damaged array",
    zip([{ name: "a.npy", data: npy({ shape: "(3,)" }) }]),
    "w.npz, a.npy: expected 12 bytes for float32 of shape [3], got 8. The file is damaged or not a NumPy array; write or fetch it again.",
  ],
  [
    "no archive",
    npy(),
    "w.npz: expected a zip archive's directory at the end of the file, got none. The file is damaged or not a zip archive; fetch it again.",
  ],
])("%s is refused", async (_, content, message) => {
  expect(await complaint(() => readNpz(content, "w.npz"))).toBe(message);
});

test("a file cut anywhere is refused", async () => {
  for (let length = 0; length < file.length; length++) {
    expect(await complaint(() => readNpz(file.subarray(0, length))), `${length} bytes`).toBeDefined();
  }
});

test("a file with a wrong byte anywhere reads or is refused", async () => {
  const random = new Random("npz", "fuzz");
  for (let i = 0; i < 2000; i++) {
    await complaint(() => readNpz(file.with(random.integer(file.length), random.integer(256))));
  }
});
