import { type Color, IGNORE, type Image, type LabelMap } from "./image.ts";

/** Mean colour of ImageNet's photographs: nearly zero once images are normalized by it. */
export const meanColor: Color = [124, 116, 104];

/** The image at the top left of width x height pixels, the rest in `color`; itself when there is nothing to add. */
export function padImage(image: Image, width: number, height: number, color: Color = meanColor): Image {
  if (image.width >= width && image.height >= height) return image;
  const padded = { width: Math.max(width, image.width), height: Math.max(height, image.height) };
  const data = new Uint8Array(padded.width * padded.height * 3);
  for (let i = 0; i < data.length; i += 3) data.set(color, i);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    data.set(row, y * padded.width * 3);
  }
  return { ...padded, data };
}

/** The labels at the top left of width x height pixels, the rest `value`, unlabelled if not given; itself when there is nothing to add. */
export function padLabels(labels: LabelMap, width: number, height: number, value: number = IGNORE): LabelMap {
  if (labels.width >= width && labels.height >= height) return labels;
  const padded = { width: Math.max(width, labels.width), height: Math.max(height, labels.height) };
  const size = padded.width * padded.height;
  const data = new Uint8Array(size).fill(value);
  for (let y = 0; y < labels.height; y++) {
    data.set(labels.data.subarray(y * labels.width, (y + 1) * labels.width), y * padded.width);
  }
  return { ...padded, data };
}
