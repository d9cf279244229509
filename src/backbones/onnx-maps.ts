/** Which tensors of a foreign graph are feature maps, by their shapes. */
import { type Shape, sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { reshape, slice, transpose } from "../ops/index.ts";

/** What is known of the pictures that a graph was read for. */
export interface Pictures {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** How a tensor holds a map. */
export interface MapLayout {
  readonly stride: number;
  /** [B, C, h, w], [B, h, w, C] or [B, extra + h w, C]. */
  readonly kind: "channelsFirst" | "channelsLast" | "tokens";
  /** Tokens before those of the patches: of the class, registers. */
  readonly extra: number;
}

/** No vision transformer has more tokens beside those of its patches. */
const mostExtra = 8;

/** How a tensor of this shape holds a map of one of these strides; null where it does not. */
export function layoutOf(
  shape: Shape,
  { batch, height, width }: Pictures,
  strides: readonly number[],
): MapLayout | null {
  if (shape[0] !== batch) return null;
  const fitting = strides.filter((stride) => height % stride === 0 && width % stride === 0);
  const find = (fits: (h: number, w: number) => boolean) =>
    fitting.find((stride) => fits(height / stride, width / stride));
  if (shape.length === 4) {
    const first = find((h, w) => shape[2] === h && shape[3] === w);
    if (first !== undefined) return { stride: first, kind: "channelsFirst", extra: 0 };
    const last = find((h, w) => shape[1] === h && shape[2] === w);
    return last === undefined ? null : { stride: last, kind: "channelsLast", extra: 0 };
  }
  if (shape.length !== 3) return null;
  const stride = find((h, w) => shape[1] >= h * w && shape[1] <= h * w + mostExtra);
  if (stride === undefined) return null;
  return { stride, kind: "tokens", extra: shape[1] - (height / stride) * (width / stride) };
}

/** The map [B, C, h, w] that a tensor holds. Throws InputError where the pictures' size makes it another one. */
export function mapOf(tensor: Tensor, { stride, kind, extra }: MapLayout, pictures: Pictures, where: string): Tensor {
  const { batch } = pictures;
  const [h, w] = [pictures.height / stride, pictures.width / stride];
  const { shape } = tensor;
  const channels = shape[kind === "channelsFirst" ? 1 : shape.length - 1];
  const expected = {
    channelsFirst: [batch, channels, h, w],
    channelsLast: [batch, h, w, channels],
    tokens: [batch, extra + h * w, channels],
  }[kind];
  if (!sameShape(shape, expected)) {
    throw new InputError(`${where}: expected ${show(expected)}, got ${show(shape)}. Use the size of the file.`);
  }
  if (kind === "channelsFirst") return tensor;
  if (kind === "channelsLast") return transpose(tensor, [0, 3, 1, 2]);
  const patches = extra === 0 ? tensor : slice(tensor, [{ axis: 1, start: extra }]); // [B, h w, C]
  return transpose(reshape(patches, [batch, h, w, channels]), [0, 3, 1, 2]);
}
