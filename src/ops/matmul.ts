import { float32 } from "../array/ndarray.ts";
import { broadcastShapes, type Shape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { constant, node, type Target, type Tensor } from "../graph/tensor.ts";
import { mul } from "./arithmetic.ts";
import { sumTo } from "./broadcast.ts";
import { requireFloat } from "./require.ts";
import { reshape, transpose } from "./shape.ts";

interface MatmulOptions {
  /** Use a with its last two axes exchanged. */
  readonly transposeA?: boolean;
  /** Use b with its last two axes exchanged. */
  readonly transposeB?: boolean;
  /** Factor of the result, such as attention's 1/√d. */
  readonly scale?: number;
}

/**
 * y = scale · a b: matrix products over the last two axes; axes before them broadcast.
 *
 * a: [..., M, K], b: [..., K, N], same float type, at least two axes each → y: [..., M, N].
 * ONNX `MatMul`, opset 13. With transposes or a scale: ONNX Runtime's `FusedMatMul` on the CPU, which needs no extra
 * pass, elsewhere `Transpose`, `MatMul`, `Mul`.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false, scale = 1 } = options;
  const output = { dtype: a.dtype, shape: productShape(a, b, transposeA, transposeB) };
  const gradient = (dy: Tensor) => [gradientA(dy, a, b, options), gradientB(dy, a, b, options)];
  if (!transposeA && !transposeB && scale === 1) return node("MatMul", [a, b], { output, gradient });
  return node("FusedMatMul", [a, b], {
    domain: "com.microsoft",
    attributes: { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0, alpha: { float: scale } },
    output,
    gradient,
    lower: ([a, b], target) => (isFused(target, a!) ? null : [composed(a!, b!, output.shape, options)]),
  });
}

/** ONNX Runtime registers `FusedMatMul` for float32 on the CPU; on WebGPU it would fall back, copying both ways. */
function isFused({ device, operators }: Target, { dtype }: Tensor): boolean {
  return operators === "native" && device === "cpu" && dtype === "float32";
}

function composed(a: Tensor, b: Tensor, shape: Shape, { transposeA, transposeB, scale = 1 }: MatmulOptions): Tensor {
  const sizes = [sizeOf(a.shape), sizeOf(b.shape), sizeOf(shape)];
  // The factor goes where it touches the fewest elements.
  const smallest = scale === 1 ? -1 : sizes.indexOf(Math.min(...sizes));
  const left = transposeA ? exchanged(a) : a;
  const right = transposeB ? exchanged(b) : b;
  const y = matmul(smallest === 0 ? mul(left, scale) : left, smallest === 1 ? mul(right, scale) : right);
  return smallest === 2 ? mul(y, scale) : y;
}

function exchanged(x: Tensor): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes[axes.length - 1], axes[axes.length - 2]]);
}

function productShape(a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Shape {
  requireFloat("matmul", a);
  if (a.dtype !== b.dtype) {
    throw new InputError(`matmul: a and b must have one type, got ${a.dtype} and ${b.dtype}. Cast one of them.`);
  }
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new InputError(
      `matmul: a and b must have at least two axes, got ${show(a.shape)} and ${show(b.shape)}. Unsqueeze vectors.`,
    );
  }
  const [m, k] = matrixOf(a, transposeA);
  const [inner, n] = matrixOf(b, transposeB);
  if (k !== inner) {
    const how = `${show(a.shape)}${transposeA ? " transposed" : ""} and ${show(b.shape)}${transposeB ? " transposed" : ""}`;
    throw new InputError(
      `matmul: columns of a must equal rows of b, got ${k} and ${inner} (${how}). Check the transposes.`,
    );
  }
  return [...broadcastShapes("matmul", a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
}

function matrixOf({ shape }: Tensor, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

function gradientA(dy: Tensor, a: Tensor, b: Tensor, { transposeA, transposeB, scale }: MatmulOptions): Tensor {
  const da = transposeA
    ? matmul(b, dy, { transposeA: transposeB, transposeB: true, scale })
    : matmul(dy, b, { transposeB: !transposeB, scale });
  return sumTo(da, a.shape);
}

function gradientB(dy: Tensor, a: Tensor, b: Tensor, { transposeA, transposeB, scale }: MatmulOptions): Tensor {
  // One b for the whole batch: stack the rows of all samples, one product instead of many and a sum.
  if (b.shape.length === 2 && a.shape.length > 2 && !transposeA) {
    const rows = reshape(a, [-1, a.shape[a.shape.length - 1]]);
    const dyRows = reshape(dy, [-1, dy.shape[dy.shape.length - 1]]);
    return gradientB(dyRows, rows, b, { transposeB, scale });
  }
  const db = transposeB
    ? matmul(dy, a, { transposeA: true, transposeB: transposeA, scale })
    : matmul(a, dy, { transposeA: !transposeA, scale });
  return sumTo(db, b.shape);
}

/** Output × input weights of one axis, row by row; null where that axis stays as it is. */
export interface AxisWeights {
  readonly outputs: number;
  readonly inputs: number;
  readonly weights: Float32Array;
}

/** Weights of an axis from its non-zero entries: `fill` calls back with output, input and weight; equal places add up. */
export function axisWeights(
  outputs: number,
  inputs: number,
  fill: (put: (output: number, input: number, weight: number) => void) => void,
): AxisWeights {
  const weights = new Float64Array(outputs * inputs);
  fill((output, input, weight) => {
    weights[output * inputs + input] += weight;
  });
  return { outputs, inputs, weights: Float32Array.from(weights) };
}

/**
 * A linear map that treats rows and columns apart: y = Vertical · x · Horizontalᵀ on the last two axes, as matrix
 * products with constant matrices, so its gradient is the same with transposed matrices.
 *
 * x: [..., H, W] float32 → y: [..., H′, W′].
 */
export function separable(x: Tensor, vertical: AxisWeights, horizontal: AxisWeights): Tensor {
  const alongWidth = () => (isIdentity(horizontal) ? null : weightMatrix(horizontal));
  const down = (tensor: Tensor) => (isIdentity(vertical) ? tensor : matmul(weightMatrix(vertical), tensor));
  const across = (tensor: Tensor) => {
    const matrix = alongWidth();
    return matrix === null ? tensor : matmul(tensor, matrix, { transposeB: true });
  };
  // The cheaper order first: the one that leaves fewer elements for the second product.
  const shrinksHeightMore = vertical.outputs * horizontal.inputs < horizontal.outputs * vertical.inputs;
  return shrinksHeightMore ? across(down(x)) : down(across(x));
}

function weightMatrix({ outputs, inputs, weights }: AxisWeights): Tensor {
  return constant(float32([outputs, inputs], weights));
}

function isIdentity({ outputs, inputs, weights }: AxisWeights): boolean {
  return outputs === inputs && weights.every((weight, i) => weight === (i % (inputs + 1) === 0 ? 1 : 0));
}
