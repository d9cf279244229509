/** Small pictures for a report. */
import type { ClassInfo, Labels } from "../data/sample.ts";
import { resizeSegments, thumbnail } from "../data/views.ts";
import type { Color, Image } from "../image/image.ts";
import { resizeLabels } from "../image/resize.ts";
import type { Platform } from "../platform/platform.ts";
import { drawOverlay, paintedSegments } from "../prediction/draw.ts";
import type { Segmentation } from "../prediction/segmentation.ts";

/** Pictures of one image as a page holds them. */
export interface Picture {
  readonly id: string;
  /** Of this image alone, such as `mean IoU 56.3`; empty where nothing of it counts. */
  readonly score: string;
  /** Pictures as `data:` addresses. */
  readonly image: string;
  readonly truth: string | null;
  readonly prediction: string;
}

/** Longer side, pixels. */
const side = 360;
/** Unlabelled pixels. */
const grey: Color = [128, 128, 128];

/** What is shown of a photograph: its labels, and what was predicted. */
export interface Pictured {
  readonly id: string;
  readonly score: string;
  readonly image: Image;
  readonly truth: Labels;
  readonly prediction: Segmentation;
}

/** Image, truth and prediction made small and written as `data:` addresses. */
export async function pictureOf(
  platform: Pick<Platform, "encodeImage">,
  classes: readonly ClassInfo[],
  { id, score, image, truth, prediction }: Pictured,
): Promise<Picture> {
  const small = thumbnail(image, side);
  const { width, height } = small;
  const png = async (labels: Labels): Promise<string> =>
    dataAddress("image/png", await platform.encodeImage(paintedLabels(labels, classes, width, height), "png"));
  const compared: Labels = prediction.panoptic === undefined ? { ...(truth.mask && { mask: truth.mask }) } : truth;
  const isLabelled = compared.mask !== undefined || compared.panoptic !== undefined;
  return {
    ...{ id, score },
    image: dataAddress("image/jpeg", await platform.encodeImage(small, "jpeg", { quality: 85 })),
    truth: isLabelled ? await png(compared) : null,
    prediction: await png({ mask: prediction.labels, ...(prediction.panoptic && { panoptic: prediction.panoptic }) }),
  };
}

/** Segments, where there are some, in shades with thin outlines; else classes. */
function paintedLabels(
  { mask, panoptic }: Labels,
  classes: readonly ClassInfo[],
  width: number,
  height: number,
): Image {
  const pixels = new Uint8Array(width * height * 3);
  const picture = { width, height, data: pixels };
  if (panoptic !== undefined) {
    const { colors, ...segments } = paintedSegments(resizeSegments(panoptic, width, height), classes);
    for (let i = 0; i < segments.data.length; i++) pixels.set(colors[segments.data[i]] ?? grey, 3 * i);
    return drawOverlay(picture, segments, colors, { opacity: 1 });
  }
  if (mask === undefined) return picture;
  const { data } = resizeLabels(mask, width, height);
  for (let i = 0; i < data.length; i++) pixels.set(classes[data[i]]?.color ?? grey, 3 * i);
  return picture;
}

/** Bytes as an address that holds them. */
export function dataAddress(type: string, bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return `data:${type};base64,${btoa(text)}`;
}
