import type { Random } from "../../array/random.ts";
import { pickPaint, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, limb, type Point, polygon, roundBox } from "../geometry.ts";
import { cloth, mottled, planks } from "../material.ts";

/** A chair: wooden, in three-quarter view, or an armchair from the front; 0.85 to 1.1 metres tall. */
export function drawChair(random: Random): Figure {
  const soft = random.chance(0.4);
  if (soft) return drawArmchair(random);
  const paint = pickPaint(random, [
    "brown",
    "brown",
    "white",
    "black",
    "red",
    "green",
    "blue",
    "yellow",
    "grey",
    "orange",
  ]);
  const seed = random.integer(1 << 20);
  const wood = mottled(paint.rgb, { size: 0.2, amount: 0.18, stretch: 0.3, seed });
  const shade = mottled(scaled(paint.rgb, 0.66), { size: 0.2, amount: 0.18, seed });
  const cushion = random.chance(0.45)
    ? cloth(random, pickPaint(random))
    : mottled(scaled(vary(random, paint.rgb, 0.05), 1.08), { size: 0.2, amount: 0.15, seed });
  const [half, seat, back] = [random.between(0.2, 0.25), random.between(0.44, 0.5), random.between(0.88, 1.08)];
  const skew = random.between(0.08, 0.16);
  const rise = random.between(0.07, 0.12);
  const r = 0.022;
  const shapes: Shape[] = [];
  // Far legs and back, standing up and to the right of the near ones.
  for (const x of [-half, half]) {
    shapes.push(shape(limb([x + skew, rise, r], [x + skew, seat + rise, r]), shade, 0.3));
    shapes.push(shape(limb([x + skew, seat + rise, r], [x + skew * 1.4, back + rise, r]), wood, 0.3));
  }
  const rails = random.pick(["bars", "slats", "panel"] as const);
  const [x0, x1] = [-half + skew * 1.25, half + skew * 1.25];
  if (rails === "bars") {
    for (let i = 1; i <= 3; i++) {
      const x = x0 + ((x1 - x0) * i) / 4;
      shapes.push(shape(limb([x - 0.02, seat + rise, 0.013], [x, back + rise, 0.013]), wood, 0.2));
    }
    shapes.push(shape(limb([x0, back + rise, 0.035], [x1 + 0.02, back + rise, 0.035]), wood, 0.5));
  } else if (rails === "slats") {
    for (const y of [0.4, 0.68, 0.96]) {
      const level = seat + rise + (back - seat) * y;
      shapes.push(shape(limb([x0, level, 0.035], [x1, level, 0.035]), wood, 0.5));
    }
  } else shapes.push(shape(roundBox(x0 - 0.01, seat + rise + 0.12, x1 + 0.02, back + rise + 0.03, 0.06), cushion, 0.5));
  const top: Point[] = [
    [-half - 0.03, seat],
    [half + 0.03, seat],
    [half + skew + 0.03, seat + rise],
    [-half + skew - 0.03, seat + rise],
  ];
  shapes.push(shape(polygon(...top), cushion, 0.3));
  shapes.push(shape(box(-half - 0.03, seat - 0.045, half + 0.03, seat + 0.005), wood, 0.3));
  for (const x of [-half, half]) shapes.push(shape(limb([x, 0.02, r], [x, seat - 0.02, r * 1.15]), wood, 0.3));
  if (random.chance(0.5)) shapes.push(shape(limb([-half, seat * 0.45, 0.014], [half, seat * 0.45, 0.014]), wood, 0.2));
  return { shapes, traits: { color: paint.name, quality: paint.name === "brown" ? "wooden" : undefined } };
}

function drawArmchair(random: Random): Figure {
  const paint = pickPaint(random);
  const cover = cloth(random.fork("cover"), paint, 1.2);
  const dark = cloth(random.fork("cover"), { ...paint, rgb: scaled(paint.rgb, 0.8) }, 1.2);
  const half = random.between(0.4, 0.5);
  const back = random.between(0.85, 1);
  const feet = planks([0.3, 0.2, 0.13], { width: 0.05 });
  const shapes: Shape[] = [
    shape([box(-half + 0.03, 0, -half + 0.1, 0.12), box(half - 0.1, 0, half - 0.03, 0.12)], feet, 0),
    shape(roundBox(-half + 0.05, 0.25, half - 0.05, back, 0.16), cover, 0.8),
    shape(roundBox(-half + 0.08, 0.12, half - 0.08, 0.36, 0.04), dark, 0.4),
    shape(roundBox(-half + 0.1, 0.34, half - 0.1, 0.5, 0.08), cover, 1.1),
  ];
  for (const side of [-1, 1])
    shapes.push(shape(roundBox(side * half - 0.1, 0.1, side * half + 0.1, 0.62, 0.1), cover, 0.9));
  return { shapes, traits: { color: paint.name, noun: "armchair" } };
}
