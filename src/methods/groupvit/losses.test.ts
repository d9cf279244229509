import { describe, expect, test } from "vitest";
import { checkOp } from "../../../test/support/check.ts";
import { normal } from "../../../test/support/normal.ts";
import { float32, fromNumbers, item, type NdArray } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { constant, input, type Tensor } from "../../graph/tensor.ts";
import { add, cast } from "../../ops/index.ts";
import { evaluate } from "../../runtime/evaluate.ts";
import { contrastiveLoss, multiLabelLoss, multiLabelTerms } from "./losses.ts";

const [batch, prompts, width] = [4, 3, 6];

async function value(loss: (...inputs: Tensor[]) => Tensor, arrays: readonly NdArray[]): Promise<number> {
  const inputs = arrays.map(({ shape }, i) => input(`x${i}`, shape));
  const feeds = Object.fromEntries(arrays.map((array, i) => [`x${i}`, array]));
  return item((await evaluate({ y: loss(...inputs) }, feeds)).y);
}

/** Rows of the first axis in another order. */
function reordered({ shape, data }: NdArray, order: readonly number[]): NdArray {
  const size = sizeOf(shape.slice(1));
  return float32(
    shape,
    order.flatMap((row) => Array.from(data.slice(row * size, (row + 1) * size) as Float32Array)),
  );
}

const [images, texts, words] = [
  normal([batch, width], "i"),
  normal([batch, width], "t"),
  normal([batch, prompts, width], "p"),
];
const scale = constant(5);
const contrastive = (i: Tensor, t: Tensor) => contrastiveLoss(i, t, scale);
const multiLabel = (i: Tensor, p: Tensor) => multiLabelLoss(i, p, scale);

describe("the contrastive loss", () => {
  test("of vectors that are all the same is the logarithm of the batch", async () => {
    const same = float32([batch, width], new Float32Array(batch * width).fill(2));
    expect(await value(contrastive, [same, same])).toBeCloseTo(Math.log(batch), 5);
  });

  test("is near 0 where each is like its own and unlike all others", async () => {
    const apart = float32(
      [batch, width],
      Array.from({ length: batch * width }, (_, i) => (i % width === Math.floor(i / width) ? 3 : 0)),
    );
    expect(await value((i, t) => contrastiveLoss(i, t, constant(50)), [apart, apart])).toBeLessThan(1e-6);
  });

  test("does not depend on lengths", async () => {
    const longer = float32(
      images.shape,
      Array.from(images.data as Float32Array, (each, i) => each * (1 + Math.floor(i / width))),
    );
    expect(await value(contrastive, [longer, texts])).toBeCloseTo(await value(contrastive, [images, texts]), 5);
  });
});

test.each([
  ["contrastive", contrastive, texts],
  ["multi-label", multiLabel, words],
] as const)("the %s loss is the same in any order of the batch", async (_, loss, others) => {
  const order = [2, 0, 3, 1];
  const turned = [reordered(images, order), reordered(others, order)];
  expect(await value(loss, turned)).toBeCloseTo(await value(loss, [images, others]), 5);
});

test.each([
  [
    "contrastive",
    (i: Tensor, o: Tensor, own?: { start: number; count: number }) => contrastiveLoss(i, o, scale, { own }),
    texts,
  ],
  [
    "multi-label",
    (i: Tensor, o: Tensor, own?: { start: number; count: number }) => multiLabelLoss(i, o, scale, { own }),
    words,
  ],
] as const)("the %s loss of the batch is the mean of its parts, each told from all", async (_, loss, others) => {
  const parts = [0, 2].map((start) => value((i, o) => loss(i, o, { start, count: 2 }), [images, others]));
  const [first, second] = await Promise.all(parts);
  expect((first + second) / 2).toBeCloseTo(await value((i, o) => loss(i, o), [images, others]), 5);
});

describe("the multi-label loss", () => {
  test("with one prompt is the contrastive one", async () => {
    const single = { ...texts, shape: [batch, 1, width] };
    expect(await value(multiLabel, [images, single])).toBeCloseTo(await value(contrastive, [images, texts]), 5);
  });

  test("as the code has it is larger than the paper's by at least ln K on the image side", async () => {
    const side = (form: "mean-of-logs" | "log-of-sum") =>
      value((i, p) => multiLabelTerms(i, p, scale, { form }).imageSide, [images, words]);
    const [code, paper] = [await side("mean-of-logs"), await side("log-of-sum")];
    expect(code - paper).toBeGreaterThanOrEqual(Math.log(prompts) - 1e-6);
  });
});

describe("the multi-label loss with matches", () => {
  const count = batch * prompts;
  const matched = (right: readonly number[]) => {
    const matches = cast(constant(fromNumbers("int32", [batch, count], right)), "bool");
    return (i: Tensor, p: Tensor) => multiLabelLoss(i, p, scale, { matches });
  };
  const none = new Array<number>(batch * count).fill(0);

  test("is the usual one where there are none but an image's own", async () => {
    expect(await value(matched(none), [images, words])).toBeCloseTo(await value(multiLabel, [images, words]), 5);
  });

  test("spreads the target over all that are right, on both sides", async () => {
    const right = none.map((_, i) => Number(Math.floor((i % count) / prompts) === Math.floor(i / count) || i === 7));
    const cosine = (a: number, b: number) => {
      const [x, y] = [images, words].map(({ data }) => Array.from(data as Float32Array));
      const [u, v] = [x.slice(a * width, (a + 1) * width), y.slice(b * width, (b + 1) * width)];
      const dot = (p: number[], q: number[]) => p.reduce((sum, each, i) => sum + each * q[i], 0);
      return (5 * dot(u, v)) / Math.sqrt(dot(u, u) * dot(v, v));
    };
    const entropy = (logits: readonly number[], weights: readonly number[]) => {
      const total = weights.reduce((sum, each) => sum + each, 0);
      const truth = logits.reduce((sum, each, i) => sum + each * weights[i], 0) / total;
      return Math.log(logits.reduce((sum, each) => sum + Math.exp(each), 0)) - truth;
    };
    const numbers = (length: number) => Array.from({ length }, (_, i) => i);
    const rows = numbers(batch).map((a) =>
      entropy(
        numbers(count).map((b) => cosine(a, b)),
        right.slice(a * count, (a + 1) * count),
      ),
    );
    const columns = numbers(count).map((b) =>
      entropy(
        numbers(batch).map((a) => cosine(a, b)),
        numbers(batch).map((a) => right[a * count + b]),
      ),
    );
    const mean = (each: readonly number[]) => each.reduce((sum, one) => sum + one, 0) / each.length;
    const wanted = (mean(rows) + mean(columns)) / 2;
    expect(await value(matched(right), [images, words])).toBeCloseTo(wanted, 5);
    expect(wanted).not.toBeCloseTo(await value(multiLabel, [images, words]), 2);
  });
});

checkOp(
  "the multi-label loss with matches, in both forms",
  (i: Tensor, p: Tensor) => {
    const matches = cast(
      constant(fromNumbers("int32", [3, 6], [0, 0, 1, 0, 0, 0, ...new Array<number>(12).fill(0)])),
      "bool",
    );
    const loss = (form: "mean-of-logs" | "log-of-sum") => multiLabelLoss(i, p, constant(3, i.dtype), { matches, form });
    return add(loss("mean-of-logs"), loss("log-of-sum"));
  },
  [{ inputs: [{ shape: [3, 4] }, { shape: [3, 2, 4] }] }],
);

checkOp(
  "both losses",
  (i: Tensor, t: Tensor, p: Tensor) =>
    add(contrastiveLoss(i, t, constant(3, i.dtype)), multiLabelLoss(i, p, constant(3, i.dtype))),
  [{ inputs: [{ shape: [3, 4] }, { shape: [3, 4] }, { shape: [3, 2, 4] }] }],
);
