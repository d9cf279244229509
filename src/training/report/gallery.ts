/** Small pictures of the best and the worst predictions, kept while a data set is scored. */
import type { ClassInfo } from "../../data/sample.ts";
import type { Color, Image, LabelMap } from "../../image/image.ts";
import { resizeImage, resizeLabels } from "../../image/resize.ts";
import { confusionMatrix, countPixels, scoresOf } from "../../metrics/confusion.ts";
import type { Platform } from "../../platform/platform.ts";
import { halvedTo } from "../scaled-dataset.ts";
import type { Picture } from "./page.ts";

/** Longer side of a small picture, pixels. */
const side = 360;
/** Unlabelled pixels. */
const grey: Color = [128, 128, 128];

interface Kept {
  readonly id: string;
  readonly meanIou: number | null;
  readonly image: Image;
  readonly truth: LabelMap | null;
  readonly prediction: LabelMap;
}

export interface Gallery {
  /** One image of any size with its prediction, and its truth where there is one. */
  add(id: string, image: Image, prediction: LabelMap, truth: LabelMap | null): void;
  best(platform: Platform): Promise<Picture[]>;
  worst(platform: Platform): Promise<Picture[]>;
}

/** Keeps `count` of each end; memory does not grow with the data set. */
export function openGallery(classes: readonly ClassInfo[], count: number): Gallery {
  let best: Kept[] = [];
  let worst: Kept[] = [];
  const score = ({ meanIou }: Kept) => meanIou ?? 0;
  const drawn = (platform: Platform, list: readonly Kept[]) =>
    Promise.all(list.map((kept) => pictureOf(platform, classes, kept)));
  return {
    add(id, image, prediction, truth) {
      const meanIou = truth === null ? null : meanIouOf(classes, truth, prediction);
      if (truth !== null && meanIou === null) return; // nothing is labelled: neither good nor bad
      const enters =
        best.length < count || (meanIou ?? 0) > score(best[count - 1]) || (meanIou ?? 0) < score(worst[count - 1]);
      if (!enters) return;
      const kept = { id, meanIou, ...small(image, prediction, truth) };
      best = [...best, kept].sort((a, b) => score(b) - score(a)).slice(0, count);
      worst = [...worst, kept].sort((a, b) => score(a) - score(b)).slice(0, count);
    },
    best: (platform) => drawn(platform, best),
    // With few images, none is shown twice.
    worst: (platform) =>
      drawn(
        platform,
        worst.filter((kept) => !best.includes(kept)),
      ),
  };
}

function meanIouOf(classes: readonly ClassInfo[], truth: LabelMap, prediction: LabelMap): number | null {
  const matrix = confusionMatrix(classes.length);
  countPixels(matrix, truth, prediction);
  return scoresOf(matrix).meanIou;
}

function small(
  image: Image,
  prediction: LabelMap,
  truth: LabelMap | null,
): Pick<Kept, "image" | "prediction" | "truth"> {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  return {
    image: resizeImage(halvedTo(image, width, height), width, height),
    prediction: resizeLabels(prediction, width, height),
    truth: truth && resizeLabels(truth, width, height),
  };
}

async function pictureOf(
  platform: Platform,
  classes: readonly ClassInfo[],
  { id, meanIou, image, truth, prediction }: Kept,
): Promise<Picture> {
  const colors = classes.map(({ color }) => color);
  const png = async (labels: LabelMap) =>
    dataAddress("image/png", await platform.encodeImage(painted(labels, colors), "png"));
  return {
    ...{ id, meanIou },
    image: dataAddress("image/jpeg", await platform.encodeImage(image, "jpeg", { quality: 85 })),
    truth: truth && (await png(truth)),
    prediction: await png(prediction),
  };
}

function painted({ width, height, data }: LabelMap, colors: readonly Color[]): Image {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) pixels.set(colors[data[i]] ?? grey, 3 * i);
  return { width, height, data: pixels };
}

/** Bytes as an address that holds them. */
function dataAddress(type: string, bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return `data:${type};base64,${btoa(text)}`;
}
