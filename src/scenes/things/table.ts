import type { Random } from "../../array/random.ts";
import { pickPaint, scaled } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, limb, polygon } from "../geometry.ts";
import { cloth, mottled, planks } from "../material.ts";

/** A table with room on it: four legs or one, round or square, perhaps with a cloth; 0.45 to 0.8 metres high. */
export function drawTable(random: Random): Figure {
  const paint = pickPaint(random, ["brown", "brown", "brown", "white", "black", "beige", "grey", "green"]);
  const seed = random.integer(1 << 20);
  const low = random.chance(0.25);
  const height = low ? random.between(0.42, 0.5) : random.between(0.7, 0.8);
  const half = random.between(0.5, 0.85);
  const depth = random.between(0.16, 0.24);
  const wood = planks(paint.rgb, { width: 0.16, upright: false, contrast: 0.2, seed });
  const side = mottled(scaled(paint.rgb, 0.72), { size: 0.3, amount: 0.15, stretch: 5, seed });
  const far = mottled(scaled(paint.rgb, 0.5), { size: 0.3, amount: 0.1, seed });
  const round = random.chance(0.3);
  const shapes: Shape[] = [];
  if (round) {
    shapes.push(shape(limb([0, height, 0.05], [0, 0.1, 0.05]), side, 0.6));
    shapes.push(
      shape(
        [
          ...limb([0, 0.12, 0.04], [-0.3, 0.02, 0.03]),
          ...limb([0, 0.12, 0.04], [0.3, 0.02, 0.03]),
          ...limb([0, 0.12, 0.04], [0.05, -0.04, 0.03]),
        ],
        side,
        0.3,
      ),
    );
    shapes.push(shape(ellipse(0, height - 0.03, half, depth / 2 + 0.01), side, 0.3));
    shapes.push(
      shape(ellipse(0, height, half, depth / 2), random.chance(0.3) ? cloth(random, pickPaint(random)) : wood, 0.4),
    );
  } else {
    const leg = random.between(0.028, 0.045);
    const [left, right] = [-half + 0.08, half - 0.08];
    for (const x of [left + 0.05, right - 0.05])
      shapes.push(shape(box(x - leg * 0.8, depth * 0.75, x + leg * 0.8, height), far, 0.2));
    for (const x of [left, right]) shapes.push(shape(limb([x, 0.01, leg * 0.8], [x, height - 0.1, leg]), side, 0.4));
    shapes.push(shape(box(-half + 0.05, height - depth * 0.5 - 0.15, half - 0.05, height - depth * 0.5), side, 0.1));
    const covered = random.chance(0.3);
    const top = covered ? cloth(random, pickPaint(random), 1.5) : wood;
    shapes.push(
      shape(
        polygon(
          [-half, height - depth * 0.5],
          [half, height - depth * 0.5],
          [half - 0.1, height + depth * 0.5],
          [-half + 0.1, height + depth * 0.5],
        ),
        top,
        0.3,
      ),
    );
    const drop = covered ? random.between(0.12, 0.25) : 0.05;
    shapes.push(shape(box(-half, height - depth * 0.5 - drop, half, height - depth * 0.5), covered ? top : side, 0.2));
  }
  return {
    shapes,
    traits: { color: paint.name, quality: paint.name === "brown" ? "wooden" : low ? "low" : undefined },
    surface: { x0: -half + 0.16, x1: half - 0.16, y: height, depth: round ? depth * 0.4 : depth * 0.8 },
  };
}
