/** Test support: convolution, pooling and separable maps as plain loops, the references for their operators. */
import type { NdArray } from "../../src/array/ndarray.ts";
import { at, build } from "./check-plain.ts";

export interface PlainWindow {
  readonly strides?: readonly [number, number];
  /** [top, left, bottom, right]. */
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
  readonly groups?: number;
}

/** x: [B, C, H, W], w: [O, C / groups, kh, kw], bias: [O] → y. */
export function convPlain(x: NdArray, w: NdArray, bias: NdArray | null, options: PlainWindow = {}): NdArray {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], groups = 1 } = options;
  const [batch, , ...size] = x.shape;
  const [features, perGroup, ...kernel] = w.shape;
  const output = [0, 1].map(
    (a) => Math.floor((size[a] + pads[a] + pads[a + 2] - dilations[a] * (kernel[a] - 1) - 1) / strides[a]) + 1,
  );
  return build([batch, features, ...output], ([b, o, h, v]) => {
    let sum = bias === null ? 0 : at(bias, [o]);
    const group = Math.floor(o / (features / groups));
    for (let c = 0; c < perGroup; c++) {
      for (let i = 0; i < kernel[0]; i++) {
        for (let j = 0; j < kernel[1]; j++) {
          const row = h * strides[0] - pads[0] + i * dilations[0];
          const column = v * strides[1] - pads[1] + j * dilations[1];
          if (row < 0 || row >= size[0] || column < 0 || column >= size[1]) continue;
          sum += at(x, [b, group * perGroup + c, row, column]) * at(w, [o, c, i, j]);
        }
      }
    }
    return sum;
  });
}

/** x: [B, C, H, W], w: [C, O, kh, kw] → y: each input pixel lays its kernel down, cropped by `pads`. One group. */
export function convTransposePlain(
  x: NdArray,
  w: NdArray,
  size: readonly number[],
  options: PlainWindow = {},
): NdArray {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] } = options;
  const [batch, channels, height, width] = x.shape;
  const [, features, kh, kw] = w.shape;
  return build([batch, features, ...size], ([b, o, row, column]) => {
    let sum = 0;
    for (let h = 0; h < height; h++) {
      for (let v = 0; v < width; v++) {
        for (let i = 0; i < kh; i++) {
          for (let j = 0; j < kw; j++) {
            if (h * strides[0] - pads[0] + i * dilations[0] !== row) continue;
            if (v * strides[1] - pads[1] + j * dilations[1] !== column) continue;
            for (let c = 0; c < channels; c++) sum += at(x, [b, c, h, v]) * at(w, [c, o, i, j]);
          }
        }
      }
    }
    return sum;
  });
}

/** What `pick` makes of the pixels (with their positions) that each window of an [B, C, H, W] input meets. */
export function poolPlain(
  x: NdArray,
  output: readonly number[],
  kernel: readonly [number, number],
  { strides = kernel, pads = [0, 0, 0, 0] }: PlainWindow,
  pick: (values: number[]) => number,
): NdArray {
  const [batch, channels, height, width] = x.shape;
  return build([batch, channels, ...output], ([b, c, h, v]) => {
    const values: number[] = [];
    for (let i = 0; i < kernel[0]; i++) {
      for (let j = 0; j < kernel[1]; j++) {
        const row = h * strides[0] - pads[0] + i;
        const column = v * strides[1] - pads[1] + j;
        if (row >= 0 && row < height && column >= 0 && column < width) values.push(at(x, [b, c, row, column]));
      }
    }
    return pick(values);
  });
}
