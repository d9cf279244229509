/** Small pictures for a report. */
import type { ClassInfo } from "../data/sample.ts";
import { halvedTo } from "../data/views.ts";
import type { Color, Image, LabelMap } from "../image/image.ts";
import { resizeImage, resizeLabels } from "../image/resize.ts";
import type { Platform } from "../platform/platform.ts";

/** Pictures of one image as a page holds them. */
export interface Picture {
  readonly id: string;
  /** Mean IoU over the classes of this image; null where nothing is labelled. */
  readonly meanIou: number | null;
  /** Pictures as `data:` addresses. */
  readonly image: string;
  readonly truth: string | null;
  readonly prediction: string;
}

/** Longer side, pixels. */
const side = 360;
/** Unlabelled pixels. */
const grey: Color = [128, 128, 128];

export interface Pictured {
  readonly id: string;
  readonly meanIou: number | null;
  readonly image: Image;
  readonly truth: LabelMap | null;
  readonly prediction: LabelMap;
}

/** Image, truth and prediction made small and written as `data:` addresses. */
export async function pictureOf(
  platform: Pick<Platform, "encodeImage">,
  classes: readonly ClassInfo[],
  { id, meanIou, image, truth, prediction }: Pictured,
): Promise<Picture> {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const colors = classes.map(({ color }) => color);
  const small = resizeImage(halvedTo(image, width, height), width, height);
  const png = async (labels: LabelMap) =>
    dataAddress("image/png", await platform.encodeImage(painted(resizeLabels(labels, width, height), colors), "png"));
  return {
    ...{ id, meanIou },
    image: dataAddress("image/jpeg", await platform.encodeImage(small, "jpeg", { quality: 85 })),
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
export function dataAddress(type: string, bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return `data:${type};base64,${btoa(text)}`;
}
