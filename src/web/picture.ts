/** Pictures of a web page as bytes. */
import { InputError } from "../errors.ts";
import type { Image } from "../image/image.ts";

/** What can be segmented. A Blob is an image file: JPEG, PNG, and what else the browser reads. */
export type Picture = HTMLCanvasElement | OffscreenCanvas | ImageData | ImageBitmap | Blob;

/** A picture on its way to a worker: `moved` goes there, the rest is copied. */
export interface Parcel {
  readonly content: Blob | ImageBitmap | ImageData;
  readonly moved: readonly Transferable[];
}

/** Throws InputError where it is no picture, or an empty one. */
export async function parcelOf(picture: Picture): Promise<Parcel> {
  if (picture instanceof Blob || picture instanceof ImageData) return { content: picture, moved: [] };
  const known =
    picture instanceof ImageBitmap ||
    picture instanceof OffscreenCanvas ||
    (typeof HTMLCanvasElement !== "undefined" && picture instanceof HTMLCanvasElement);
  if (!known) {
    throw new InputError(
      `segment: expected a canvas, ImageData, ImageBitmap or Blob, got ${kindOf(picture)}. Draw it on a canvas, or fetch it as a blob.`,
    );
  }
  if (picture.width < 1 || picture.height < 1) {
    throw new InputError(
      `segment: expected a picture with pixels, got ${picture.width}x${picture.height}. Draw on it first.`,
    );
  }
  // A copy: what is given stays the page's own.
  const content = await createImageBitmap(picture);
  return { content, moved: [content] };
}

/** Its pixels, upright; what is transparent lies on white, as everywhere in TESSERA. Throws InputError where it cannot be read. */
export async function imageOf(content: Parcel["content"]): Promise<Image> {
  if (content instanceof ImageData) return opaque(content);
  const bitmap = content instanceof Blob ? await decoded(content) : content;
  const { width, height } = bitmap;
  try {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("no drawing context");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, 0, 0);
    return opaque(context.getImageData(0, 0, width, height));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `segment: expected a picture that can be read, got ${width}x${height} pixels (${reason}). Use a smaller one, from this site.`,
    );
  } finally {
    bitmap.close();
  }
}

async function decoded(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
  } catch {
    const kind = blob.type === "" ? "bytes of an unknown kind" : blob.type;
    throw new InputError(
      `segment: expected an image file that the browser reads, got ${blob.size} bytes (${kind}). Pass a JPEG or PNG.`,
    );
  }
}

/** RGBA over white → RGB. */
function opaque({ width, height, data }: ImageData): Image {
  const rgb = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    const alpha = data[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      const value = data[from + channel];
      rgb[to++] = alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
  return { width, height, data: rgb };
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}
