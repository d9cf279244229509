import type { Random } from "../../array/random.ts";
import { type ColorName, mix, namedColors, type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, type Point, polygon } from "../geometry.ts";
import { bricks, gradient, type Material, mottled, planks } from "../material.ts";

export interface HouseOptions {
  /** Snow on the roof. */
  readonly snow?: boolean;
  /** Built for a street: higher, with a flat front. */
  readonly town?: boolean;
}

/** A house from the front: gabled, hipped or flat, of one to four floors; the gable side and roof slope in view. */
export function drawHouse(random: Random, { snow = false, town = false }: HouseOptions = {}): Figure {
  const name = random.pick<ColorName>([
    "white",
    "beige",
    "red",
    "yellow",
    "grey",
    "brown",
    "blue",
    "pink",
    "orange",
    "green",
  ]);
  const rgb = vary(random, mix(namedColors[name], [0.75, 0.73, 0.7], random.between(0.1, 0.4)), 0.08);
  const seed = random.integer(1 << 20);
  const walls: Material = random.pick([
    () => mottled(rgb, { size: 0.8, amount: 0.1, octaves: 3, seed }),
    () => bricks(rgb, mix(rgb, [0.8, 0.78, 0.74], 0.6), { width: 0.5, height: 0.2, gap: 0.12, seed }),
    () => planks(rgb, { width: 0.28, upright: random.chance(0.4), contrast: 0.12, seed }),
  ])();
  const floors = town ? 2 + random.integer(3) : 1 + random.integer(2);
  const floor = random.between(2.5, 2.9);
  const eaves = floors * floor + 0.2;
  const half = town ? random.between(2.6, 4.6) : random.between(2.6, 4.4);
  const roofColor = vary(
    random,
    random.pick<Rgb>([
      [0.55, 0.24, 0.18],
      [0.34, 0.28, 0.27],
      [0.42, 0.42, 0.45],
      [0.48, 0.34, 0.24],
      [0.3, 0.36, 0.34],
    ]),
    0.12,
  );
  const tiles = snow
    ? mottled([0.9, 0.92, 0.96], { size: 0.7, amount: 0.1, seed })
    : bricks(roofColor, scaled(roofColor, 0.7), { width: 0.34, height: 0.26, gap: 0.16, seed });
  const roof = random.pick(
    town ? (["slope", "slope", "gable", "flat"] as const) : (["gable", "slope", "slope"] as const),
  );
  const rise = random.between(1.2, 2.4) * (roof === "flat" ? 0 : 1);
  const wallBounds = { x0: -half, x1: half, y0: 0, y1: eaves + rise };
  const shapes: Shape[] = [];
  if (random.chance(0.6) && roof !== "flat") {
    const x = random.between(-0.6, 0.6) * half;
    shapes.push(
      shape(
        box(x - 0.3, eaves, x + 0.3, eaves + rise + 0.5),
        bricks([0.5, 0.32, 0.26], [0.7, 0.66, 0.6], { width: 0.3, height: 0.14 }),
        0.4,
      ),
    );
  }
  shapes.push(shape(box(-half, 0, half, eaves), walls, 0.35, wallBounds));
  const over = 0.35;
  if (roof === "gable") {
    shapes.push(shape(polygon([-half, eaves], [0, eaves + rise], [half, eaves]), walls, 0.35, wallBounds));
    const slab: Point[] = [
      [-half - over, eaves - 0.25],
      [-half - over, eaves],
      [0, eaves + rise + 0.3],
      [half + over, eaves],
      [half + over, eaves - 0.25],
      [0, eaves + rise],
    ];
    shapes.push(shape(polygon(...slab), tiles, 0.3));
    if (random.chance(0.5))
      shapes.push(
        shape(
          ellipse(0, eaves + rise * 0.4, 0.38, 0.38),
          gradient([0.15, 0.18, 0.22], [0.45, 0.55, 0.62], eaves, eaves + rise),
          0,
        ),
      );
  } else if (roof === "slope") {
    const inset = random.between(0, 0.9);
    shapes.push(
      shape(
        polygon(
          [-half - over, eaves - 0.12],
          [-half + inset, eaves + rise],
          [half - inset, eaves + rise],
          [half + over, eaves - 0.12],
        ),
        tiles,
        0.5,
      ),
    );
  } else shapes.push(shape(box(-half - 0.12, eaves - 0.1, half + 0.12, eaves + 0.25), mottled(scaled(rgb, 0.75)), 0.2));

  const lit = random.chance(0.2);
  const frame = mottled(random.chance(0.7) ? [0.93, 0.92, 0.9] : scaled(rgb, 0.5), { amount: 0.05 });
  const shutter = random.chance(0.35)
    ? mottled(
        vary(
          random,
          random.pick<Rgb>([
            [0.2, 0.36, 0.3],
            [0.35, 0.2, 0.16],
            [0.25, 0.35, 0.5],
          ]),
          0.1,
        ),
      )
    : undefined;
  const columns = Math.max(2, Math.round((2 * half) / random.between(1.8, 2.5)));
  const doorColumn = random.integer(columns);
  const pitch = (2 * half) / columns;
  for (let level = 0; level < floors; level++) {
    for (let column = 0; column < columns; column++) {
      const x = -half + (column + 0.5) * pitch;
      const base = level * floor;
      if (level === 0 && column === doorColumn) {
        const door = planks(
          vary(
            random,
            random.pick<Rgb>([
              [0.4, 0.24, 0.14],
              [0.2, 0.3, 0.42],
              [0.5, 0.14, 0.12],
              [0.85, 0.84, 0.8],
            ]),
            0.1,
          ),
          { width: 0.2 },
        );
        shapes.push(shape(box(x - 0.58, 0, x + 0.58, 2.18), frame, 0));
        shapes.push(shape(box(x - 0.46, 0, x + 0.46, 2.06), door, 0.1));
        continue;
      }
      const warm = lit && random.chance(0.5);
      const pane = warm
        ? gradient([0.95, 0.75, 0.4], [0.98, 0.88, 0.6], base, base + 2)
        : gradient([0.16, 0.2, 0.25], [0.5, 0.6, 0.68], base + 0.9, base + 2.3);
      const [w, low, high] = [Math.min(0.5, pitch * 0.3), base + 0.95, base + 2.15];
      if (shutter !== undefined)
        shapes.push(shape([box(x - w - 0.42, low, x - w, high), box(x + w, low, x + w + 0.42, high)], shutter, 0.1));
      shapes.push(shape(box(x - w - 0.09, low - 0.1, x + w + 0.09, high + 0.09), frame, 0));
      shapes.push(shape([box(x - w, low, x - 0.04, high), box(x + 0.04, low, x + w, high)], pane, 0));
    }
  }
  return { shapes, traits: { color: name, quality: town && floors > 2 ? "tall" : undefined } };
}
