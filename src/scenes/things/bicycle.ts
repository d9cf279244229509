import type { Random } from "../../array/random.ts";
import { pickPaint } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { ellipse, limb, type Point, type Polygon, polygon, ring } from "../geometry.ts";
import { plain } from "../material.ts";

/** A bicycle on its stand, from the side; 1.7 metres long. */
export function drawBicycle(random: Random): Figure {
  const paint = pickPaint(random, ["red", "blue", "black", "green", "white", "yellow", "orange", "pink", "turquoise"]);
  const s = random.between(0.95, 1.15);
  const r = 0.34 * s;
  const tyre = plain([0.12, 0.12, 0.13]);
  const metal = plain([0.62, 0.63, 0.65]);
  const frame = plain(paint.rgb);
  const [back, front]: Point[] = [
    [-0.52 * s, r],
    [0.54 * s, r],
  ];
  const crank: Point = [-0.05 * s, 0.32 * s];
  const seat: Point = [-0.2 * s, 0.78 * s];
  const head: Point = [0.36 * s, 0.82 * s];
  const tube = (from: Point, to: Point, thick = 0.032): Polygon[] =>
    limb([from[0], from[1], thick * s], [to[0], to[1], thick * s]);
  const shapes: Shape[] = [];
  for (const [x, y] of [back, front]) {
    const spokes: Polygon[] = [];
    for (let i = 0; i < 8; i++) {
      const turn = (Math.PI * i) / 8;
      const [dx, dy] = [r * 0.9 * Math.cos(turn), r * 0.9 * Math.sin(turn)];
      const [wx, wy] = [-Math.sin(turn) * 0.006, Math.cos(turn) * 0.006];
      spokes.push(
        polygon(
          [x - dx + wx, y - dy + wy],
          [x + dx + wx, y + dy + wy],
          [x + dx - wx, y + dy - wy],
          [x - dx - wx, y - dy - wy],
        ),
      );
    }
    shapes.push(shape(spokes, metal, 0));
    shapes.push(shape(ring(x, y, r, 0.055 * s), tyre, 0.2));
    shapes.push(shape(ellipse(x, y, 0.035, 0.035), metal, 0.5));
  }
  const low = random.chance(0.35);
  const bridge: Point = low ? [-0.12 * s, 0.5 * s] : [-0.17 * s, 0.7 * s];
  shapes.push(
    shape(
      [
        ...tube(back, crank),
        ...tube(back, bridge, 0.024),
        ...tube(crank, seat),
        ...tube(crank, [head[0], head[1] - 0.12 * s]),
        ...tube(bridge, [head[0], head[1] - 0.05 * s]),
      ],
      frame,
      0.3,
    ),
  );
  shapes.push(shape(tube([head[0] - 0.02, head[1] + 0.06 * s], front), frame, 0.3));
  shapes.push(
    shape(
      limb([seat[0] - 0.13 * s, seat[1] + 0.05 * s, 0.045 * s], [seat[0] + 0.1 * s, seat[1] + 0.04 * s, 0.025 * s]),
      tyre,
      0.4,
    ),
  );
  const bar: Point = [head[0] - 0.02 * s, head[1] + 0.12 * s];
  shapes.push(
    shape(
      [
        ...tube([head[0], head[1] + 0.03 * s], bar, 0.025),
        ...limb(
          [bar[0], bar[1], 0.025 * s],
          [bar[0] + 0.12 * s, bar[1] + 0.03 * s, 0.025 * s],
          [bar[0] + random.between(-0.05, 0.18) * s, bar[1] - 0.06 * s, 0.028 * s],
        ),
      ],
      metal,
      0.3,
    ),
  );
  shapes.push(shape(ring(crank[0], crank[1], 0.1 * s, 0.03 * s), metal, 0.3));
  const turn = random.between(0, Math.PI);
  shapes.push(
    shape(
      limb(
        [crank[0] - 0.16 * s * Math.cos(turn), crank[1] - 0.16 * s * Math.sin(turn), 0.02],
        [crank[0] + 0.16 * s * Math.cos(turn), crank[1] + 0.16 * s * Math.sin(turn), 0.02],
      ),
      tyre,
      0,
    ),
  );
  if (random.chance(0.35)) {
    const basket = plain([0.62, 0.48, 0.3]);
    shapes.push(
      shape(
        polygon(
          [bar[0] + 0.05 * s, bar[1] - 0.02],
          [bar[0] + 0.33 * s, bar[1] - 0.02],
          [bar[0] + 0.28 * s, bar[1] - 0.22 * s],
          [bar[0] + 0.1 * s, bar[1] - 0.22 * s],
        ),
        basket,
        0.6,
      ),
    );
  }
  return { shapes, traits: { color: paint.name } };
}
