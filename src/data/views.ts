/** Data sets that are other data sets, seen in another way. */

import type { Image, LabelMap } from "../image/image.ts";
import { resizeImage, resizeLabels, viewSegmentIds, wholeView } from "../image/resize.ts";
import type { ImageSize } from "../platform/platform.ts";
import type { Dataset } from "./dataset.ts";
import { completed, labelKinds, sourceOf } from "./labels.ts";
import type { LabelKind, Sample, SegmentMap } from "./sample.ts";

/**
 * The data set with large samples made smaller, so that their shorter side has `shortSide` pixels; 0 changes nothing.
 * Crops of a fixed size then show as much of a scene in large photographs as in small ones, as prediction does.
 *
 * Maps are scaled along: masks and segments by nearest neighbour, saliency as the image is. Segments of which no pixel
 * is left are gone, and areas that an annotation gave are dropped.
 */
export function scaledDataset(dataset: Dataset, shortSide: number): Dataset {
  if (shortSide === 0) return dataset;
  return withRead(dataset, async (index, kinds) => scaledSample(await dataset.read(index, kinds), shortSide));
}

/** At most `limit` samples, spread evenly over the data set. */
export function spreadDataset(dataset: Dataset, limit: number): Dataset {
  const size = dataset.ids.length;
  if (size <= limit) return dataset;
  return selected(
    dataset,
    Array.from({ length: limit }, (_, i) => Math.floor((i * size) / limit)),
  );
}

/** Some of a data set's samples, in the given order. */
export function selected(dataset: Dataset, indices: readonly number[]): Dataset {
  return {
    ...withRead(dataset, (index, kinds) => dataset.read(indices[index], kinds)),
    ids: indices.map((index) => dataset.ids[index]),
    source: (index) => dataset.source(indices[index]),
    ...(dataset.files && { files: (index: number) => dataset.files?.(indices[index]) ?? [] }),
    ...(dataset.kindsOf && { kindsOf: (index: number) => kindsAt(dataset, indices[index]) }),
  };
}

/**
 * The samples that have labels of all of `kinds`, or such as they follow from (tags and masks from segments, tags from
 * masks); labels of other kinds are not read, but what others followed from stays with them. None of `kinds`: images alone.
 */
export function labelledDataset(dataset: Dataset, kinds: readonly LabelKind[]): Dataset {
  const sourcesAt = (index: number) => kinds.map((kind) => sourceOf(kind, kindsAt(dataset, index)));
  const fitting = dataset.ids.map((_, index) => index).filter((index) => !sourcesAt(index).includes(undefined));
  const all = fitting.length === dataset.ids.length ? dataset : selected(dataset, fitting);
  const read: Dataset["read"] = async (index, wanted = kinds) => {
    const there = kindsAt(all, index);
    const asked = wanted.filter((kind) => sourceOf(kind, kinds) !== undefined); // others are withheld
    const files = asked.map((kind) => sourceOf(kind, there)).filter((kind) => kind !== undefined);
    const sample = await all.read(index, files);
    const labels = Object.entries(sample.labels).filter(([kind]) => files.includes(kind as LabelKind));
    return { ...sample, labels: completed(Object.fromEntries(labels), asked) };
  };
  const { kindsOf: _, ...view } = withRead(all, read);
  return { ...view, kinds: labelKinds.filter((kind) => kinds.includes(kind)) };
}

/** A view of `dataset`, whose samples have its labels of `kinds` too, where there are some and these are asked for or nothing is. */
export function withMoreKinds(view: Dataset, dataset: Dataset, kinds: readonly LabelKind[]): Dataset {
  const places = new Map(dataset.ids.map((id, index) => [id, index]));
  const more = kinds.filter((kind) => !view.kinds.includes(kind));
  return withRead(view, async (index, wanted) => {
    const sample = await view.read(
      index,
      wanted?.filter((kind) => !more.includes(kind)),
    );
    const place = places.get(view.ids[index]);
    if (place === undefined) return sample;
    const there = kindsAt(dataset, place);
    const asked = more.filter((kind) => wanted?.includes(kind) ?? true).filter((kind) => sourceOf(kind, there));
    if (asked.length === 0) return sample;
    const { labels } = await dataset.read(place, [...new Set(asked.map((kind) => sourceOf(kind, there)!))]);
    const found = completed(labels, asked);
    return { ...sample, labels: { ...sample.labels, ...Object.fromEntries(asked.map((kind) => [kind, found[kind]])) } };
  });
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
  const { name, split, classes, kinds, ids, valueMap, leftOut, unreadableAllowed } = dataset;
  return {
    ...{ name, split, classes, kinds, ids, valueMap, read, source: (index) => dataset.source(index) },
    ...(dataset.files && { files: (index: number) => dataset.files?.(index) ?? [] }),
    ...(leftOut && { leftOut }),
    ...{ wordThresholds: dataset.wordThresholds, withBackground: dataset.withBackground },
    ...(unreadableAllowed !== undefined && { unreadableAllowed }),
    ...(dataset.kindsOf && { kindsOf: (index: number) => kindsAt(dataset, index) }),
  };
}

/** The kinds of labels that a sample has. */
export function kindsAt(dataset: Dataset, index: number): readonly LabelKind[] {
  return dataset.kindsOf?.(index) ?? dataset.kinds;
}

/** The size of a photograph whose shorter side is made as short as `shortSide`, if it is longer; 0 changes nothing. */
export function scaledSize({ width, height }: ImageSize, shortSide: number): ImageSize {
  const short = Math.min(width, height);
  if (shortSide === 0 || short <= shortSide) return { width, height };
  return {
    width: Math.max(1, Math.round((width * shortSide) / short)),
    height: Math.max(1, Math.round((height * shortSide) / short)),
  };
}

function scaledSample(sample: Sample, shortSide: number): Sample {
  const { image, labels } = sample;
  const { width, height } = scaledSize(image, shortSide);
  if (width === image.width && height === image.height) return sample;
  const { mask, panoptic, saliency } = labels;
  return {
    ...sample,
    image: resizeImage(halvedTo(image, width, height), width, height),
    labels: {
      ...labels,
      ...(mask && { mask: resizeLabels(mask, width, height) }),
      ...(panoptic && { panoptic: resizeSegments(panoptic, width, height) }),
      ...(saliency && { saliency: resizeGrey(saliency, width, height) }),
    },
  };
}

/** Nearest neighbour; segments without a pixel are dropped, and so are areas of the map as it was. */
export function resizeSegments(map: SegmentMap, width: number, height: number): SegmentMap {
  const data = viewSegmentIds(map.data, map.width, map.height, wholeView(width, height));
  const left = new Set(data);
  const segments = map.segments.filter(({ id }) => left.has(id)).map(({ area: _, ...segment }) => segment);
  return { width, height, data, segments };
}

/** A grey map shrunk as an image is. */
function resizeGrey({ width, height, data }: LabelMap, toWidth: number, toHeight: number): LabelMap {
  const rgb = Uint8Array.from({ length: 3 * data.length }, (_, at) => data[Math.floor(at / 3)]);
  const small = resizeImage(halvedTo({ width, height, data: rgb }, toWidth, toHeight), toWidth, toHeight);
  return { width: toWidth, height: toHeight, data: small.data.filter((_, at) => at % 3 === 0) };
}

/** The image with at most `side` pixels of its longer side, for a page; smaller ones stay as they are. */
export function thumbnail(image: Image, side: number): Image {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((each) => Math.max(1, Math.round(each * scale)));
  return resizeImage(halvedTo(image, width, height), width, height);
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
