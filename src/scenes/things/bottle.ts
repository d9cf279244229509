import type { Random } from "../../array/random.ts";
import { type ColorName, mix, pickPaint, type Rgb, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, type Point, roundBox, smooth } from "../geometry.ts";
import { cloth, gradient, plain } from "../material.ts";

const glasses: readonly { name: ColorName; rgb: Rgb }[] = [
  { name: "green", rgb: [0.14, 0.34, 0.2] },
  { name: "brown", rgb: [0.38, 0.2, 0.09] },
  { name: "blue", rgb: [0.2, 0.38, 0.62] },
  { name: "white", rgb: [0.88, 0.88, 0.85] },
  { name: "red", rgb: [0.55, 0.1, 0.12] },
  { name: "yellow", rgb: [0.82, 0.7, 0.3] },
];

/** A bottle: slender, round-bellied, square, or a milk bottle; a third of a metre tall at `size` 1. */
export function drawBottle(random: Random, size = 1): Figure {
  const glass = random.pick(glasses);
  const rgb = vary(random, glass.rgb, 0.12);
  const s = size * random.between(0.85, 1.15);
  const kind = random.pick(["wine", "belly", "square", "milk"] as const);
  const height = (kind === "wine" ? 0.31 : kind === "milk" ? 0.23 : 0.25) * s;
  const half = (kind === "wine" ? 0.038 : kind === "belly" ? 0.065 : 0.045) * s;
  const neck = (kind === "milk" ? 0.026 : 0.014) * s;
  const shoulder = kind === "belly" ? 0.4 : 0.62;
  const profile: Point[] =
    kind === "square"
      ? [
          [half, 0],
          [half, height * 0.6],
          [neck, height * 0.72],
          [neck, height],
        ]
      : [
          [half * 0.92, 0],
          [half, height * 0.15],
          [half, height * shoulder * 0.9],
          [neck * 1.4, height * (shoulder + 0.14)],
          [neck, height * 0.9],
          [neck, height],
        ];
  const outline = smooth([...profile, ...profile.map(([x, y]): Point => [-x, y]).reverse()], 4);
  const body = gradient(rgb, mix(rgb, [0.95, 0.97, 0.95], 0.28), 0, height);
  const shapes: Shape[] = [shape(ellipse(0, 0.004 * s, half * 0.9, half * 0.2), body, 0.5), shape(outline, body, 1.1)];
  if (random.chance(0.7)) {
    const label = pickPaint(random);
    const [low, high] = [height * 0.14, height * (shoulder - 0.16)];
    shapes.push(
      shape(box(-half * 0.99, low, half * 0.99, Math.max(high, low + 0.05 * s)), cloth(random, label, 0.25 * s), 0.9),
    );
    shapes.push(
      shape(
        roundBox(-half * 0.6, low + 0.012 * s, half * 0.6, low + 0.03 * s, 0.01),
        plain(mix(label.rgb, [0.1, 0.1, 0.1], 0.7)),
        0.3,
      ),
    );
  }
  shapes.push(
    shape(
      roundBox(-half * 0.75, height * 0.2, -half * 0.55, height * shoulder * 0.95, 0.01 * s),
      plain(mix(rgb, [1, 1, 1], 0.5)),
      0,
    ),
  );
  shapes.push(
    shape(
      roundBox(-neck * 1.25, height * 0.97, neck * 1.25, height * 1.06, 0.004 * s),
      plain(
        vary(
          random,
          random.pick<Rgb>([
            [0.7, 0.55, 0.35],
            [0.75, 0.15, 0.15],
            [0.8, 0.8, 0.8],
            [0.15, 0.15, 0.17],
          ]),
          0.1,
        ),
      ),
      0.6,
    ),
  );
  return { shapes, traits: { color: glass.name } };
}
