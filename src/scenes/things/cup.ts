import type { Random } from "../../array/random.ts";
import { mix, pickPaint, type Rgb, scaled } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { ellipse, limb, type Point, polygon, ring, smooth } from "../geometry.ts";
import { cloth, mottled, plain, striped } from "../material.ts";

/** A cup: mug, tea cup with saucer, or beaker; a tenth of a metre tall at `size` 1. */
export function drawCup(random: Random, size = 1): Figure {
  const paint = pickPaint(random);
  const s = size * random.between(0.9, 1.2);
  const seed = random.integer(1 << 20);
  const glaze = random.pick([
    () => mottled(paint.rgb, { size: 0.08 * s, amount: 0.06, seed }),
    () => mottled(paint.rgb, { size: 0.08 * s, amount: 0.06, seed }),
    () =>
      striped(paint.rgb, mix(paint.rgb, paint.name === "white" ? [0.2, 0.3, 0.6] : [0.95, 0.94, 0.9], 0.8), {
        period: random.between(0.03, 0.05) * s,
        angle: Math.PI / 2,
        share: 0.35,
        seed,
      }),
    () => cloth(random, paint, 0.25 * s),
  ])();
  const inside = plain(scaled(mix(paint.rgb, [0.9, 0.88, 0.84], 0.3), 0.62));
  const drink = plain(
    random.pick<Rgb>([
      [0.25, 0.14, 0.08],
      [0.5, 0.26, 0.08],
      [0.8, 0.68, 0.5],
    ]),
  );
  const kind = random.pick(["mug", "mug", "tea", "beaker"] as const);
  const top = (kind === "tea" ? 0.065 : 0.045) * s;
  const height = (kind === "tea" ? 0.07 : kind === "mug" ? 0.105 : 0.12) * s;
  const foot = kind === "tea" ? 0.026 * s : top * random.between(0.72, 1);
  const tilt = 0.26;
  const shapes: Shape[] = [];
  if (kind === "tea" && random.chance(0.75)) {
    const plate = mottled(scaled(paint.rgb, 0.95), { size: 0.1 * s, amount: 0.05, seed });
    shapes.push(shape(ellipse(0, 0.004 * s, 0.1 * s, 0.026 * s), plain(scaled(paint.rgb, 0.6)), 0));
    shapes.push(shape(ellipse(0, 0.01 * s, 0.1 * s, 0.026 * s), plate, 0.5));
  }
  const left = random.chance(0.5) ? -1 : 1;
  if (kind !== "beaker") {
    const r = height * 0.32;
    shapes.push(shape(ring(left * (top + r * 0.35), height * 0.56, r, r * 0.34), glaze, 0.5));
  }
  const body: Point[] = [
    [-top, height],
    [-top * (kind === "tea" ? 0.85 : 1), height * 0.5],
    [-foot, 0.006 * s],
    [0, -foot * tilt * 0.7],
    [foot, 0.006 * s],
    [top * (kind === "tea" ? 0.85 : 1), height * 0.5],
    [top, height],
  ];
  const outline = kind === "tea" ? smooth(body, 4) : polygon(...body);
  shapes.push(
    shape(
      kind === "tea"
        ? [outline, polygon([-top, height], [top, height], [top * 0.8, height * 0.6], [-top * 0.8, height * 0.6])]
        : outline,
      glaze,
      1,
    ),
  );
  shapes.push(shape(ellipse(0, height, top, top * tilt), glaze, 0.3));
  shapes.push(shape(ellipse(0, height, top * 0.88, top * tilt * 0.82), inside, 0));
  if (random.chance(0.7))
    shapes.push(shape(ellipse(0, height - top * tilt * 0.25, top * 0.8, top * tilt * 0.55), drink, 0));
  if (random.chance(0.2))
    shapes.push(
      shape(
        limb([0, height, 0.004 * s], [left * -0.03 * s, height + 0.07 * s, 0.004 * s]),
        plain([0.75, 0.75, 0.75]),
        0,
      ),
    );
  return {
    shapes,
    traits: { color: paint.name, noun: kind === "mug" ? "mug" : kind === "tea" ? "teacup" : undefined },
  };
}
