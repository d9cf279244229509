import type { Random } from "../../array/random.ts";
import { pickPaint, type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, limb, moved, type Polygon, polygon, smooth } from "../geometry.ts";
import { cloth, mottled, plain } from "../material.ts";

/** A plant in a pot: broad leaves, a fan of long ones, a cactus, or flowers; 0.3 to 0.9 metres tall at `size` 1. */
export function drawPlant(random: Random, size = 1): Figure {
  const paint = pickPaint(random, [
    "brown",
    "white",
    "grey",
    "blue",
    "red",
    "yellow",
    "black",
    "turquoise",
    "orange",
    "pink",
  ]);
  const pot = random.chance(0.6) ? mottled(paint.rgb, { size: 0.1, amount: 0.1 }) : cloth(random, paint, 0.5);
  const s = size * random.between(0.85, 1.2);
  const green = vary(
    random,
    random.pick<Rgb>([
      [0.2, 0.42, 0.18],
      [0.3, 0.5, 0.2],
      [0.16, 0.34, 0.22],
      [0.42, 0.5, 0.25],
    ]),
    0.14,
  );
  const leaf = mottled(green, { size: 0.05, amount: 0.25, seed: random.integer(1 << 20) });
  const dark = mottled(scaled(green, 0.66), { size: 0.05, amount: 0.25, seed: random.integer(1 << 20) });
  const kind = random.pick(["leafy", "fan", "cactus", "flowers"] as const);
  const [rim, height] = [random.between(0.1, 0.14) * s, random.between(0.15, 0.24) * s];
  const shapes: Shape[] = [];
  const blade = (length: number, width: number): Polygon =>
    smooth(
      [
        [0, 0],
        [width, length * 0.45],
        [width * 0.5, length * 0.82],
        [0, length],
        [-width * 0.5, length * 0.82],
        [-width, length * 0.45],
      ],
      3,
    );

  if (kind === "cactus") {
    const tall = random.between(0.22, 0.36) * s;
    const r = 0.055 * s;
    shapes.push(shape(limb([0, height, r], [0, height + tall, r]), leaf, 0.9));
    const arm = height + tall * random.between(0.35, 0.55);
    shapes.push(
      shape(
        limb([0, arm, r * 0.55], [r * 2.4, arm + 0.01, r * 0.55], [r * 2.5, arm + tall * 0.4, r * 0.55]),
        leaf,
        0.8,
      ),
    );
    if (random.chance(0.5))
      shapes.push(
        shape(
          limb(
            [0, arm - 0.05 * s, r * 0.5],
            [-r * 2.2, arm - 0.04 * s, r * 0.5],
            [-r * 2.3, arm + tall * 0.25, r * 0.5],
          ),
          leaf,
          0.8,
        ),
      );
    if (random.chance(0.5))
      shapes.push(shape(ellipse(0, height + tall + r, r * 0.6, r * 0.5), plain([0.9, 0.4, 0.55]), 0.6));
  } else {
    const count = kind === "fan" ? 9 + random.integer(5) : 8 + random.integer(4);
    const reach = kind === "fan" ? random.between(0.3, 0.5) * s : random.between(0.2, 0.34) * s;
    for (let i = 0; i < count; i++) {
      const spread = kind === "fan" ? 1.25 : 1.05;
      const angle = spread * (2 * ((i * 0.618) % 1) - 1) + random.between(-0.12, 0.12);
      const length = reach * random.between(0.75, 1.15);
      const material = i < count / 2 ? dark : leaf;
      if (kind === "fan") shapes.push(shape(moved(blade(length, 0.024 * s), { y: height, angle }), material, 0.5));
      else {
        const [x, y] = [-Math.sin(angle) * length, height + Math.cos(angle) * length];
        shapes.push(shape(limb([0, height, 0.008 * s], [x, y, 0.006 * s]), dark, 0));
        if (kind === "leafy")
          shapes.push(
            shape(
              moved(blade(0.17 * s, 0.06 * s), { x: x * 0.75, y: height + (y - height) * 0.72, angle: angle * 1.25 }),
              material,
              0.6,
            ),
          );
        else {
          shapes.push(
            shape(
              moved(blade(0.1 * s, 0.02 * s), { x: x * 0.4, y: height + (y - height) * 0.4, angle: angle * 1.9 }),
              material,
              0.4,
            ),
          );
        }
      }
    }
    if (kind === "flowers") {
      const petal = plain(
        vary(
          random,
          random.pick<Rgb>([
            [0.88, 0.25, 0.3],
            [0.95, 0.8, 0.25],
            [0.9, 0.5, 0.7],
            [0.93, 0.92, 0.9],
            [0.55, 0.35, 0.75],
            [0.95, 0.55, 0.2],
          ]),
          0.08,
        ),
      );
      const heart = plain([0.85, 0.65, 0.15]);
      for (let i = 0; i < count; i++) {
        const angle = 1.05 * (2 * ((i * 0.618) % 1) - 1);
        const length = reach * random.between(0.8, 1.15);
        const [x, y, r] = [
          -Math.sin(angle) * length,
          height + Math.cos(angle) * length,
          0.035 * s * random.between(0.85, 1.3),
        ];
        const petals = Array.from({ length: 5 }, (_, k) =>
          ellipse(x + r * 0.75 * Math.cos(k * 1.2566), y + r * 0.75 * Math.sin(k * 1.2566), r * 0.62, r * 0.62),
        );
        shapes.push(shape(petals, petal, 0.6), shape(ellipse(x, y, r * 0.42, r * 0.42), heart, 0.4));
      }
    }
  }
  const foot = rim * random.between(0.6, 0.95);
  shapes.push(shape(polygon([-rim, height], [rim, height], [foot, 0], [-foot, 0]), pot, 0.9));
  if (random.chance(0.6))
    shapes.push(shape(box(-rim * 1.12, height - 0.045 * s, rim * 1.12, height + 0.005), pot, 0.9));
  const noun = kind === "cactus" ? "cactus" : undefined;
  return {
    shapes,
    traits: { noun, quality: kind === "flowers" ? "flowering" : kind === "leafy" ? "leafy" : undefined },
  };
}
