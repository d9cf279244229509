import { expect, test } from "vitest";
import { type Named, type NdArray, ndarray, zeros } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import type { WeightFile } from "../../weights/read-weights.ts";
import { importMaxDeepLab } from "./import.ts";

/** Numbers of all tensors here: none is looked at. */
const numbers = new Float32Array(3 * 3 * 512 * 512 * 8);
const tensor = (shape: readonly number[]): NdArray => ndarray("float32", shape, numbers.subarray(0, sizeOf(shape)));

const norm = (place: string, channels: number) =>
  ["gamma", "beta", "moving_mean", "moving_variance"].map(
    (name) => [`${place}/_batch_norm/${name}`, [channels]] as const,
  );
const layer = (place: string, kernel: readonly number[]) => [
  [`${place}/_conv/kernel`, kernel] as const,
  ...norm(place, kernel[3]),
];

/** The first stages of the small network's backbone as the authors name them, `rest` changed or added. */
function checkpoint(rest: Named<readonly number[]> = {}, kind: WeightFile["kind"] = "tensorflow"): WeightFile {
  const shapes = Object.fromEntries([
    ...layer("encoder/_stem/_conv1_bn_act", [3, 3, 3, 64]),
    ...layer("encoder/_stem/_conv2_bn_act", [3, 3, 64, 64]),
    ...layer("encoder/_stem/_conv3_bn", [3, 3, 64, 128]),
    ...Object.entries(rest),
  ]);
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tensor(shape)]));
  return { kind, tensors, where: "ckpt-1.index" };
}

test("files of other kinds, and checkpoints of other networks, are left to other methods", () => {
  expect(importMaxDeepLab([checkpoint({}, "npz")])).toBeNull();
  expect(importMaxDeepLab([checkpoint(), checkpoint()])).toBeNull();
  const other = { w: zeros("float32", [2]) };
  expect(importMaxDeepLab([{ kind: "tensorflow", tensors: other, where: "other.index" }])).toBeNull();
});

test("what is missing is told by our names, with how much more", () => {
  expect(() => importMaxDeepLab([checkpoint()])).toThrow(
    /^ckpt-1\.index: expected all \d+ weights of the backbone, got none for backbone\.stage2\.block1\.\S+, .* and \d+ more\. Fetch the whole checkpoint\.$/,
  );
});

test("a weight of another shape is refused by its name in the file", () => {
  expect(() => importMaxDeepLab([checkpoint({ "encoder/_stem/_conv3_bn/_conv/kernel": [3, 3, 64, 64] })])).toThrow(
    "ckpt-1.index: expected encoder/_stem/_conv3_bn/_conv/kernel of MaX-DeepLab-S to become [128,64,3,3], got [64,64,3,3].",
  );
});
