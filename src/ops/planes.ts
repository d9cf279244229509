/**
 * The passes over feature maps that normalizations consist of, forward and backward: sums over each plane (one channel
 * of one sample), and one multiplication and addition per channel. All else in a norm is arithmetic on short vectors:
 * four passes over the data whichever the norm, and one that moves it to where sums of squares keep their digits.
 */
import { float32 } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { constant, node, nodes, type Target, type Tensor } from "../graph/tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { sum } from "./broadcast.ts";
import { matmul } from "./matmul.ts";
import { mean, sumSquare } from "./reductions.ts";
import { reshape, stopGradient } from "./shape.ts";
import { slice } from "./slicing.ts";

/**
 * Numbers near the means of planes, to be taken off before squares are added up: where a mean is many deviations from 0,
 * E[x²] − E[x]² of x itself leaves no digits. Each is the mean of the √n middle ones of a plane's n numbers, so at most
 * n^¼ deviations away from the mean of all, whatever the numbers are. No gradient: no result depends on the choice.
 *
 * x: [B, C, ...] → [B, C].
 */
export function planeOrigins(x: Tensor): Tensor {
  const rows = asRows(x);
  const size = rows.shape[2];
  const some = Math.ceil(Math.sqrt(size));
  const start = Math.floor((size - some) / 2);
  return stopGradient(mean(slice(rows, [{ axis: 2, start, end: start + some }]), { axes: [2] }));
}

/** x − origins. x: [B, C, ...]; origins: [B, C], or [1, C] where all samples share them. */
export function planesFrom(origins: Tensor, x: Tensor): Tensor {
  return sub(x, reshape(origins, [...origins.shape, ...x.shape.slice(2).map(() => 1)]));
}

/** Σ a over each plane. a: [B, C, ...] → [B, C]. */
function planeSum(a: Tensor): Tensor {
  const [batch, channels] = a.shape;
  return node("PlaneSum", [a], {
    output: { dtype: a.dtype, shape: [batch, channels] },
    gradient: (d) => [spread(d, a)],
    lower: ([a]) => [sum(asRows(a!), { axes: [2] })],
  });
}

/** Σ a·b over each plane. a, b: [B, C, ...] → [B, C]. */
export function planeDot(a: Tensor, b: Tensor): Tensor {
  const [batch, channels] = a.shape;
  return node("PlaneDot", [a, b], {
    output: { dtype: a.dtype, shape: [batch, channels] },
    gradient: (d) => [planeAffine(b, d, null), planeAffine(a, d, null)],
    lower: ([a, b], target) => [dotRows(a!, b!, target) ?? sum(asRows(mul(a!, b!)), { axes: [2] })],
  });
}

/** Σ x and Σ x² over each plane. x: [B, C, ...] → two of [B, C]. */
export function planeMoments(x: Tensor): { total: Tensor; squares: Tensor } {
  const [batch, channels] = x.shape;
  const type = { dtype: x.dtype, shape: [batch, channels] };
  const [total, squares] = nodes("PlaneMoments", [x], {
    outputs: [type, type],
    gradient: (_dy, _y, { dys: [dTotal, dSquares] }) => {
      if (dSquares === null) return [dTotal === null ? null : spread(dTotal, x)];
      return [planeAffine(x, mul(dSquares, 2), dTotal)];
    },
    lower: ([x], target) => [
      sum(asRows(x!), { axes: [2] }),
      dotRows(x!, x!, target) ?? sumSquare(asRows(x!), { axes: [2] }),
    ],
  });
  return { total, squares };
}

/**
 * y = x · scale + shift, per channel.
 *
 * x: [B, C, ...]. scale, shift: [B, C], or [1, C] where all samples share them; shift may be null → y: as x.
 */
export function planeAffine(x: Tensor, scale: Tensor, shift: Tensor | null): Tensor {
  return node("PlaneAffine", shift === null ? [x, scale] : [x, scale, shift], {
    output: x,
    gradient: (dy) => [
      planeAffine(dy, scale, null),
      perSample(planeDot(dy, x), scale),
      shift === null ? null : perSample(planeSum(dy), shift),
    ],
    lower: ([x, scale, shift = null]) => [shift === null ? scaleRows(x!, scale!) : affineRows(x!, scale!, shift)],
  });
}

/** A value per plane at every pixel of x. */
function spread(perPlane: Tensor, x: Tensor): Tensor {
  return planeAffine(x, mul(perPlane, 0), perPlane);
}

/** Undoes the sharing of a vector by all samples. */
function perSample(gradient: Tensor, vector: Tensor): Tensor {
  return vector.shape[0] === gradient.shape[0] ? gradient : sum(gradient, { axes: [0], keepDims: true });
}

function asRows(x: Tensor): Tensor {
  const [batch, channels, ...rest] = x.shape;
  return reshape(x, [batch, channels, sizeOf(rest)]);
}

/**
 * Σ a·b over each plane as products of a row with a row, [1, n] · [1, n]ᵀ: one pass that writes nothing, where ONNX
 * Runtime has a kernel for them. That is with AVX2, as the blocked layout (`convBlock`) is. Null elsewhere, and where
 * planes are so small that starting a product takes longer (bench/README.md, "Sums of products").
 */
function dotRows(a: Tensor, b: Tensor, { convBlock }: Target): Tensor | null {
  const [batch, channels, ...rest] = a.shape;
  const pixels = sizeOf(rest);
  if (convBlock === 0 || a.dtype !== "float32" || pixels < 256) return null;
  const row = (x: Tensor) => reshape(x, [batch, channels, 1, pixels]);
  return reshape(matmul(row(a), row(b), { transposeB: true }), [batch, channels]);
}

function scaleRows(x: Tensor, scale: Tensor): Tensor {
  return mul(x, reshape(scale, [...scale.shape, ...x.shape.slice(2).map(() => 1)]));
}

/** ONNX `BatchNormalization` with mean 0 and variance 1: multiplies and adds in one pass. */
function affineRows(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  const together = scale.shape[0] === 1 && shift.shape[0] === 1;
  const planes = together ? x.shape[1] : x.shape[0] * x.shape[1];
  const flat = together ? x : reshape(x, [1, planes, ...x.shape.slice(2)]);
  const vector = (v: Tensor) =>
    reshape(
      together || v.shape[0] === x.shape[0]
        ? v
        : add(v, constant(float32([x.shape[0], 1], new Float32Array(x.shape[0])))),
      [planes],
    );
  const y = node("BatchNormalization", [flat, vector(scale), vector(shift), filled(planes, 0), filled(planes, 1)], {
    attributes: { epsilon: { float: 0 } },
    output: flat,
    gradient: null,
  });
  return together ? y : reshape(y, x.shape);
}

function filled(length: number, value: number): Tensor {
  return constant(float32([length], new Float32Array(length).fill(value)));
}
