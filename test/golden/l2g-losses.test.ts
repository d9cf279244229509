/** L2G's alignment, targets and losses against the authors' code. */
import { describe, expect } from "vitest";
import { fromNumbers, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { gradients } from "../../src/autodiff/gradients.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { binaryCrossEntropy } from "../../src/losses/index.ts";
import { alignedProbabilities, attention, transferLoss, transferTarget } from "../../src/methods/l2g/losses.ts";
import { pooled } from "../../src/methods/l2g/network.ts";
import { boxesOf } from "../../src/methods/l2g/views.ts";
import { add, mul, resize, roiAlign, sum } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { expectStated } from "./config.ts";
import { coversAll, expectViews, inputsOf, type L2GCase, ruleOf } from "./l2g.ts";

/** The columns of boxes (image, x1, y1, x2, y2) as a graph takes them. */
function boxInputs({ shape: [count], ...array }: NdArray): {
  feeds: Named<NdArray>;
  boxes: Tensor;
  images: Tensor;
} {
  const rows = toNumbers({ shape: [count], ...array });
  const corners = rows.filter((_, i) => i % 5 > 0);
  const feeds = {
    boxes: fromNumbers("float32", [count, 4], corners),
    images: fromNumbers(
      "int64",
      [count],
      rows.filter((_, i) => i % 5 === 0),
    ),
  };
  return { feeds, boxes: input("boxes", [count, 4]), images: input("images", [count], "int64") };
}

/** Width and height of each box. */
function sidesOf(boxes: NdArray): number[] {
  const numbers = toNumbers(boxes);
  return Array.from({ length: boxes.shape[0] }, (_, i) => {
    const [, left, top, right, bottom] = numbers.slice(5 * i, 5 * i + 5);
    return [right - left, bottom - top];
  }).flat();
}

describe("alignment", () => {
  coversAll("align", /^roi/, async (golden) => {
    const {
      out: size,
      spatial_scale,
      aligned,
      crop,
    } = golden.config as {
      out: [number, number];
      spatial_scale: number;
      aligned?: boolean;
      crop?: number;
    };
    if (crop !== undefined) for (const side of sidesOf(golden.tensor("boxes"))) expect(side, "crop").toBe(crop);
    const { feeds, boxes, images } = boxInputs(golden.tensor("boxes"));
    const feat = input("feat", golden.tensor("feat").shape);
    const out = roiAlign(feat, boxes, images, {
      size,
      scale: spatial_scale,
      ...(aligned !== undefined && { aligned }),
    });
    const all = { ...feeds, feat: golden.tensor("feat") };
    if (!golden.has("probe")) return golden.check(await evaluate({ out }, all));
    const probe = input("probe", out.shape);
    const [grad_feat] = gradients(sum(mul(out, probe), {}), [feat]);
    golden.check(await evaluate({ out, grad_feat }, { ...all, probe: golden.tensor("probe") }));
  });

  coversAll("align", /^saliency/, async (golden) => {
    const { at, feeds } = inputsOf(golden, ["sal"]);
    const [rows, columns] = golden.tensor("out").shape.slice(-2);
    golden.check(await evaluate({ out: resize(at.sal, [rows, columns], { mode: "nearest" }) }, feeds));
  });

  coversAll("align", /boxes$/, (golden) => {
    const wanted = golden.tensor("boxes");
    const numbers = toNumbers(wanted);
    const rows = Array.from({ length: wanted.shape[0] }, (_, i) => numbers.slice(5 * i + 1, 5 * i + 5));
    const crop = rows[0][2] - rows[0][0];
    // The last corner tells the size of the view; rows behind the corners are examples of random ones.
    const size = Math.max(...rows.slice(0, 4).map(([, , right]) => right));
    const got = boxesOf({ sampler: "corners+random", size, crop, count: rows.length }, new Random(0));
    expect(got.slice(0, 4)).toEqual(rows.slice(0, 4));
    for (const boxes of [got, rows]) {
      for (const [left, top, right, bottom] of boxes.slice(4)) {
        expect([right - left, bottom - top]).toEqual([crop, crop]);
        for (const offset of [left, top]) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset).toBeLessThan(size - crop);
        }
      }
    }
  });
});

interface LossConfig {
  readonly num_classes?: number;
  readonly kd_weight: number;
  readonly spatial_scale?: number;
  readonly aligned?: boolean;
}

async function checkLosses(golden: L2GCase): Promise<void> {
  const config = golden.config as unknown as LossConfig;
  const rule = ruleOf(golden);
  const hasSaliency = golden.has("saliency_u8");
  const { at, feeds } = inputsOf(golden, [
    "feat_global",
    "feat_local",
    "label",
    ...(hasSaliency ? ["saliency_u8"] : []),
  ]);
  const { feeds: boxFeeds, ...views } = boxInputs(golden.tensor("boxes"));
  const tags = repeated(golden.tensor("label"), at.feat_local.shape[0]);
  const local = input("tags", tags.shape);
  if (golden.has("local_label")) golden.check({ local_label: tags });
  const target = transferTarget(at.feat_local, local, rule, at.saliency_u8);
  const size = [at.feat_local.shape[2], at.feat_local.shape[3]] as const;
  const [batch, classes] = golden.tensor("label").shape;
  const [count, , places] = at.feat_local.shape;
  expectStated(golden, "num_classes", config.num_classes, classes);
  // A place of the global map spans as many pixels as one of the saliency crop does.
  const stride = strideOf(golden);
  expectStated(golden, "spatial_scale", config.spatial_scale, 1 / stride);
  expectViews(golden, { batch, count, side: places * stride, size: at.feat_global.shape[2] * stride });
  const aligned = alignedProbabilities(at.feat_global, views, size, { stride, aligned: config.aligned ?? false });
  const kd = mul(transferLoss(aligned, target), config.kd_weight);
  const [logitsGlobal, logitsLocal] = [pooled(at.feat_global), pooled(at.feat_local)];
  const clsLocal = binaryCrossEntropy(logitsLocal, local);
  const total = add(kd, clsLocal);
  const isWhole = golden.has("loss_total");
  const [dGlobal, dLocal] = gradients(isWhole ? total : kd, [at.feat_global, at.feat_local]);
  const outputs: Record<string, Tensor> = {
    winner_map: attention(at.feat_local, local, rule),
    target,
    aligned_softmax: aligned,
    logits_global: logitsGlobal,
    logits_local: logitsLocal,
    loss_kd: kd,
    loss_cls_local: clsLocal,
    loss_cls_global: binaryCrossEntropy(logitsGlobal, at.label),
    loss_total: total,
    grad_feat_global: dGlobal,
    grad_feat_local: dLocal,
  };
  const wanted = Object.entries(outputs).filter(([name]) => golden.has(name));
  expect(wanted.length).toBeGreaterThan(2);
  golden.check(await evaluate(Object.fromEntries(wanted), { ...feeds, ...boxFeeds, tags }));
}

function strideOf(golden: L2GCase): number {
  const [, , left, , right] = [0, ...toNumbers(golden.tensor("boxes"))];
  return (right - left) / golden.tensor("feat_local").shape[3];
}

/** Tags of images for each of their views, which follow one another. */
function repeated({ shape: [images, classes], ...array }: NdArray, count: number): NdArray {
  const numbers = toNumbers({ shape: [images, classes], ...array });
  const values = Array.from({ length: count * classes }, (_, i) => {
    const image = Math.floor(i / classes / (count / images));
    return numbers[image * classes + (i % classes)];
  });
  return fromNumbers("float32", [count, classes], values);
}

describe("losses", () => {
  coversAll("losses", /^(?!soft_margin)/, checkLosses);

  coversAll("losses", /^soft_margin/, async (golden) => {
    const { at, feeds } = inputsOf(golden, ["logits", "label"]);
    const loss = binaryCrossEntropy(at.logits, at.label);
    const [grad] = gradients(loss, [at.logits]);
    golden.check(await evaluate({ loss, grad }, feeds));
  });
});
