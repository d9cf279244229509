import type { Random } from "../array/random.ts";

/** A closed outline: x₀, y₀, x₁, y₁, … in the units of whoever draws it. Filled by the non-zero winding rule. */
export type Polygon = Float64Array;

export type Point = readonly [x: number, y: number];

/** A point of a limb: position and half the width there. */
export type Joint = readonly [x: number, y: number, radius: number];

/** x' = a·x + c·y + e, y' = b·x + d·y + f. */
export type Affine = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

export function polygon(...points: readonly Point[]): Polygon {
  return Float64Array.from(points.flat());
}

export function box(x0: number, y0: number, x1: number, y1: number): Polygon {
  return polygon([x0, y0], [x1, y0], [x1, y1], [x0, y1]);
}

/** An ellipse turned by `angle` (radians); with `from` and `to`, the part between these two angles and its chord. */
export function ellipse(x: number, y: number, rx: number, ry: number, angle = 0, from = 0, to = 2 * Math.PI): Polygon {
  const count = 24;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const out = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const turn = from + ((to - from) * i) / (to - from > 6.2 ? count : count - 1);
    const [px, py] = [rx * Math.cos(turn), ry * Math.sin(turn)];
    out[2 * i] = x + px * cos - py * sin;
    out[2 * i + 1] = y + px * sin + py * cos;
  }
  return out;
}

/** A box whose corners are quarter circles of `radius`, limited to half of the shorter side. */
export function roundBox(x0: number, y0: number, x1: number, y1: number, radius: number): Polygon {
  const r = Math.min(radius, Math.abs(x1 - x0) / 2, Math.abs(y1 - y0) / 2);
  const centres: Point[] = [
    [x1 - r, y1 - r],
    [x0 + r, y1 - r],
    [x0 + r, y0 + r],
    [x1 - r, y0 + r],
  ];
  const points: Point[] = [];
  centres.forEach(([cx, cy], corner) => {
    for (let i = 0; i <= 4; i++) {
      const turn = (corner + i / 4) * (Math.PI / 2);
      points.push([cx + r * Math.cos(turn), cy + r * Math.sin(turn)]);
    }
  });
  return polygon(...points);
}

/** A chain of joints with round ends, its width changing evenly from joint to joint: legs, tails, trunks, poles. */
export function limb(...joints: readonly Joint[]): Polygon[] {
  const out: Polygon[] = [];
  joints.forEach(([x, y, r], i) => {
    out.push(ellipse(x, y, r, r));
    if (i === 0) return;
    const [px, py, pr] = joints[i - 1];
    const length = Math.hypot(x - px, y - py) || 1;
    const [nx, ny] = [-(y - py) / length, (x - px) / length];
    out.push(
      polygon(
        [px + nx * pr, py + ny * pr],
        [x + nx * r, y + ny * r],
        [x - nx * r, y - ny * r],
        [px - nx * pr, py - ny * pr],
      ),
    );
  });
  return out;
}

/** A closed smooth curve through the points (Catmull and Rom), `steps` pieces between two of them. */
export function smooth(points: readonly Point[], steps = 5): Polygon {
  const count = points.length;
  const out = new Float64Array(2 * count * steps);
  let at = 0;
  for (let i = 0; i < count; i++) {
    const [p0, p1, p2, p3] = [-1, 0, 1, 2].map((k) => points[(i + k + count) % count]);
    for (let step = 0; step < steps; step++) {
      const t = step / steps;
      for (const axis of [0, 1] as const) {
        const [a, b, c, d] = [p0[axis], p1[axis], p2[axis], p3[axis]];
        out[at++] = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
      }
    }
  }
  return out;
}

/** An ellipse with an uneven outline; `roughness` is the greatest relative change of its radius. */
export function blob(
  random: Random,
  x: number,
  y: number,
  rx: number,
  ry: number,
  roughness = 0.2,
  count = 11,
): Polygon {
  const points: Point[] = [];
  for (let i = 0; i < count; i++) {
    const turn = (2 * Math.PI * i) / count;
    const radius = 1 + random.between(-roughness, roughness);
    points.push([x + rx * radius * Math.cos(turn), y + ry * radius * Math.sin(turn)]);
  }
  return smooth(points, 3);
}

/** A ring: the outline runs around the outside and back around the inside. */
export function ring(x: number, y: number, radius: number, thickness: number): Polygon {
  const count = 28;
  const points: Point[] = [];
  for (const [r, direction] of [
    [radius, 1],
    [radius - thickness, -1],
  ]) {
    for (let i = 0; i <= count; i++) {
      const turn = (direction * 2 * Math.PI * i) / count;
      points.push([x + r * Math.cos(turn), y + r * Math.sin(turn)]);
    }
  }
  return polygon(...points);
}

/** The polygon moved to a place: mirrored or scaled first, then turned, then shifted. */
export function moved(
  shape: Polygon,
  {
    x = 0,
    y = 0,
    scale = 1,
    angle = 0,
    mirror = false,
  }: { x?: number; y?: number; scale?: number; angle?: number; mirror?: boolean },
): Polygon {
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const sign = mirror ? -1 : 1;
  return transformed(shape, [sign * cos, sign * sin, -sin, cos, x, y]);
}

export function transformed(shape: Polygon, [a, b, c, d, e, f]: Affine): Polygon {
  const out = new Float64Array(shape.length);
  for (let i = 0; i < shape.length; i += 2) {
    out[i] = a * shape[i] + c * shape[i + 1] + e;
    out[i + 1] = b * shape[i] + d * shape[i + 1] + f;
  }
  return out;
}

/** The map that undoes `affine`. */
export function inverse([a, b, c, d, e, f]: Affine): Affine {
  const determinant = a * d - b * c;
  const [ia, ib, ic, id] = [d / determinant, -b / determinant, -c / determinant, a / determinant];
  return [ia, ib, ic, id, -(ia * e + ic * f), -(ib * e + id * f)];
}

/** First `inner`, then `outer`. */
export function compose(outer: Affine, inner: Affine): Affine {
  const [a, b, c, d, e, f] = outer;
  const [p, q, r, s, t, u] = inner;
  return [a * p + c * q, b * p + d * q, a * r + c * s, b * r + d * s, a * t + c * u + e, b * t + d * u + f];
}

/** Smallest box around all polygons. */
export function boundsOf(shapes: readonly Polygon[]): { x0: number; y0: number; x1: number; y1: number } {
  const bounds = { x0: Infinity, y0: Infinity, x1: -Infinity, y1: -Infinity };
  for (const shape of shapes) {
    for (let i = 0; i < shape.length; i += 2) {
      bounds.x0 = Math.min(bounds.x0, shape[i]);
      bounds.x1 = Math.max(bounds.x1, shape[i]);
      bounds.y0 = Math.min(bounds.y0, shape[i + 1]);
      bounds.y1 = Math.max(bounds.y1, shape[i + 1]);
    }
  }
  return bounds;
}
