/** Scores against the numbers of four authors' evaluation code. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { item, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import type { LabelMap } from "../../src/image/image.ts";
import { boundaryCounts, boundaryScores, countBoundaries } from "../../src/metrics/boundary.ts";
import { type ConfusionMatrix, confusionMatrix, countPixels, scoresOf } from "../../src/metrics/confusion.ts";
import { harmonicMean } from "../../src/metrics/harmonic-mean.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { coversStated } from "./config.ts";
import { openGoldens } from "./manifest.ts";

/** The maps of an array [images, height, width], or of one map. */
function maps(array: NdArray): LabelMap[] {
  const [height, width] = array.shape.slice(-2);
  const data = Uint8Array.from(toNumbers(array));
  const count = data.length / (height * width);
  return Array.from({ length: count }, (_, i) => ({
    width,
    height,
    data: data.subarray(i * height * width, (i + 1) * height * width),
  }));
}

function counted(classes: number, truths: readonly LabelMap[], predictions: readonly LabelMap[]): ConfusionMatrix {
  const matrix = confusionMatrix(classes);
  truths.forEach((truth, i) => {
    countPixels(matrix, truth, predictions[i]);
  });
  return matrix;
}

function expectClose(got: readonly (number | null)[], expected: readonly (number | null)[], tolerance = 1e-6): void {
  expect(got.length).toBe(expected.length);
  expected.forEach((value, i) => {
    if (value === null || Number.isNaN(value)) expect(got[i]).toBeNull();
    else expect(Math.abs(got[i]! - value)).toBeLessThanOrEqual(tolerance);
  });
}

describe("DDeP", () => {
  openGoldens("ddep").covers("miou", (golden) => {
    const classes = golden.config.classes as number;
    const matrix = counted(classes, maps(golden.tensor("labels")), maps(golden.tensor("predictions")));
    expect([...matrix.counts]).toEqual(toNumbers(golden.tensor("confusion")));
    const scores = scoresOf(matrix);
    expectClose(
      scores.iou.map((value) => value ?? -1),
      toNumbers(golden.tensor("iou_or_minus1")),
    );
    expectClose([scores.meanIou], [item(golden.tensor("miou"))]);
    expectClose([scores.pixelAccuracy], [item(golden.tensor("pixel_accuracy"))]);
  });
});

describe("L2G", () => {
  const goldens = openGoldens("l2g");
  // A set that has none gets one test, skipped.
  const names = goldens.names.filter((name) => name.startsWith("metrics/"));
  for (const name of names.length > 0 ? names : ["metrics/"]) {
    coversStated(goldens, name, (golden) => {
      const tensor = (key: string) => golden.tensor(`${name.split("/")[1]}/${key}`);
      const number = (key: string) => golden.config[key] as number;
      const classes = number("num_classes");
      const matrix = counted(classes, maps(tensor("gt")), maps(tensor("pred")));
      expect([...matrix.counts]).toEqual(toNumbers(tensor("hist")));
      const scores = scoresOf(matrix);
      expectClose(scores.iou, toNumbers(tensor("class_iou")));
      expectClose([scores.meanIou], [number("mean_iou_l2g")]);
      expectClose([scores.meanIouOfPresent], [number("mean_iou_deeplab")]);
      expectClose([scores.meanIouOfAll], [number("mean_iou_seam")]);
      expectClose([scores.pixelAccuracy], [number("pixel_acc")]);
      expectClose([scores.meanAccuracy], [number("mean_acc_deeplab")]);
      expectClose([scores.frequencyWeightedIou], [number("fw_iou")]);
    });
  }
});

describe("GSS", () => {
  const { folder } = openGoldens("gss");
  const file = join(folder, "schedule_metrics.json");
  test.skipIf(!existsSync(file))("metrics of schedule_metrics", () => {
    interface Metrics {
      num_classes: number;
      pred: number[][];
      gt: number[][];
      IoU: (number | null)[];
      Acc: (number | null)[];
      aAcc: number;
      mIoU: number;
      mAcc: number;
    }
    const { metrics, harmonic_mean } = JSON.parse(readFileSync(file, "utf8")) as {
      metrics: Metrics;
      harmonic_mean: { values: number[]; result: number };
    };
    expectClose([harmonicMean(harmonic_mean.values)], [harmonic_mean.result], 1e-12);
    const map = (rows: number[][]): LabelMap => ({
      width: rows[0].length,
      height: rows.length,
      data: Uint8Array.from(rows.flat()),
    });
    const scores = scoresOf(counted(metrics.num_classes, [map(metrics.gt)], [map(metrics.pred)]));
    expectClose(scores.iou, metrics.IoU, 1e-12);
    expectClose(scores.accuracy, metrics.Acc, 1e-12);
    expectClose(
      [scores.pixelAccuracy, scores.meanIou, scores.meanAccuracy],
      [metrics.aAcc, metrics.mIoU, metrics.mAcc],
      1e-12,
    );
  });
});

describe("GroupViT", () => {
  // One file for many things; whoever builds the method covers the case, here are its scores.
  const file = join(openGoldens("groupvit").folder, "misc.safetensors");
  const tensors = existsSync(file) ? readSafetensors(new Uint8Array(readFileSync(file))).tensors : {};

  test.skipIf(tensors["miou.iou"] === undefined)("mean IoU over two images", () => {
    const truths = [tensors["miou.gt0"], tensors["miou.gt1"]].flatMap(maps);
    const predictions = [tensors["miou.pred0"], tensors["miou.pred1"]].flatMap(maps);
    const scores = scoresOf(counted(4, truths, predictions));
    expectClose(scores.iou, toNumbers(tensors["miou.iou"]));
    expectClose(scores.accuracy, toNumbers(tensors["miou.acc"]));
    expectClose([scores.meanIou], [item(tensors["miou.mIoU"])]);
    expectClose([scores.pixelAccuracy], [item(tensors["miou.aAcc"])]);
    expectClose([scores.meanAccuracy], [item(tensors["miou.mAcc"])]);
  });

  test.skipIf(tensors["boundary.iou"] === undefined)("boundary IoU", () => {
    const counts = boundaryCounts(3);
    countBoundaries(counts, maps(tensors["boundary.gt"])[0], maps(tensors["boundary.pred"])[0]);
    expectClose(boundaryScores(counts).iou, toNumbers(tensors["boundary.iou"]));
  });
});
