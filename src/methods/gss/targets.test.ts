import { describe, expect, test } from "vitest";
import { fromNumbers, type NdArray, toNumbers } from "../../array/ndarray.ts";
import { Random } from "../../array/random.ts";
import { input, type Tensor } from "../../graph/tensor.ts";
import { argMax, cast, equal, mul, oneHot, reshape, resize, where } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { priorTargets, resizeLabels } from "./targets.ts";

const int32 = (shape: readonly number[], values: readonly number[]) => fromNumbers("int32", shape, values);

function drawn(height: number, width: number, classes: number, seed: string): NdArray {
  const random = new Random(seed);
  return int32(
    [1, height, width],
    Array.from({ length: height * width }, () => {
      const label = random.integer(classes + 1);
      return label === classes ? 255 : label;
    }),
  );
}

describe("labels at another size are the largest class of their bilinear resize:", () => {
  test.each([
    [5, 7, 13, 9],
    [4, 6, 9, 12],
    [3, 3, 8, 16],
    [6, 5, 6, 8],
    [9, 8, 4, 3],
    [1, 1, 3, 2],
  ])("%d × %d to %d × %d", async (height, width, rows, columns) => {
    const classes = 4;
    const labels = drawn(height, width, classes, `${height} ${rows}`);
    const x = input("labels", labels.shape, "int32");
    const known = where(equal(x, 255), classes, x);
    const found = argMax(resize(oneHot(known, classes + 1, { axis: 1 }), [rows, columns]), { axis: 1 });
    const plain = where(equal(found, classes), 255, found);
    const got = await evaluate({ got: resizeLabels(x, [rows, columns]), plain: cast(plain, "int32") }, { labels });
    expect(got.got.shape).toEqual([1, rows, columns]);
    expect(toNumbers(got.got)).toEqual(toNumbers(got.plain));
  });

  test("twice the size repeats every label", async () => {
    const labels = int32([1, 2, 2], [0, 1, 255, 3]);
    const { y } = await evaluate({ y: resizeLabels(input("labels", [1, 2, 2], "int32"), [4, 4]) }, { labels });
    expect(toNumbers(y)).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 255, 255, 3, 3, 255, 255, 3, 3]);
  });

  test("the own size changes nothing", () => {
    const x = input("labels", [1, 2, 3], "int32");
    expect(resizeLabels(x, [2, 3])).toBe(x);
  });
});

describe("targets", () => {
  const [classes, codes, stride] = [2, 10, 2];
  // Two cells across, one below the other: the first has a label in one corner, the second none.
  const labels = int32([1, 4, 2], [255, 255, 255, 1, 255, 255, 255, 255]);
  const logits = fromNumbers("float32", [1, 2, 4, 2], [1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1]);
  /** As if each cell's token were the sum of its labels. */
  const encode = (completed: Tensor) => {
    const sums = reshape(cast(completed, "float32"), [1, 2, 4]);
    return cast(reshape(resize(mul(sums, 4), [2, 1]), [1, 2, 1]), "int32");
  };
  const build = (pixelLogits: Tensor | null) =>
    priorTargets(input("labels", [1, 4, 2], "int32"), {
      ...{ classes, codes, stride, grid: [2, 1], pixelLogits, encode },
    });

  test("fill pixels without a label by the pixel logits, and leave out cells without any", async () => {
    const { labels: own, completed, tokens, counts } = build(input("logits", logits.shape));
    const outputs = { own, completed, tokens, counts: cast(counts, "int32") };
    const got = await evaluate(outputs, { labels, logits });
    expect(toNumbers(got.own)).toEqual(toNumbers(labels));
    expect(toNumbers(got.completed)).toEqual([0, 1, 0, 1, 0, 1, 0, 1]);
    expect(toNumbers(got.counts)).toEqual([1, 0]);
    expect(toNumbers(got.tokens)[1]).toBe(codes);
    expect(toNumbers(got.tokens)[0]).toBeLessThan(codes);
  });

  test("without pixel logits paint unlabelled pixels in the colour of their own", async () => {
    const got = await evaluate({ completed: build(null).completed }, { labels });
    expect(toNumbers(got.completed)).toEqual([2, 2, 2, 1, 2, 2, 2, 2]);
  });
});
