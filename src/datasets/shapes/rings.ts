/** Rings of boxes and ellipses, which may be turned. */

import type { Ring } from "./draw-shapes.ts";

/** Whether it is a list of [x, y]. */
export function isPoints(value: unknown): value is [number, number][] {
  const isPoint = (point: unknown) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
  return Array.isArray(value) && value.every(isPoint);
}

/** Corners of a polygon that stands for an ellipse. */
const ellipseCorners = 64;

/** degrees: clockwise as pictures are seen, around `pivot`. */
function turned(ring: Ring, degrees: number, [x0, y0]: readonly [number, number]): Ring {
  if (degrees === 0) return ring;
  const [sine, cosine] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  return ring.map((each, at) => {
    const [x, y] = at % 2 === 0 ? [each - x0, ring[at + 1] - y0] : [ring[at - 1] - x0, each - y0];
    return at % 2 === 0 ? x0 + cosine * x - sine * y : y0 + sine * x + cosine * y;
  });
}

/** Opposite corners; turned around the middle unless another pivot is given. */
export function boxRing(
  [left, top, right, bottom]: readonly [number, number, number, number],
  degrees = 0,
  pivot: readonly [number, number] = [(left + right) / 2, (top + bottom) / 2],
): Ring {
  return turned([left, top, right, top, right, bottom, left, bottom], degrees, pivot);
}

/** A middle and two radii; turned around the middle. */
export function ellipseRing([x, y]: readonly [number, number], [rx, ry]: readonly [number, number], degrees = 0): Ring {
  const turns = Array.from({ length: ellipseCorners }, (_, i) => (2 * Math.PI * i) / ellipseCorners);
  const ring = turns.flatMap((turn) => [x + rx * Math.cos(turn), y + ry * Math.sin(turn)]);
  return turned(ring, degrees, [x, y]);
}
