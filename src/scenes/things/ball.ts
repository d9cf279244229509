import type { Random } from "../../array/random.ts";
import { pickPaint, type Rgb } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { ellipse } from "../geometry.ts";
import { type Material, patterned } from "../material.ts";

/** A ball on the ground, 0.3 to 0.5 metres across: plain, halved, in wedges, spotted like a football, or with bands. */
export function drawBall(random: Random): Figure {
  const paint = pickPaint(random, ["red", "orange", "yellow", "green", "blue", "white", "pink", "purple", "turquoise"]);
  const second: Rgb = random.chance(0.5) ? [0.95, 0.94, 0.92] : pickPaint(random).rgb;
  const r = random.between(0.14, 0.26);
  const turn = random.between(0, Math.PI);
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const along = (x: number, y: number) => (x * cos + (y - r) * sin) / r;
  const across = (x: number, y: number) => ((y - r) * cos - x * sin) / r;
  const patterns: Record<string, Material> = {
    plain: patterned(paint.rgb, paint.rgb, () => 0),
    banded: patterned(paint.rgb, second, (x, y) => (Math.abs(along(x, y)) < 0.28 ? 1 : 0)),
    wedged: patterned(
      paint.rgb,
      second,
      (x, y) => Math.floor(((Math.atan2(across(x, y) + 0.25, along(x, y)) + Math.PI) * 3) / Math.PI) & 1,
    ),
    spotted: patterned(second, paint.rgb, (x, y) => {
      const [u, v] = [along(x, y), across(x, y)];
      const bulge = 1 + 0.6 * (u * u + v * v);
      const [p, q] = [u * bulge * 1.3 + 0.5, v * bulge * 1.3 + 0.5];
      return Math.hypot(p - Math.floor(p) - 0.5, q - Math.floor(q) - 0.5) < 0.26 ? 1 : 0;
    }),
  };
  const kind = random.pick(Object.keys(patterns));
  const shapes: Shape[] = [
    shape(ellipse(0, r, r, r), patterns[kind], 1.7),
    shape(
      ellipse(-0.32 * r, r * 1.4, 0.2 * r, 0.13 * r, 0.6),
      patterned([1, 1, 0.98], paint.rgb, () => 0.25),
      0,
    ),
  ];
  const color = kind === "spotted" && second[0] > 0.9 ? "white" : paint.name;
  return { shapes, traits: { color, quality: kind === "banded" ? "striped" : undefined } };
}
