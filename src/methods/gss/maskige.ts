/** Masks painted as pictures (X), and what undoes it without training (X⁻¹): Chen et al. 2023, sec. 3.3. */
import { float32, fromNumbers } from "../../array/ndarray.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import type { Image, LabelMap } from "../../image/image.ts";
import {
  add,
  argMax,
  cast,
  concat,
  conv,
  div,
  gather,
  less,
  matmul,
  mul,
  reshape,
  slice,
  square,
  sub,
  sum,
  transpose,
  where,
} from "../../ops/index.ts";
import type { Palette } from "./palette.ts";

/** palette → its colours in [0, 1], K + 1 rows: [K + 1, 3]. */
export function colorTable(palette: Palette): Tensor {
  return constant(
    float32(
      [palette.length, 3],
      palette.flat().map((value) => value / 255),
    ),
  );
}

/**
 * Every pixel in the colour of its class; labels above K, unlabelled ones among them, in the last row's.
 * labels: [B, H, W] integers; table: [K + 1, channels] float → [B, channels, H, W].
 */
export function paint(labels: Tensor, table: Tensor): Tensor {
  return transpose(gather(table, rowsOf(labels, table.shape[0] - 1), { axis: 0 }), [0, 3, 1, 2]);
}

/** The same on the host, as bytes. */
export function paintedImage({ width, height, data }: LabelMap, palette: Palette): Image {
  const ignored = palette.length - 1;
  const bytes = new Uint8Array(3 * width * height);
  for (let i = 0; i < data.length; i++) bytes.set(palette[Math.min(data[i], ignored)], 3 * i);
  return { width, height, data: bytes };
}

/**
 * Squared distances of each pixel from colours, 0 … 3·255².
 * maskige: [B, 3, H, W] in [0, 255] → [B, colours, H, W].
 */
export function squaredDistances(maskige: Tensor, colors: Palette): Tensor {
  const channels = [0, 1, 2].map((channel) => {
    const values = colors.map((color) => color[channel]);
    const plane = slice(maskige, [{ axis: 1, start: channel, end: channel + 1 }]); // [B, 1, H, W]
    return square(sub(plane, constant(float32([1, colors.length, 1, 1], values))));
  });
  return add(add(channels[0], channels[1]), channels[2]);
}

/**
 * Logits of the colours, −d²/T of distances in [0, 255]: between colours a pixel is less sure, the more so the larger T is.
 * maskige: [B, 3, H, W] in [0, 1] → [B, colours, H, W].
 */
export function distanceLogits(maskige: Tensor, colors: Palette, temperature: number): Tensor {
  return mul(squaredDistances(mul(maskige, 255), colors), -1 / temperature);
}

/**
 * Scores that are largest for the nearest colour: 2·p·β − |β|², about the centre of the cube, where float32 is finest.
 * maskige: [B, 3, H, W] in [0, 1] → [B, colours, H, W].
 */
export function nearness(maskige: Tensor, colors: Palette): Tensor {
  const centred = colors.map((color) => color.map((value) => value / 255 - 0.5));
  const weight = float32(
    [colors.length, 3, 1, 1],
    centred.flat().map((value) => 2 * value),
  );
  const bias = centred.map((color) => -color.reduce((total, value) => total + value ** 2, 0));
  return conv(sub(maskige, 0.5), constant(weight), { bias: constant(float32([colors.length], bias)) });
}

/** The nearest colour's class; the lowest of equals. maskige: [B, 3, H, W] in [0, 1] → [B, H, W] int64. */
export function nearestLabels(maskige: Tensor, colors: Palette): Tensor {
  return argMax(nearness(maskige, colors), { axis: 1 });
}

/** Scores by a matrix. maskige: [B, 3, H, W]; inverse: [3, K], or [4, K] whose last row is added → [B, K, H, W]. */
export function linearScores(maskige: Tensor, inverse: Tensor): Tensor {
  const [rows, classes] = inverse.shape;
  const slopes = slice(inverse, [{ axis: 0, start: 0, end: 3 }]); // [3, K]
  const weight = reshape(transpose(slopes, [1, 0]), [classes, 3, 1, 1]);
  return conv(
    maskige,
    weight,
    rows === 4 ? { bias: reshape(slice(inverse, [{ axis: 0, start: 3, end: 4 }]), [classes]) } : {},
  );
}

/**
 * The Moore-Penrose inverse of colours that change while training, (βᵀβ)⁻¹βᵀ, as graph: βᵀβ is inverted by its cofactors.
 * beta: [K, 3], colours not of one plane through black → [3, K].
 */
export function pseudoInverse(beta: Tensor): Tensor {
  const gram = reshape(matmul(beta, beta, { transposeA: true }), [9]);
  const at = (row: number, column: number) => {
    const place = 3 * (row % 3) + (column % 3);
    return slice(gram, [{ axis: 0, start: place, end: place + 1 }]);
  };
  // Of three rows and columns, cyclic places need no signs.
  const cofactor = (i: number, j: number) =>
    sub(mul(at(i + 1, j + 1), at(i + 2, j + 2)), mul(at(i + 1, j + 2), at(i + 2, j + 1)));
  const cofactors = [0, 1, 2].map((i) => [0, 1, 2].map((j) => cofactor(i, j)));
  const determinant = sum(
    concat(
      [0, 1, 2].map((j) => mul(at(0, j), cofactors[0][j])),
      { axis: 0 },
    ),
  );
  const inverse = div(reshape(concat(cofactors.flat(), { axis: 0 }), [3, 3]), determinant); // symmetric, as the matrix is
  return matmul(inverse, beta, { transposeB: true });
}

/** Labels as rows of a table whose last, `ignored`, is for all that are no class. */
function rowsOf(labels: Tensor, ignored: number): Tensor {
  const whole = cast(labels, "int32");
  const last = constant(fromNumbers("int32", [], [ignored]));
  return where(less(whole, last), whole, last);
}
