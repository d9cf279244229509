/** Graphs with sizes in numbers, read for other sizes. */
import { describe, expect, test } from "vitest";
import { GraphFile } from "../../test/support/exported.ts";
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { freeSizes } from "./free-sizes.ts";
import { readProto } from "./read.ts";
import { decodeModel, type ModelProto } from "./wire.ts";

const own = [1, 8, 14, 14];

/** The image at its own size and, by the freed graph, at another; null where that is refused. */
function reread(file: GraphFile, output: string, shape: readonly number[]) {
  const model = decodeModel(file.model("", 13, { name: "image", sizes: ["a", "b", "c", "d"] }, [output]));
  const read = (which: ModelProto, sizes: readonly number[]) =>
    readProto(which, { inputs: { image: input("pictures", sizes) } });
  const image = { name: "image", shape: own, axes: [2, 3], opset: 13 } as const;
  const { graph, mixed } = freeSizes(model.graph!, image, read(model, own).tensors);
  const freed = { ...model, graph };
  expect(read(freed, own).outputs[output].shape).toEqual(read(model, own).outputs[output].shape);
  try {
    const { tensors, outputs } = read(freed, shape);
    return mixed(tensors) === null ? outputs[output] : null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** Reshapes one after the other, to these targets. */
function reshapes(...targets: readonly (readonly number[])[]): GraphFile {
  const file = new GraphFile();
  let x = "image";
  for (const [i, target] of targets.entries()) {
    x = file.node("Reshape", [x, file.integers(`target${i}`, ...target)], `y${i}`);
  }
  return file;
}

describe("targets of reshapes follow their input", () => {
  test.each([
    ["pixels as tokens", [[1, 8, 196]], [2, 8, 28, 21], [2, 8, 588]],
    [
      "tokens as pixels",
      [
        [1, 8, 196],
        [1, 8, 14, 14],
      ],
      [2, 8, 28, 21],
      [2, 8, 28, 21],
    ],
    ["channels as heads", [[1, 2, 4, 14, 14]], [3, 8, 28, 7], [3, 2, 4, 28, 7]],
    [
      "heads of tokens",
      [
        [1, 8, 196],
        [1, 2, 4, 196],
      ],
      [3, 8, 7, 28],
      [3, 2, 4, 196],
    ],
    ["groups, with an open axis", [[0, 2, -1]], [2, 8, 28, 28], [2, 2, 3136]],
    ["groups, without one", [[1, 2, 784]], [2, 8, 14, 14], [2, 2, 784]],
    ["all as a vector", [[-1]], [2, 8, 28, 28], [12544]],
    ["a vector for each picture", [[1, -1]], [2, 8, 28, 28], [2, 6272]],
    [
      "an axis more",
      [
        [1, 8, 196],
        [1, 8, 196, 1],
        [1, 1, 8, 196],
      ],
      [1, 8, 28, 28],
      [1, 1, 8, 784],
    ],
    [
      "an axis of one before what moves",
      [
        [1, 8, 196],
        [1, 8, 1, 196],
      ],
      [2, 8, 28, 21],
      [2, 8, 1, 588],
    ],
    ["windows of a larger batch", [[1, 8, 2, 7, 2, 7]], [4, 8, 14, 14], [4, 8, 2, 7, 2, 7]],
    [
      "pictures in one axis with their windows",
      [
        [8, 14, 14],
        [1, 8, 14, 14],
      ],
      [5, 8, 14, 14],
      [5, 8, 14, 14],
    ],
  ])("%s", (_, targets, shape, expected) => {
    const file = reshapes(...targets);
    expect(reread(file, `y${targets.length - 1}`, shape)?.shape).toEqual(expected);
  });

  test.each([
    ["windows of larger pictures", [[1, 8, 2, 7, 2, 7]], [1, 8, 28, 28]],
    ["windows of pictures that are larger one way", [[1, 8, 2, 7, 2, 7]], [1, 8, 28, 14]],
    ["groups that hold pixels in numbers", [[1, 4, 392]], [1, 8, 28, 28]],
  ])("%s are refused", (_, targets, shape) => {
    expect(reread(reshapes(...targets), "y0", shape)).toBe(null);
  });
});

test("a token and channels of zeros beside the image follow it", async () => {
  const file = new GraphFile();
  const flat = file.node("Reshape", ["image", file.integers("t", 1, 8, 196)], "flat");
  const token = file.weight("token", fromNumbers("float32", [1, 8, 1], [1, 2, 3, 4, 5, 6, 7, 8]));
  file.node("Concat", [token, flat], "tokens", { axis: 2 });
  const zeros = file.node("ConstantOfShape", [file.integers("s", 1, 4, 14, 14)], "zeros");
  file.node("Concat", ["image", zeros], "padded", { axis: 1 });
  const tokens = reread(file, "tokens", [2, 8, 2, 3])!;
  const padded = reread(file, "padded", [2, 8, 2, 3])!;
  expect([tokens.shape, padded.shape]).toEqual([
    [2, 8, 7],
    [2, 12, 2, 3],
  ]);
  const pictures = fromNumbers("float32", [2, 8, 2, 3], new Float32Array(96).fill(9));
  const values = await evaluate({ tokens }, { pictures });
  expect(toNumbers(values.tokens).slice(56, 70)).toEqual([1, 9, 9, 9, 9, 9, 9, 2, 9, 9, 9, 9, 9, 9]);
  expect(toNumbers((await evaluate({ padded }, { pictures })).padded).slice(42, 55)).toEqual([
    ...[9, 9, 9, 9, 9, 9],
    ...[0, 0, 0, 0, 0, 0, 0],
  ]);
});
