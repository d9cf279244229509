import { expect, test } from "vitest";
import { bestAssignment } from "./assignment.ts";
import { Random } from "./random.ts";

const sumOf = (values: ArrayLike<number>, columns: number, columnOf: ArrayLike<number>) =>
  Array.from(columnOf).reduce((sum, column, row) => sum + (column < 0 ? 0 : values[row * columns + column]), 0);

/** The largest sum, by trying everything. */
function largestSum(values: readonly number[], rows: number, columns: number): number {
  const best = (row: number, taken: readonly number[], skips: number): number => {
    if (row === rows) return 0;
    const skipped = skips > 0 ? best(row + 1, taken, skips - 1) : Number.NEGATIVE_INFINITY;
    const free = Array.from({ length: columns }, (_, column) => column).filter((column) => !taken.includes(column));
    return Math.max(
      skipped,
      ...free.map((column) => values[row * columns + column] + best(row + 1, [...taken, column], skips)),
    );
  };
  return best(0, [], Math.max(0, rows - columns));
}

test.each([
  [1, 1],
  [4, 4],
  [3, 6],
  [6, 3],
  [5, 1],
  [1, 5],
])("%i rows and %i columns get the best of all assignments, each column at most once", (rows, columns) => {
  for (let draw = 0; draw < 30; draw++) {
    const random = new Random("assignment", draw, `${rows} ${columns}`);
    // A few levels alone, below 0 as well, so that there are ties.
    const values = Array.from({ length: rows * columns }, () => random.integer(draw < 15 ? 4 : 1000) / 4 - 1);
    const found = bestAssignment(values, rows, columns);
    const taken = found.filter((column) => column >= 0);
    expect(taken.length).toBe(Math.min(rows, columns));
    expect(new Set(taken).size).toBe(taken.length);
    expect(sumOf(values, columns, found)).toBeCloseTo(largestSum(values, rows, columns), 10);
  }
});

test("without rows or columns nothing is assigned", () => {
  expect([...bestAssignment([], 0, 5)]).toEqual([]);
  expect([...bestAssignment([], 3, 0)]).toEqual([-1, -1, -1]);
});

test("what is not finite is taken last, and does not hang", () => {
  expect([...bestAssignment([Number.NaN, 0.1, Number.NEGATIVE_INFINITY, 0.2], 2, 2)].sort()).toEqual([0, 1]);
  expect([...bestAssignment([Number.NaN, 0.1, 0.3, 0.2], 2, 2)]).toEqual([1, 0]);
});
