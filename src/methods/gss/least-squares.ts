/** Matrices that turn colours into scores of classes, in float64 on the host (Chen et al. 2023, sec. 3.3). */

/** Row-major, rows × columns. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

/** What `leastSquares` needs of pixels: sums of products, which add up over a data set. */
export interface Products {
  /** XᵀX, [n, n]; n: 3, or 4 with a constant 1. */
  readonly gram: Float64Array;
  /** XᵀC, [n, K]; C: one-hot labels. */
  readonly cross: Float64Array;
}

export function emptyProducts(classes: number, constant: boolean): Products {
  const n = constant ? 4 : 3;
  return { gram: new Float64Array(n * n), cross: new Float64Array(n * classes) };
}

/**
 * Adds pixels to the sums. planes: red, green and blue, one after the other, pixel by pixel; labels: one a pixel, those from K on
 * count nowhere.
 */
export function addProducts(
  { gram, cross }: Products,
  planes: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
): void {
  const pixels = labels.length;
  const n = Math.round(Math.sqrt(gram.length));
  const row = new Float64Array(n).fill(1);
  for (let i = 0; i < pixels; i++) {
    const label = labels[i];
    if (label >= classes) continue;
    for (let c = 0; c < 3; c++) row[c] = planes[c * pixels + i];
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) gram[a * n + b] += row[a] * row[b];
      cross[a * classes + label] += row[a];
    }
  }
}

/** B of least |X·B − C|²: [n, K]; of all such, the smallest. */
export function leastSquares({ gram, cross }: Products, classes: number): Matrix {
  const n = Math.round(Math.sqrt(gram.length));
  const inverse = symmetricInverse(gram, n);
  const data = new Float64Array(n * classes);
  for (let a = 0; a < n; a++) {
    for (let b = 0; b < n; b++) {
      for (let k = 0; k < classes; k++) data[a * classes + k] += inverse[a * n + b] * cross[b * classes + k];
    }
  }
  return { rows: n, columns: classes, data };
}

/** The Moore-Penrose inverse of K colours, [3, K]: (βᵀβ)⁺βᵀ. beta: K rows of red, green, blue in [0, 1]. */
export function pseudoInverseOf(beta: readonly (readonly number[])[]): Matrix {
  const products = emptyProducts(beta.length, false);
  const planes = [0, 1, 2].flatMap((channel) => beta.map((color) => color[channel]));
  const labels = beta.map((_, i) => i);
  addProducts(products, planes, labels, beta.length);
  return leastSquares(products, beta.length);
}

/** The pseudo-inverse of a symmetric matrix by its eigenvectors (Jacobi's rotations); directions of nothing stay nothing. */
function symmetricInverse(matrix: Float64Array, n: number): Float64Array {
  const a = Float64Array.from(matrix);
  const vectors = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  for (let sweep = 0; sweep < 60; sweep++) {
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, vectors, n, p, q);
  }
  const values = Array.from({ length: n }, (_, i) => a[i * n + i]);
  const least = Math.max(...values) * n * 2 ** -52;
  const inverse = new Float64Array(n * n);
  for (const [k, value] of values.entries()) {
    if (!(value > least)) continue;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) inverse[i * n + j] += (vectors[i * n + k] * vectors[j * n + k]) / value;
    }
  }
  return inverse;
}

/** Makes a[p, q] nothing. */
function rotate(a: Float64Array, vectors: Float64Array, n: number, p: number, q: number): void {
  const off = a[p * n + q];
  if (off === 0) return;
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * off);
  const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const mix = (m: Float64Array, first: number, second: number) => {
    const [x, y] = [m[first], m[second]];
    m[first] = c * x - s * y;
    m[second] = s * x + c * y;
  };
  for (let k = 0; k < n; k++) mix(a, k * n + p, k * n + q);
  for (let k = 0; k < n; k++) mix(a, p * n + k, q * n + k);
  for (let k = 0; k < n; k++) mix(vectors, k * n + p, k * n + q);
}
