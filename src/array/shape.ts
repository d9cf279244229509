import { InputError } from "../errors.ts";

export type Shape = readonly number[];

/** Number of elements: the product of the sizes, 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Row-major strides, in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** The indices of element `index` in row-major order. */
export function placeOf(index: number, shape: Shape): number[] {
  return stridesOf(shape).map((stride, axis) => Math.floor(index / stride) % shape[axis]);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** `[2, 3, 4]`, as shapes are written in messages. */
export function show(shape: Shape): string {
  return `[${shape.join(", ")}]`;
}

/** An axis counted from the front, 0 … rank − 1; negative axes count from the back. Throws when out of range. */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  const normalized = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normalized < 0 || normalized >= rank) {
    throw new InputError(
      `${where}: axis must be an integer from ${-rank} to ${rank - 1}, got ${axis}. The tensor has ${rank} axes.`,
    );
  }
  return normalized;
}

/** The shape two operands broadcast to (NumPy's rule): sizes are aligned at the back, and a 1 stretches. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let back = 1; back <= rank; back++) {
    const sizeA = a[a.length - back] ?? 1;
    const sizeB = b[b.length - back] ?? 1;
    if (sizeA !== sizeB && sizeA !== 1 && sizeB !== 1) {
      throw new InputError(
        `${where}: shapes must be equal or 1 on each axis counted from the back, got ${show(a)} and ${show(b)}. ` +
          `Reshape or expand one of them: sizes ${sizeA} and ${sizeB} differ.`,
      );
    }
    result[rank - back] = sizeA === 1 ? sizeB : sizeA;
  }
  return result;
}
