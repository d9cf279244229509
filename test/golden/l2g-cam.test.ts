/** L2G's class maps at test time, its pseudo masks, and the resampling on the way, against the authors' code. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { float32, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { Model } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { flipImage } from "../../src/image/flip.ts";
import type { Image } from "../../src/image/image.ts";
import { pillowResize } from "../../src/image/pillow-resize.ts";
import { resizeLabels } from "../../src/image/resize.ts";
import {
  type CamPass,
  camBytes,
  fusedMaps,
  normalizedMaps,
  pseudoMask,
  salientMask,
  scaledSize,
  seamNormalizedMaps,
} from "../../src/methods/l2g/cam.ts";
import { releaseNames } from "../../src/methods/l2g/weights.ts";
import { resize } from "../../src/ops/index.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { expectStated, unknownValue } from "./config.ts";
import { coversAll, goldens, type L2GCase, type NetworkConfig, networkOf, ourWeights, weightsOf } from "./l2g.ts";

interface FusionConfig extends NetworkConfig {
  readonly weights: string;
  readonly tags: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly scales: readonly number[];
  /** How passes are numbered: `scale-major, flip after plain`. */
  readonly order?: string;
  readonly size_hw: readonly [number, number];
}

const imageOf = ({ shape: [height, width], data }: NdArray): Image => ({ width, height, data: data as Uint8Array });

/** [1, 3, H, W] */
function normalized({ width, height, data }: Image, { mean, std }: FusionConfig): NdArray {
  const pixels = width * height;
  const values = Float32Array.from({ length: 3 * pixels }, (_, i) => {
    const channel = Math.floor(i / pixels);
    return (data[3 * (i % pixels) + channel] / 255 - mean[channel]) / std[channel];
  });
  return float32([1, 3, height, width], values);
}

/** The channels of the tags, and the background's: [T + 1, h, w]. */
function chosen({ shape: [, all, height, width], data }: NdArray, tags: readonly number[]): NdArray {
  const pixels = height * width;
  const parts = [...tags, all - 1].map((k) => (data as Float32Array).subarray(k * pixels, (k + 1) * pixels));
  return float32([parts.length, height, width], Float32Array.from(parts.flatMap((part) => [...part])));
}

coversAll("cam_fusion", /^fusion/, async (golden) => {
  const config = golden.config as unknown as FusionConfig;
  const { scales, size_hw: size, tags, order = "" } = config;
  const flips = /flip before plain/.test(order) ? [true, false] : [false, true];
  if (!/^scale-major|^$/.test(order)) throw unknownValue(golden.name, "order", "passes scale by scale", order);
  const weights = ourWeights(weightsOf(golden, config.weights), releaseNames("resnet38"));
  const image = imageOf(golden.tensor("image_u8"));
  expectStated(golden, "size_hw", size, [image.height, image.width]);
  const passes: CamPass[] = [];
  for (const [index, scale] of scales.entries()) {
    const [height, width] = scaledSize(size, scale);
    const scaled = pillowResize(image, [width, height], "bicubic");
    expect([...scaled.data], `scale ${scale}`).toEqual(toNumbers(golden.tensor(`scaled_u8_${index}`)));
    for (const flipped of flips) {
      const x = normalized(flipped ? flipImage(scaled) : scaled, config);
      if (passes.length === 0) golden.check({ input_0: float32(x.shape.slice(1), x.data as Float32Array) });
      const { maps } = networkOf(new Model().scope, input("x", x.shape), config);
      const got = chosen((await evaluate({ maps }, { x, ...weights })).maps, tags);
      golden.check({ [`featmap_${passes.length}`]: got });
      passes.push({ maps: got, flipped });
    }
  }
  const all = fusedMaps(passes, size);
  const pixels = size[0] * size[1];
  const mean = float32([tags.length, ...size], (all.data as Float32Array).slice(0, tags.length * pixels));
  const maps = normalizedMaps(mean);
  golden.check({ mean_cam: mean, norm_cam: maps });
  const sum = float32(
    mean.shape,
    (mean.data as Float32Array).map((value) => value * passes.length),
  );
  golden.check({ seam_norm_cam: seamNormalizedMaps(sum) });
  checkMasks(golden, maps, tags);
});

/** What follows from the maps, exactly: from the golden ones, whose last bits decide ties. */
function checkMasks(golden: L2GCase, own: NdArray, tags: readonly number[]): void {
  const maps = golden.tensor("norm_cam");
  const bytes = camBytes(maps);
  const stored = golden.tensor("norm_cam_u8");
  expect([...bytes]).toEqual(toNumbers(stored));
  camBytes(own).forEach((value, i) => {
    expect(Math.abs(value - bytes[i])).toBeLessThanOrEqual(1);
  });
  const labels = tags.map((tag) => tag + 1);
  const fractions = float32(
    maps.shape,
    Float32Array.from(bytes, (value) => value / 255),
  );
  const masks = golden.names.filter((name) => /^pseudo_label_/.test(name));
  expect(masks.length).toBeGreaterThan(0);
  for (const name of masks) {
    const threshold = Number(/\d+$/.exec(name)![0]) / 100;
    const mask = pseudoMask(/float/.test(name) ? maps : fractions, labels, { threshold });
    expect([...mask.data], name).toEqual(toNumbers(golden.tensor(name)));
  }
  const saliency = golden.tensor("saliency").data as Float32Array;
  const threshold = Number(
    /CAM > ([\d.]+)/.exec(String((golden.entry.saliency_label as unknown as { what: string }).what))![1],
  );
  const results = [fractions, maps].map((each) => [...salientMask(each, labels, saliency, { threshold }).data]);
  const wanted = toNumbers(golden.tensor("saliency_label"));
  expect(results.map((result) => result.filter((value, i) => value !== wanted[i]).length)).toContain(0);
}

coversAll("cam_fusion", /^resize/, async (golden) => {
  const z = golden.tensor("z");
  const at = input("z", z.shape);
  const to = (name: string) => golden.tensor(name).shape.slice(-2) as [number, number];
  const outputs: Record<string, Tensor> = {
    bicubic_up: resize(at, to("bicubic_up"), { mode: "bicubic" }),
    bilinear_ac: resize(at, to("bilinear_ac"), { alignCorners: true }),
    bilinear_noac: resize(at, to("bilinear_noac")),
  };
  golden.check(await evaluate(outputs, { z }));
  // On the host the same as in the graph: both channels in one.
  const [, , ...size] = golden.tensor("bicubic_up").shape;
  const host = fusedMaps(
    [{ maps: float32(z.shape.slice(1), z.data as Float32Array), flipped: false }],
    size as [number, number],
  );
  golden.check({ bicubic_up: float32(golden.tensor("bicubic_up").shape, host.data as Float32Array) });
  const path = join(goldens.folder, golden.file);
  const { tensors } = readSafetensors(readFileSync(path), path);
  for (const name of golden.names.filter((each) => /^pil_/.test(each))) {
    const [, source] = / on (\S+)/.exec(String((golden.entry[name] as unknown as { what: string }).what))!;
    const image = imageOf(tensors[source]);
    const { shape, ...array } = golden.tensor(name);
    const [height, width] = shape;
    const got = /nearest/.test(name)
      ? nearest(image, width, height)
      : pillowResize(image, [width, height], /bicubic/.test(name) ? "bicubic" : "bilinear").data;
    expect([...got], name).toEqual(toNumbers({ shape, ...array }));
  }
});

/** Nearest neighbours as labels and saliency are resized, channel by channel. */
function nearest({ width, height, data }: Image, toWidth: number, toHeight: number): Uint8Array {
  const channels = [0, 1, 2].map((c) => {
    const plane = Uint8Array.from({ length: width * height }, (_, i) => data[3 * i + c]);
    return resizeLabels({ width, height, data: plane }, toWidth, toHeight).data;
  });
  return Uint8Array.from({ length: 3 * toWidth * toHeight }, (_, i) => channels[i % 3][Math.floor(i / 3)]);
}
