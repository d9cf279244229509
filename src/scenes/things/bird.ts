import type { Random } from "../../array/random.ts";
import { type ColorName, mix, type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { ellipse, limb, type Point, polygon, smooth } from "../geometry.ts";
import { mottled, plain } from "../material.ts";

const feathers: readonly { name: ColorName; rgb: Rgb }[] = [
  { name: "white", rgb: [0.92, 0.92, 0.91] },
  { name: "grey", rgb: [0.55, 0.56, 0.6] },
  { name: "black", rgb: [0.14, 0.14, 0.17] },
  { name: "brown", rgb: [0.46, 0.34, 0.24] },
  { name: "blue", rgb: [0.22, 0.38, 0.66] },
  { name: "red", rgb: [0.72, 0.2, 0.16] },
];

/** A bird on its feet (0.35 metres), swimming, or in the air with both wings out (about a metre across). */
export function drawBird(random: Random, pose: "standing" | "flying" | "swimming"): Figure {
  const kind = random.pick(feathers);
  const rgb = vary(random, kind.rgb, 0.1);
  const coat = mottled(rgb, { size: 0.05, amount: 0.18, stretch: 2, seed: random.integer(1 << 20) });
  const belly = plain(mix(rgb, [0.95, 0.93, 0.9], kind.name === "black" ? 0.1 : 0.55));
  const wing = mottled(scaled(rgb, 0.72), { size: 0.04, amount: 0.3, stretch: 3, seed: random.integer(1 << 20) });
  const beak = plain(vary(random, [0.9, 0.6, 0.15], 0.12));
  const shapes: Shape[] = [];
  const s = random.between(0.9, 1.3);
  const l = (...joints: [number, number, number][]) =>
    limb(...joints.map(([x, y, r]): [number, number, number] => [x * s, y * s, r * s]));
  const curve = (...points: Point[]) => smooth(points.map(([x, y]): Point => [x * s, y * s]));

  if (pose === "flying") {
    const flap = random.between(-0.12, 0.4);
    const span = random.between(0.48, 0.62);
    const far = curve(
      [0.08, 0.04],
      [-0.1, 0.03],
      [-0.28, flap * 0.7 + 0.14],
      [-span * 0.75, flap + 0.12],
      [-0.12, flap * 0.8 + 0.24],
    );
    shapes.push(shape(far, wing, 0.4));
    shapes.push(shape(polygon([-0.2 * s, 0.02 * s], [-0.42 * s, 0.06 * s], [-0.4 * s, -0.05 * s]), wing, 0.3));
    shapes.push(shape(ellipse(0, 0, 0.24 * s, 0.085 * s, 0.05), coat, 0.9));
    shapes.push(shape(ellipse(0.02 * s, -0.03 * s, 0.18 * s, 0.05 * s, 0.05), belly, 0.5));
    shapes.push(shape(ellipse(0.24 * s, 0.05 * s, 0.075 * s, 0.07 * s), coat, 0.8));
    shapes.push(shape(polygon([0.3 * s, 0.08 * s], [0.41 * s, 0.04 * s], [0.3 * s, 0.02 * s]), beak, 0.2));
    shapes.push(
      shape(
        curve(
          [0.12, 0.04],
          [-0.1, 0.02],
          [-0.2, flap * 0.8],
          [-0.16, flap + 0.16],
          [0, flap * 1.2 + span * 0.55],
          [0.1, flap + 0.12],
        ),
        wing,
        0.5,
      ),
    );
    shapes.push(shape(ellipse(0.26 * s, 0.065 * s, 0.013 * s, 0.013 * s), plain([0.05, 0.05, 0.05]), 0));
    return { shapes, traits: { color: kind.name, pose } };
  }
  const low = pose === "swimming" ? -0.13 : 0;
  if (pose === "standing") {
    for (const x of [-0.03, 0.04])
      shapes.push(shape(l([x, 0.16, 0.012], [x, 0.015, 0.012], [x + 0.05, 0.01, 0.012]), beak, 0));
  }
  shapes.push(
    shape(
      polygon(
        [-0.16 * s, (0.2 + low) * s],
        [-0.36 * s, (0.24 + low) * s],
        [-0.34 * s, (0.16 + low) * s],
        [-0.12 * s, (0.14 + low) * s],
      ),
      wing,
      0.3,
    ),
  );
  shapes.push(
    shape(
      curve(
        [-0.22, 0.19 + low],
        [-0.05, 0.27 + low],
        [0.12, 0.25 + low],
        [0.18, 0.18 + low],
        [0.08, 0.12 + low],
        [-0.1, 0.12 + low],
      ),
      coat,
      1,
    ),
  );
  shapes.push(shape(ellipse(0.07 * s, (0.17 + low) * s, 0.09 * s, 0.06 * s, 0.3), belly, 0.5));
  shapes.push(shape(l([0.12, 0.22 + low, 0.06], [0.17, 0.34 + low, 0.055]), coat, 0.6));
  shapes.push(shape(ellipse(0.18 * s, (0.36 + low) * s, 0.068 * s, 0.062 * s), coat, 0.8));
  shapes.push(
    shape(polygon([0.23 * s, (0.39 + low) * s], [0.34 * s, (0.35 + low) * s], [0.23 * s, (0.33 + low) * s]), beak, 0.2),
  );
  shapes.push(shape(ellipse(0.2 * s, (0.375 + low) * s, 0.012 * s, 0.013 * s), plain([0.05, 0.05, 0.05]), 0));
  shapes.push(shape(curve([-0.24, 0.18 + low], [-0.06, 0.25 + low], [0.08, 0.22 + low], [0, 0.15 + low]), wing, 0.5));
  return { shapes, traits: { color: kind.name, pose } };
}
