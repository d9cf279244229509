import type { Image, LabelMap } from "./image.ts";
import { viewImage, viewLabels, wholeView } from "./resize.ts";

/** The picture mirrored left to right. */
export function flipImage(image: Image): Image {
  return viewImage(image, { ...wholeView(image.width, image.height), flipped: true });
}

/** The labels mirrored left to right. */
export function flipLabels(labels: LabelMap): LabelMap {
  return viewLabels(labels, { ...wholeView(labels.width, labels.height), flipped: true });
}
