import type { Random } from "../../array/random.ts";
import { pickPaint, type Rgb, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, limb, type Point, polygon, smooth } from "../geometry.ts";
import { gradient, mottled, plain, striped } from "../material.ts";

/** A boat on the water: sailing boat, rowing boat, motor boat or ship's cutter; 3 to 7 metres long. */
export function drawBoat(random: Random): Figure {
  const paint = pickPaint(random, ["white", "red", "blue", "green", "brown", "black", "yellow", "turquoise", "orange"]);
  const kind = random.pick(["sailing", "sailing", "rowing", "motor", "fishing"] as const);
  const half = kind === "rowing" ? random.between(1.5, 2) : random.between(2.2, 3.2);
  const deck = kind === "rowing" ? 0.5 : kind === "fishing" ? 1 : 0.75;
  const hull = mottled(paint.rgb, { size: 0.5, amount: 0.1, stretch: 4, seed: random.integer(1 << 20) });
  const wood = mottled(vary(random, [0.5, 0.34, 0.2], 0.12), { size: 0.2, amount: 0.2, stretch: 4 });
  const white = plain([0.93, 0.93, 0.91]);
  const shapes: Shape[] = [];
  if (kind === "sailing") {
    const mast = random.between(4.2, 6);
    const sailColor = random.chance(0.7) ? ([0.95, 0.94, 0.9] as Rgb) : pickPaint(random).rgb;
    const sail = random.chance(0.3)
      ? striped(sailColor, pickPaint(random).rgb, { period: 1, angle: Math.PI / 2, share: 0.3 })
      : mottled(sailColor, { size: 1, amount: 0.08 });
    const belly = random.between(0.1, 0.45);
    shapes.push(shape(limb([0.1, deck, 0.06], [0.1, mast, 0.04]), wood, 0.3));
    shapes.push(
      shape(
        smooth(
          [
            [0.02, mast * 0.97],
            [-0.05, mast * 0.5],
            [0, deck + 0.35],
            [-half * 0.45, deck + 0.3],
            [-half * 0.88, deck + 0.4],
            [-half * 0.42 - belly, mast * 0.5],
          ],
          4,
        ),
        sail,
        0.6,
      ),
    );
    shapes.push(
      shape(
        polygon(
          [0.2, mast * 0.9],
          [half * 0.92, deck + 0.25],
          [half * 0.3 + belly * 0.4, deck + 0.35],
          [0.22, deck + 0.3],
        ),
        sail,
        0.4,
      ),
    );
  } else if (kind === "rowing") {
    shapes.push(shape(limb([-0.1, deck, 0.04], [half * 0.5, -0.05, 0.04], [half * 0.56, -0.12, 0.09]), wood, 0.2));
  } else {
    const cabin = kind === "fishing" ? 1.5 : 0.7;
    const from = kind === "fishing" ? -half * 0.1 : -half * 0.35;
    const to = half * 0.35;
    const lean = kind === "motor" ? 0.5 : 0.1;
    shapes.push(
      shape(polygon([from, deck - 0.1], [from, deck + cabin], [to - lean, deck + cabin], [to, deck - 0.1]), white, 0.5),
    );
    const glass = gradient([0.16, 0.22, 0.28], [0.5, 0.62, 0.7], deck, deck + cabin);
    for (let x = from + 0.15; x < to - lean - 0.35; x += 0.62)
      shapes.push(shape(box(x, deck + cabin * 0.45, x + 0.45, deck + cabin * 0.85), glass, 0));
    if (kind === "fishing") {
      shapes.push(shape(limb([-half * 0.4, deck, 0.06], [-half * 0.35, deck + 2.6, 0.04]), wood, 0.2));
      shapes.push(shape(limb([-half * 0.37, deck + 2.2, 0.03], [-half * 0.85, deck + 1.2, 0.03]), wood, 0.2));
      shapes.push(
        shape(box(from + 0.2, deck + cabin, from + 0.55, deck + cabin + 0.6), plain(pickPaint(random).rgb), 0.5),
      );
    }
  }
  const bow: Point[] = [
    [-half * 0.92, 0],
    [-half, deck * 0.9],
    [-half * 0.3, deck * 0.78],
    [half * 0.5, deck * 0.88],
    [half * 1.06, deck * 1.25],
    [half * 0.8, 0],
  ];
  shapes.push(shape(polygon(...bow), hull, 0.9));
  shapes.push(
    shape(
      polygon(
        [-half * 0.995, deck * 0.9],
        [-half * 0.3, deck * 0.78],
        [half * 0.5, deck * 0.88],
        [half * 1.06, deck * 1.25],
        [half * 1.03, deck * 1.08],
        [half * 0.5, deck * 0.72],
        [-half * 0.3, deck * 0.62],
        [-half * 0.985, deck * 0.74],
      ),
      kind === "rowing" ? wood : white,
      0.2,
    ),
  );
  shapes.push(
    shape(
      polygon([-half * 0.92, 0], [-half * 0.935, deck * 0.16], [half * 0.86, deck * 0.2], [half * 0.8, 0]),
      plain([0.25, 0.2, 0.2]),
      0.2,
    ),
  );
  if (kind === "motor") shapes.push(shape(ellipse(-half * 0.98, deck * 0.5, 0.2, 0.35), plain([0.2, 0.2, 0.22]), 0.5));
  const noun =
    kind === "sailing"
      ? "sailing boat"
      : kind === "rowing"
        ? "rowing boat"
        : kind === "fishing"
          ? "fishing boat"
          : "motor boat";
  return { shapes, traits: { color: paint.name, noun } };
}
