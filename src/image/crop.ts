import type { Image, LabelMap } from "./image.ts";
import { viewImage, viewLabels, wholeView } from "./resize.ts";

/** A rectangle inside a picture, pixels. */
export interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The pixels of `rectangle`, which must lie inside the image; throws InputError otherwise. */
export function cropImage(image: Image, rectangle: Rectangle): Image {
  return viewImage(image, { ...wholeView(image.width, image.height), ...rectangle });
}

/** The labels of `rectangle`, which must lie inside the map; throws InputError otherwise. */
export function cropLabels(labels: LabelMap, rectangle: Rectangle): LabelMap {
  return viewLabels(labels, { ...wholeView(labels.width, labels.height), ...rectangle });
}
