import type { ClassInfo, SegmentMap } from "../data/sample.ts";
import { InputError } from "../errors.ts";
import type { Color, Image } from "../image/image.ts";

export interface OverlayOptions {
  /** Share of the class colour, 0 … 1. */
  readonly opacity?: number;
  /** Dark lines where classes meet. */
  readonly borders?: boolean;
  /** A label whose pixels stay as they are, such as the background. Default: none. */
  readonly untouched?: number | undefined;
}

/** How much darker than its class a border is. */
const borderShade = 0.45;
const borderOpacity = 0.85;

/**
 * Draws classes over a photograph, in place: each pixel mixed with its class's colour, thin dark lines of that colour
 * where classes meet. Labels without a colour leave the photograph as it is. Lines grow with the picture: one pixel up
 * to 800 pixels of the shorter side.
 *
 * image, labels: of one size; throws InputError otherwise. Returns `image`.
 */
export function drawOverlay(
  image: Image,
  labels: { readonly width: number; readonly height: number; readonly data: Uint8Array | Uint32Array },
  colors: readonly Color[],
  { opacity = 0.5, borders = true, untouched }: OverlayOptions = {},
): Image {
  const { width, height, data } = image;
  if (labels.width !== width || labels.height !== height) {
    throw new InputError(
      `overlay: expected labels of the image's size ${width}x${height}, got ${labels.width}x${labels.height}. Segment this image.`,
    );
  }
  const values = labels.data;
  const fill = tints(colors, opacity, 1);
  const line = tints(colors, borderOpacity, borderShade);
  const keepFill = 256 - Math.round(256 * opacity);
  const keepLine = 256 - Math.round(256 * borderOpacity);
  const thickness = Math.max(1, Math.round(Math.min(width, height) / 800));
  for (let y = 0; y < height; y++) {
    const below = y + thickness < height ? thickness * width : 0;
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const label = values[i];
      if (label >= colors.length || label === untouched) continue;
      const right = x + thickness < width ? thickness : 0;
      const edge = borders && (values[i + right] !== label || values[i + below] !== label);
      const at = 3 * i;
      const from = 3 * label;
      const table = edge ? line : fill;
      const kept = edge ? keepLine : keepFill;
      data[at] = (data[at] * kept + table[from]) >> 8;
      data[at + 1] = (data[at + 1] * kept + table[from + 1]) >> 8;
      data[at + 2] = (data[at + 2] * kept + table[from + 2]) >> 8;
    }
  }
  return image;
}

/**
 * Segments as something to draw: each pixel's place in a list of colours, one past its end where there is no segment. Things of one class
 * get shades of its colour, so that neighbours are told apart; stuff has the colour itself.
 */
export function paintedSegments(
  { width, height, data, segments }: SegmentMap,
  classes: readonly ClassInfo[],
): { readonly width: number; readonly height: number; readonly data: Uint32Array; readonly colors: readonly Color[] } {
  const seen = new Map<number, number>();
  const colors = segments.map(({ classIndex }): Color => {
    const { color, thing } = classes[classIndex];
    const count = seen.get(classIndex) ?? 0;
    seen.set(classIndex, count + 1);
    return thing === true ? shaded(color, shades[count % shades.length]) : color;
  });
  const place = new Map(segments.map(({ id }, index) => [id, index]));
  const places = new Uint32Array(data.length);
  let [lastId, last] = [0, colors.length];
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== lastId) [lastId, last] = [data[i], place.get(data[i]) ?? colors.length];
    places[i] = last;
  }
  return { width, height, data: places, colors };
}

/** Towards black below 0, towards white above. */
const shades = [0, 0.35, -0.35, 0.6, -0.55, 0.18, -0.18];

function shaded([red, green, blue]: Color, shade: number): Color {
  const move = (value: number) => Math.round(shade < 0 ? value * (1 + shade) : value + (255 - value) * shade);
  return [move(red), move(green), move(blue)];
}

/** Colours times `shade`, times their share in 256ths, with the half that rounding needs. */
function tints(colors: readonly Color[], opacity: number, shade: number): Int32Array {
  const share = Math.round(256 * opacity);
  return Int32Array.from(colors.flat(), (value) => Math.round(value * shade) * share + 128);
}
