import type { Random } from "../../array/random.ts";
import { pickPaint, type Rgb } from "../color.ts";
import { type Figure, shape } from "../figure.ts";
import { ellipse, limb, type Point, polygon, roundBox, smooth } from "../geometry.ts";
import { type Material, mottled, patterned, plain, planks } from "../material.ts";

/** A hot-air balloon in the sky, 16 metres high, its origin at the basket; or a toy balloon on a string, its origin below. */
export function drawBalloon(random: Random, kind: "hot-air" | "toy"): Figure {
  const paint = pickPaint(random, ["red", "orange", "yellow", "green", "blue", "purple", "pink", "turquoise", "white"]);
  if (kind === "toy") {
    const string = random.between(0.5, 1);
    const sway = random.between(-0.12, 0.12);
    const [rx, ry] = [0.17, random.between(0.2, 0.23)];
    const shapes = [
      shape(limb([sway, 0, 0.008], [-sway * 0.5, string * 0.5, 0.008], [0, string, 0.008]), plain([0.8, 0.8, 0.8]), 0),
      shape(polygon([-0.03, string - 0.02], [0.03, string - 0.02], [0, string + 0.05]), plain(paint.rgb), 0),
      shape(ellipse(0, string + ry, rx, ry), mottled(paint.rgb, { size: 0.3, amount: 0.05 }), 1.2),
      shape(ellipse(-0.06, string + ry * 1.35, 0.03, 0.05, -0.4), plain([0.97, 0.96, 0.96]), 0),
    ];
    return { shapes, traits: { color: paint.name } };
  }
  const second: Rgb = pickPaint(random).rgb;
  const gores = 6 + 2 * random.integer(3);
  const rows = random.chance(0.4);
  const middle = 10.5;
  const radius = random.between(5, 5.8);
  // Gores narrow towards the sides, as on a ball.
  const fabric: Material = patterned(
    paint.rgb,
    second,
    (x, y) => {
      const bulge = Math.sqrt(Math.max(0.04, 1 - ((y - middle) / (radius * 1.15)) ** 2));
      const turn = Math.asin(Math.min(1, Math.max(-1, x / (radius * bulge))));
      const gore = Math.floor((turn / Math.PI + 0.5) * gores);
      return (gore + (rows ? Math.floor(y / 1.7) : 0)) & 1;
    },
    0.03,
  );
  const outline: Point[] = [
    [-0.9, 2.9],
    [-radius * 0.62, middle - radius * 0.72],
    [-radius, middle],
    [-radius * 0.72, middle + radius * 0.74],
    [0, middle + radius],
    [radius * 0.72, middle + radius * 0.74],
    [radius, middle],
    [radius * 0.62, middle - radius * 0.72],
    [0.9, 2.9],
  ];
  const rope = plain([0.3, 0.25, 0.2]);
  const shapes = [
    shape([...limb([-0.6, 1, 0.06], [-0.85, 3, 0.06]), ...limb([0.6, 1, 0.06], [0.85, 3, 0.06])], rope, 0),
    shape(smooth(outline), fabric, 1.2),
    shape(roundBox(-0.75, 0, 0.75, 1.2, 0.2), planks([0.5, 0.33, 0.18], { width: 0.3, upright: false }), 0.5),
  ];
  return { shapes, traits: { color: paint.name, noun: "hot-air balloon", pose: "flying" } };
}
