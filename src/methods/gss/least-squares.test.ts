import { expect, test } from "vitest";
import { addProducts, emptyProducts, leastSquares, pseudoInverseOf } from "./least-squares.ts";

const product = (a: readonly (readonly number[])[], b: readonly (readonly number[])[]) =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, value, k) => sum + value * b[k][j], 0)));

const rowsOf = ({ rows, columns, data }: ReturnType<typeof leastSquares>) =>
  Array.from({ length: rows }, (_, i) => [...data.subarray(i * columns, (i + 1) * columns)]);

function expectClose(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): void {
  for (const [i, row] of a.entries()) for (const [j, value] of row.entries()) expect(value).toBeCloseTo(b[i][j], 8);
}

// The last three span a line, a plane and nothing.
test.each([
  [
    "of many colours",
    [
      [0.1, 0.2, 0.9],
      [0.8, 0.1, 0.3],
      [0.5, 0.9, 0.4],
      [1, 1, 0],
    ],
  ],
  ["of one", [[0.3, 0.6, 0.9]]],
  [
    "of two",
    [
      [0.3, 0.6, 0.9],
      [1, 0, 0],
    ],
  ],
  ["of black alone", [[0, 0, 0]]],
])("the pseudo-inverse %s is Moore and Penrose's", (_, beta) => {
  const inverse = rowsOf(pseudoInverseOf(beta));
  const there = product(beta, inverse);
  const back = product(inverse, beta);
  expectClose(product(there, beta), beta);
  expectClose(product(back, inverse), inverse);
  const transposed = (m: readonly (readonly number[])[]) => m[0].map((_, j) => m.map((row) => row[j]));
  expectClose(there, transposed(there));
  expectClose(back, transposed(back));
});

test("least squares over pixels that are their colours, all classes alike, is the pseudo-inverse", () => {
  const beta = [
    [0.1, 0.2, 0.9],
    [0.8, 0.1, 0.3],
    [0.5, 0.9, 0.4],
    [1, 1, 0],
  ];
  const products = emptyProducts(4, false);
  const planes = [0, 1, 2].flatMap((channel) => [...beta, ...beta].map((color) => color[channel]));
  addProducts(products, planes, [0, 1, 2, 3, 0, 1, 2, 3], 4);
  expectClose(rowsOf(leastSquares(products, 4)), rowsOf(pseudoInverseOf(beta)));
});

test("pixels without a class count nowhere, and parts add up", () => {
  const planes = [0.1, 0.5, 0.9, 0.2, 0.4, 0.6, 0.3, 0.7, 0.8];
  const whole = emptyProducts(2, true);
  addProducts(whole, planes, [0, 255, 1], 2);
  const parts = emptyProducts(2, true);
  addProducts(parts, [0.1, 0.2, 0.3], [0], 2);
  addProducts(parts, [0.9, 0.6, 0.8], [1], 2);
  expect(parts).toEqual(whole);
});

test("with a constant, black can win", () => {
  const colors = [
    [0, 0, 0],
    [1, 0, 0],
    [0, 1, 0],
  ];
  const products = emptyProducts(3, true);
  addProducts(
    products,
    [0, 1, 2].flatMap((c) => colors.map((color) => color[c])),
    [0, 1, 2],
    3,
  );
  const [red, green, , constant] = rowsOf(leastSquares(products, 3));
  const scores = (r: number, g: number) => [0, 1, 2].map((k) => r * red[k] + g * green[k] + constant[k]);
  expect(scores(0, 0).indexOf(Math.max(...scores(0, 0)))).toBe(0);
  expect(scores(1, 0).indexOf(Math.max(...scores(1, 0)))).toBe(1);
});
