/** The first batches of a training as pictures: crops, colours and labels as the network gets them. */

import type { NdArray } from "../array/ndarray.ts";
import { batches } from "../data/batches.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ClassInfo } from "../data/sample.ts";
import { labelledDataset, scaledDataset, withMoreKinds } from "../data/views.ts";
import { InputError } from "../errors.ts";
import { IGNORE, type Image, type LabelMap } from "../image/image.ts";
import type { ResolvedRecipe } from "../methods/method.ts";
import type { TrainingStage } from "../methods/stage.ts";
import { evenTask, stagesOf } from "../methods/stages.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { drawOverlay } from "../prediction/draw.ts";
import { drawNames, withList } from "../prediction/legend.ts";
import { shortSideFor } from "./start-run.ts";

/** Pixels between samples, and as wide as a picture of several is. */
const [gap, widest] = [4, 1000];
/** Photographs whose sizes say how large training sees them. */
const measured = 100;

/**
 * Writes batch-1.png and so on into `folder`: of the recipe's first stage that learns from what the data set has, every sample of
 * a batch, and below it the same with its labels where they are a map of its size. The batches are those that training begins with.
 * Throws InputError where no such stage sees pictures, and where the folder holds other files.
 */
export async function writeBatchPictures(
  platform: Pick<Platform, "exists" | "list" | "writeFile" | "encodeImage" | "imageSize">,
  resolved: ResolvedRecipe,
  dataset: Dataset,
  folder: string,
  count = 3,
): Promise<string[]> {
  await requireRoom(platform, folder);
  const { classes } = dataset;
  const stage = stagesOf(resolved, evenTask(classes)).find(
    (each): each is TrainingStage =>
      each.kind === "training" && each.learnsFrom.every((kind) => dataset.kinds.includes(kind)),
  );
  const { name } = resolved.recipe;
  if (stage === undefined) {
    const got = dataset.kinds.length === 0 ? "none" : dataset.kinds.join(", ");
    throw new InputError(
      `${dataset.name}: expected labels that a stage of ${name} learns from, got ${got}. Name another --recipe.`,
    );
  }
  const { seed, batchSize } = stage.settings;
  const seen = withMoreKinds(labelledDataset(dataset, stage.learnsFrom), dataset, stage.alsoReads ?? []);
  const step = Math.max(1, Math.floor(seen.ids.length / measured));
  const sizes = await Promise.all(
    seen.ids.flatMap((_, at) => (at % step === 0 && !isScenes(seen) ? [platform.imageSize(seen.source(at))] : [])),
  );
  const samples = scaledDataset(seen, sizes.length === 0 ? 0 : shortSideFor(sizes, stage.settings));
  const source = batches(samples, {
    ...{ batchSize, seed, toStep: count },
    prepare: (sample, random) => stage.prepare(sample, random),
  });
  const written: string[] = [];
  for await (const { arrays } of source) {
    const picture = pictureOf(Object.values(arrays), classes);
    if (picture === null) {
      throw new InputError(
        `${name}: expected a stage that learns from pictures, got ${stage.name}, which sees arrays of ${Object.keys(arrays).join(", ")}. Name another --recipe.`,
      );
    }
    const file = joinPath(folder, `batch-${written.length + 1}.png`);
    await platform.writeFile(file, await platform.encodeImage(picture, "png"));
    written.push(file);
  }
  return written;
}

function isScenes({ name }: Dataset): boolean {
  return name.startsWith("scenes");
}

async function requireRoom(platform: Pick<Platform, "exists" | "list">, folder: string): Promise<void> {
  const kind = await platform.exists(folder);
  if (kind === "nothing") return;
  const others =
    kind === "file" ? [folder] : (await platform.list(folder)).filter((name) => !/^batch-\d+\.png$/.test(name));
  if (others.length === 0) return;
  const got = kind === "file" ? "a file" : `a folder with ${others[0]}`;
  throw new InputError(
    `${folder}: expected a new folder for the pictures of batches, got ${got}. Choose another --batches.`,
  );
}

/** Pictures of a batch in rows, with labels drawn over them; null where none of its arrays are pictures. */
export function pictureOf(arrays: readonly NdArray[], classes: readonly ClassInfo[]): Image | null {
  const pictures = arrays.filter(({ dtype, shape }) => dtype === "uint8" && shape.length === 4 && shape[3] === 3);
  if (pictures.length === 0) return null;
  const colors = classes.map(({ color }) => color);
  const rows = pictures.flatMap((array) => {
    const [batch, height, width] = array.shape;
    const labels = arrays.find(
      ({ dtype, shape }) => (dtype === "uint8" || dtype === "int32") && String(shape) === `${batch},${height},${width}`,
    );
    const fitting = Math.max(1, Math.min(8, Math.floor(widest / (width + gap))));
    const across = Math.ceil(batch / Math.ceil(batch / fitting)); // rows of like length
    const starts = Array.from({ length: Math.ceil(batch / across) }, (_, row) => row * across);
    return starts.flatMap((start) => {
      const cells = Array.from({ length: Math.min(across, batch - start) }, (_, at) => start + at);
      const images = cells.map((at) => ({ width, height, data: part(array, at) as Uint8Array }));
      if (labels === undefined) return [{ images, maps: null }];
      const maps = cells.map((at) => ({ width, height, data: Uint8Array.from(part(labels, at)) }));
      const drawn = images.map(({ data }, at) => {
        const image = drawOverlay({ width, height, data: data.slice() }, maps[at], colors);
        drawNames(image, maps[at], classes);
        return image;
      });
      return [
        { images, maps: null },
        { images: drawn, maps },
      ];
    });
  });
  const width = Math.max(...rows.map(({ images }) => images.length * (images[0].width + gap) + gap));
  const height = rows.reduce((sum, { images }) => sum + images[0].height + gap, gap);
  const picture = { width, height, data: new Uint8Array(3 * width * height).fill(255) };
  const labels = { width, height, data: new Uint8Array(width * height).fill(IGNORE) };
  let top = gap;
  for (const { images, maps } of rows) {
    let left = gap;
    for (const [at, image] of images.entries()) {
      put(picture, image.data, image, left, top, 3);
      if (maps !== null) put(labels, maps[at].data, image, left, top, 1);
      left += image.width + gap;
    }
    top += images[0].height + gap;
  }
  return rows.some(({ maps }) => maps !== null) ? withList(picture, labels, classes) : picture;
}

function part({ shape, data }: NdArray, at: number): ArrayLike<number> & { slice(): ArrayLike<number> } {
  const size = shape.slice(1).reduce((product, each) => product * each, 1);
  return (data as Uint8Array).subarray(at * size, (at + 1) * size);
}

function put(
  into: Image | LabelMap,
  data: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  left: number,
  top: number,
  channels: number,
): void {
  for (let y = 0; y < height; y++) {
    const row = data.subarray(channels * y * width, channels * (y + 1) * width);
    into.data.set(row, channels * ((top + y) * into.width + left));
  }
}
