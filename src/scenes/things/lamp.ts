import type { Random } from "../../array/random.ts";
import { mix, pickPaint, type Rgb } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, limb, polygon, roundBox } from "../geometry.ts";
import { cloth, gradient, type Material, mottled, plain } from "../material.ts";

/** A lamp: on the floor (1.5 m), on a table (0.45 m), hanging (its origin at the ceiling end, hanging down), or in a street (4 m). */
export function drawLamp(random: Random, kind: "floor" | "table" | "hanging" | "street"): Figure {
  const on = random.chance(0.5);
  const metal = mottled(
    random.pick<Rgb>([
      [0.2, 0.2, 0.22],
      [0.62, 0.6, 0.55],
      [0.6, 0.48, 0.25],
      [0.85, 0.85, 0.83],
    ]),
    { size: 0.1, amount: 0.15 },
  );
  const glow: Rgb = [0.99, 0.92, 0.7];
  const shapes: Shape[] = [];
  if (kind === "street") {
    const height = random.between(3.4, 4.2);
    const iron = mottled(
      random.pick<Rgb>([
        [0.15, 0.17, 0.17],
        [0.35, 0.37, 0.38],
        [0.16, 0.26, 0.22],
      ]),
      { size: 0.3, amount: 0.15 },
    );
    const light = plain(on ? glow : [0.8, 0.82, 0.82]);
    shapes.push(shape(limb([0, 0, 0.12], [0, 0.4, 0.08], [0, height, 0.05]), iron, 0.6));
    if (random.chance(0.5)) {
      shapes.push(shape(limb([0, height, 0.05], [0.35, height + 0.25, 0.045], [0.85, height + 0.25, 0.04]), iron, 0.3));
      shapes.push(
        shape(
          polygon([0.7, height + 0.26], [1.25, height + 0.26], [1.2, height + 0.1], [0.75, height + 0.12]),
          light,
          0.3,
        ),
      );
    } else {
      shapes.push(
        shape(polygon([-0.14, height], [0.14, height], [0.22, height + 0.5], [-0.22, height + 0.5]), light, 0.4),
      );
      shapes.push(shape(polygon([-0.27, height + 0.5], [0.27, height + 0.5], [0, height + 0.72]), iron, 0.3));
    }
    return { shapes, traits: { noun: "street lamp" } };
  }
  const paint = pickPaint(random, [
    "white",
    "beige",
    "yellow",
    "red",
    "orange",
    "green",
    "turquoise",
    "pink",
    "blue",
    "grey",
  ]);
  const fabric: Material = on
    ? gradient(mix(paint.rgb, glow, 0.75), mix(paint.rgb, glow, 0.35), -0.2, 0.4)
    : cloth(random, paint, 0.7);
  const shade = (y: number, half: number, height: number) => {
    const top = half * random.between(0.45, 0.8);
    const lit: Material = on ? (x, v, out) => fabric(x, v - y, out) : fabric;
    shapes.push(shape(polygon([-half, y], [half, y], [top, y + height], [-top, y + height]), lit, on ? 0.2 : 0.9));
    shapes.push(shape(ellipse(0, y, half, half * 0.1), plain(on ? glow : mix(paint.rgb, [0.2, 0.2, 0.2], 0.6)), 0));
  };
  if (kind === "hanging") {
    const length = random.between(0.5, 0.9);
    shapes.push(shape(box(-0.012, -length, 0.012, 0), metal, 0.2));
    if (random.chance(0.4))
      shapes.push(
        shape(
          ellipse(0, -length - 0.17, 0.19, 0.19),
          on ? plain(glow) : mottled(paint.rgb, { amount: 0.05 }),
          on ? 0.3 : 1.2,
        ),
      );
    else shade(-length - 0.22, random.between(0.2, 0.28), 0.24);
    return { shapes, traits: { color: paint.name, quality: "hanging" } };
  }
  const height = kind === "floor" ? random.between(1.35, 1.6) : random.between(0.38, 0.48);
  const wide = kind === "floor" ? random.between(0.2, 0.27) : random.between(0.13, 0.17);
  if (kind === "floor") {
    const tripod = random.chance(0.35);
    if (tripod)
      for (const x of [-0.26, 0.06, 0.26])
        shapes.push(shape(limb([0, height * 0.75, 0.018], [x, 0.01, 0.018]), metal, 0.3));
    else {
      shapes.push(shape(limb([0, 0.03, 0.016], [0, height, 0.016]), metal, 0.4));
      shapes.push(shape(ellipse(0, 0.02, 0.17, 0.035), metal, 0.4));
    }
    shade(height - 0.1, wide, random.between(0.26, 0.34));
  } else {
    const foot = mottled(pickPaint(random).rgb, { size: 0.1, amount: 0.1 });
    if (random.chance(0.5)) shapes.push(shape(ellipse(0, height * 0.3, 0.085, height * 0.31), foot, 1.1));
    else
      shapes.push(
        shape([roundBox(-0.07, 0, 0.07, 0.03, 0.01), ...limb([0, 0.02, 0.016], [0, height, 0.014])], metal, 0.4),
      );
    shade(height * 0.62, wide, height * 0.45);
  }
  return { shapes, traits: { color: paint.name, quality: kind === "floor" ? "tall" : undefined } };
}
