import type { Random } from "../../array/random.ts";
import { type ColorName, type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { ellipse, limb, polygon, smooth } from "../geometry.ts";
import { mottled, plain, striped } from "../material.ts";

const coats: readonly { name: ColorName; rgb: Rgb }[] = [
  { name: "orange", rgb: [0.8, 0.48, 0.2] },
  { name: "black", rgb: [0.13, 0.12, 0.13] },
  { name: "grey", rgb: [0.5, 0.5, 0.52] },
  { name: "white", rgb: [0.9, 0.88, 0.85] },
  { name: "brown", rgb: [0.42, 0.3, 0.2] },
];

/** A cat, sitting and facing us, walking, or lying curled up; 0.25 to 0.5 metres tall. */
export function drawCat(random: Random): Figure {
  const coat = random.pick(coats);
  const rgb = vary(random, coat.rgb, 0.08);
  const seed = random.integer(1 << 20);
  const tabby = coat.name !== "black" && random.chance(0.5);
  const fur = tabby
    ? striped(rgb, scaled(rgb, 0.62), {
        period: random.between(0.05, 0.08),
        angle: random.between(-0.4, 0.4),
        share: 0.4,
        seed,
      })
    : mottled(rgb, { size: 0.05, amount: 0.16, seed });
  const shade = mottled(scaled(rgb, 0.75), { size: 0.05, amount: 0.16, seed });
  const light = plain(coat.name === "black" ? scaled(rgb, 1.5) : [0.93, 0.91, 0.88]);
  const pose = random.pick(["sitting", "walking", "lying"] as const);
  const s = random.between(0.9, 1.2);
  const shapes: Shape[] = [];
  const curve = random.between(-0.1, 0.12);
  const l = (...joints: [number, number, number][]) =>
    limb(...joints.map(([x, y, r]): [number, number, number] => [x * s, y * s, r * s]));
  const blobby = (...points: [number, number][]) => smooth(points.map(([x, y]): [number, number] => [x * s, y * s]));

  let [hx, hy] = [0, 0.42];
  if (pose === "sitting") {
    shapes.push(
      shape(
        l([0.1, 0.05, 0.035], [0.24, 0.05, 0.033], [0.3, 0.15 + curve, 0.03], [0.25, 0.22 + curve, 0.022]),
        fur,
        0.4,
      ),
    );
    shapes.push(
      shape(blobby([-0.15, 0.02], [-0.17, 0.14], [-0.09, 0.34], [0.09, 0.34], [0.17, 0.14], [0.15, 0.02]), fur, 1),
    );
    shapes.push(shape(ellipse(0, 0.2 * s, 0.065 * s, 0.11 * s), light, 0.5));
    for (const side of [-1, 1]) shapes.push(shape(l([side * 0.05, 0.2, 0.036], [side * 0.05, 0.03, 0.036]), fur, 0.4));
  } else if (pose === "walking") {
    [hx, hy] = [0.32, 0.36];
    const step = random.between(0.03, 0.09);
    for (const [x, shift] of [
      [-0.2, step],
      [0.2, -step],
    ] as const)
      shapes.push(shape(l([x, 0.2, 0.04], [x + shift, 0.03, 0.026]), shade, 0.4));
    shapes.push(shape(l([-0.24, 0.27, 0.035], [-0.38, 0.36 + curve, 0.03], [-0.4, 0.52 + curve, 0.022]), fur, 0.4));
    shapes.push(
      shape(
        blobby(
          [-0.3, 0.22],
          [-0.24, 0.33],
          [0, 0.31],
          [0.22, 0.34],
          [0.32, 0.27],
          [0.24, 0.17],
          [0, 0.17],
          [-0.2, 0.15],
        ),
        fur,
        1,
      ),
    );
    for (const [x, shift] of [
      [-0.22, -step],
      [0.22, step],
    ] as const)
      shapes.push(shape(l([x, 0.22, 0.045], [x + shift, 0.03, 0.028]), fur, 0.4));
  } else {
    [hx, hy] = [0.17, 0.19];
    shapes.push(
      shape(
        blobby([-0.3, 0.03], [-0.31, 0.15], [-0.12, 0.27], [0.14, 0.23], [0.26, 0.1], [0.22, 0.01], [-0.2, 0]),
        fur,
        1,
      ),
    );
    shapes.push(shape(l([-0.27, 0.06, 0.04], [-0.1, 0.025, 0.038], [0.1, 0.035, 0.03]), shade, 0.4));
  }
  const [x, y, r] = [hx * s, hy * s, 0.105 * s];
  for (const side of [-1, 1]) {
    shapes.push(
      shape(
        polygon(
          [x + side * r * 0.95, y + r * 0.25],
          [x + side * r * 0.85, y + r * 1.45],
          [x + side * r * 0.12, y + r * 0.85],
        ),
        fur,
        0.3,
      ),
    );
    shapes.push(
      shape(
        polygon(
          [x + side * r * 0.8, y + r * 0.5],
          [x + side * r * 0.77, y + r * 1.15],
          [x + side * r * 0.35, y + r * 0.8],
        ),
        plain([0.82, 0.55, 0.52]),
        0.2,
      ),
    );
  }
  shapes.push(shape(ellipse(x, y, r * 1.1, r * 0.95), fur, 0.8));
  shapes.push(shape(ellipse(x, y - r * 0.4, r * 0.5, r * 0.36), light, 0.4));
  shapes.push(shape(ellipse(x, y - r * 0.22, r * 0.13, r * 0.09), plain([0.75, 0.4, 0.42]), 0));
  const iris = plain(
    random.pick<Rgb>([
      [0.55, 0.65, 0.2],
      [0.8, 0.65, 0.2],
      [0.35, 0.6, 0.7],
    ]),
  );
  for (const side of [-1, 1]) {
    shapes.push(
      shape(ellipse(x + side * r * 0.42, y + r * 0.12, r * 0.2, r * (pose === "lying" ? 0.06 : 0.2)), iris, 0),
    );
    shapes.push(
      shape(
        ellipse(x + side * r * 0.42, y + r * 0.12, r * 0.07, r * (pose === "lying" ? 0.05 : 0.18)),
        plain([0.05, 0.05, 0.05]),
        0,
      ),
    );
  }
  return { shapes, traits: { color: coat.name, pose, quality: tabby ? "striped" : undefined } };
}
