import type { Random } from "../../array/random.ts";
import { pickPaint, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, polygon, roundBox, smooth } from "../geometry.ts";
import { cloth, mottled, planks } from "../material.ts";

/** A bed from its long side, head at the left; 2 metres long, with a pillow and a cover. */
export function drawBed(random: Random): Figure {
  const paint = pickPaint(random);
  const seed = random.integer(1 << 20);
  const wood = planks(
    vary(
      random,
      random.pick([
        [0.42, 0.28, 0.18],
        [0.7, 0.55, 0.38],
        [0.85, 0.84, 0.8],
        [0.22, 0.18, 0.17],
      ] as const),
      0.1,
    ),
    { width: 0.1, upright: false, seed },
  );
  const cover = cloth(random.fork("cover"), paint, 2);
  const side = cloth(random.fork("cover"), { ...paint, rgb: scaled(paint.rgb, 0.78) }, 2);
  const sheet = mottled([0.9, 0.89, 0.87], { size: 0.2, amount: 0.1, seed });
  const half = random.between(1, 1.1);
  const [top, depth] = [random.between(0.46, 0.58), random.between(0.26, 0.42)];
  const headboard = random.between(0.85, 1.15);
  const shapes: Shape[] = [
    shape(roundBox(-half - 0.08, 0, -half + 0.1, headboard + depth * 0.5, 0.07), wood, 0.3),
    shape([box(-half, 0, -half + 0.08, 0.2), box(half - 0.08, 0, half, 0.3)], wood, 0.2),
    shape(box(-half, 0.14, half, 0.34), wood, 0.2),
    shape(roundBox(-half, 0.26, half, top, 0.06), sheet, 0.4),
    shape(
      polygon([-half, top - 0.02], [half, top - 0.02], [half + 0.06, top + depth], [-half + 0.1, top + depth]),
      sheet,
      0.4,
    ),
  ];
  const fold = -half * random.between(0.25, 0.5);
  const hem = random.between(0.16, 0.26);
  const wave = random.between(0.01, 0.04);
  shapes.push(
    shape(
      polygon([fold, top], [half + 0.02, top], [half + 0.08, top + depth + 0.02], [fold + 0.08, top + depth + 0.02]),
      cover,
      0.6,
    ),
  );
  shapes.push(
    shape(
      polygon(
        [fold, top],
        [half + 0.02, top],
        [half + 0.02, hem],
        [half * 0.5, hem + wave],
        [0, hem - wave],
        [fold, hem + wave],
      ),
      side,
      0.5,
    ),
  );
  const pillow = random.chance(0.5) ? sheet : cloth(random, pickPaint(random), 1.4);
  const pillows = 1 + random.integer(2);
  for (let i = pillows - 1; i >= 0; i--) {
    const [x, y] = [-half + 0.36 + i * 0.05, top + 0.1 + i * depth * 0.5];
    shapes.push(
      shape(
        smooth([
          [x - 0.24, y - 0.06],
          [x - 0.26, y + 0.1],
          [x, y + 0.15],
          [x + 0.27, y + 0.09],
          [x + 0.25, y - 0.06],
          [x, y - 0.09],
        ]),
        pillow,
        1,
      ),
    );
  }
  shapes.push(shape([box(half - 0.02, 0, half + 0.06, 0.62), ellipse(half + 0.02, 0.64, 0.06, 0.05)], wood, 0.3));
  return {
    shapes,
    traits: { color: paint.name, wearing: "cover" },
    surface: { x0: fold + 0.25, x1: half - 0.3, y: top + depth * 0.4, depth: depth * 0.5 },
  };
}
