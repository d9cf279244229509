/** Data sets that are other data sets, seen in another way. */

import type { Image } from "../image/image.ts";
import { resizeImage, resizeLabels } from "../image/resize.ts";
import type { Dataset } from "./dataset.ts";
import type { Sample } from "./sample.ts";

/**
 * The data set with large samples made smaller, so that their shorter side has `shortSide` pixels; 0 changes nothing.
 * Crops of a fixed size then show as much of a scene in large photographs as in small ones, as prediction does.
 *
 * Only image and labels are scaled: samples with other maps (segments, saliency) lose those.
 */
export function scaledDataset(dataset: Dataset, shortSide: number): Dataset {
  if (shortSide === 0) return dataset;
  return withRead(dataset, async (index) => scaledSample(await dataset.read(index), shortSide));
}

/** At most `limit` samples, spread evenly over the data set. */
export function spreadDataset(dataset: Dataset, limit: number): Dataset {
  const size = dataset.ids.length;
  if (size <= limit) return dataset;
  const indices = Array.from({ length: limit }, (_, i) => Math.floor((i * size) / limit));
  return {
    ...withRead(dataset, (index) => dataset.read(indices[index])),
    ids: indices.map((index) => dataset.ids[index]),
    source: (index) => dataset.source(indices[index]),
  };
}

/** Keeps every sample once it was read: for small data sets that are costly to read. */
export function keptDataset(dataset: Dataset): Dataset {
  const kept = new Map<number, Promise<Sample>>();
  return withRead(dataset, (index) => {
    const known = kept.get(index) ?? dataset.read(index);
    kept.set(index, known);
    return known;
  });
}

/** The same data set, read in another way. */
export function withRead(dataset: Dataset, read: Dataset["read"]): Dataset {
  const { name, split, classes, kinds, ids, valueMap, leftOut } = dataset;
  return { name, split, classes, kinds, ids, valueMap, leftOut, read, source: (index) => dataset.source(index) };
}

function scaledSample(sample: Sample, shortSide: number): Sample {
  const { image, labels } = sample;
  const short = Math.min(image.width, image.height);
  if (short <= shortSide) return sample;
  const width = Math.max(1, Math.round((image.width * shortSide) / short));
  const height = Math.max(1, Math.round((image.height * shortSide) / short));
  const { id, source, captions, tags } = sample;
  return {
    ...{ id, source, captions, tags },
    image: resizeImage(halvedTo(image, width, height), width, height),
    labels: labels && resizeLabels(labels, width, height),
  };
}

/** Means of 2 × 2 pixels until less than half is left to shrink: bilinear interpolation would skip pixels there. */
export function halvedTo(image: Image, width: number, height: number): Image {
  let current = image;
  while (current.width >= 2 * width && current.height >= 2 * height) {
    const [w, h] = [current.width >> 1, current.height >> 1];
    const stride = current.width * 3;
    const data = new Uint8Array(w * h * 3);
    for (let y = 0, to = 0; y < h; y++) {
      for (let x = 0, from = 2 * y * stride; x < w; x++, from += 6) {
        for (let c = from; c < from + 3; c++, to++) {
          data[to] =
            (current.data[c] + current.data[c + 3] + current.data[c + stride] + current.data[c + stride + 3] + 2) >> 2;
        }
      }
    }
    current = { width: w, height: h, data };
  }
  return current;
}
