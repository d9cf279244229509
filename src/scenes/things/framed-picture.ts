import type { Random } from "../../array/random.ts";
import { mix, pickPaint, type Rgb, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { blob, box, ellipse, polygon } from "../geometry.ts";
import { gradient, mottled, plain } from "../material.ts";

/** A framed picture on a wall, its origin in its middle; 0.35 to 0.9 metres wide. */
export function drawFramedPicture(random: Random): Figure {
  const [half, high] = [random.between(0.18, 0.45), random.between(0.18, 0.36)];
  const frame = mottled(
    vary(
      random,
      random.pick<Rgb>([
        [0.14, 0.13, 0.13],
        [0.9, 0.89, 0.86],
        [0.5, 0.34, 0.2],
        [0.7, 0.56, 0.28],
      ]),
      0.08,
    ),
    { size: 0.1, amount: 0.12 },
  );
  const rim = random.between(0.025, 0.05);
  const mat = random.chance(0.5) ? random.between(0.03, 0.07) : 0;
  const shapes: Shape[] = [shape(box(-half - rim, -high - rim, half + rim, high + rim), frame, 0.4)];
  if (mat > 0) shapes.push(shape(box(-half, -high, half, high), plain([0.92, 0.91, 0.87]), 0));
  const [w, h] = [half - mat, high - mat];
  const low = pickPaint(random).rgb;
  const canvas = gradient(low, mix(low, [0.85, 0.88, 0.92], 0.6), -h, h);
  shapes.push(shape(box(-w, -h, w, h), canvas, 0));
  switch (random.integer(3)) {
    case 0: {
      const hill = mottled(pickPaint(random).rgb, { size: 0.1, amount: 0.2 });
      shapes.push(
        shape(ellipse(w * random.between(-0.5, 0.5), h * 0.45, h * 0.2, h * 0.2), plain([0.96, 0.85, 0.5]), 0.3),
      );
      shapes.push(
        shape(
          polygon(
            [-w, -h],
            [-w, -h * 0.2],
            [-w * 0.3, h * random.between(-0.1, 0.5)],
            [w * 0.3, -h * 0.4],
            [w, h * random.between(-0.4, 0.1)],
            [w, -h],
          ),
          hill,
          0.2,
        ),
      );
      break;
    }
    case 1:
      for (let i = 0; i < 5; i++) {
        const r = h * random.between(0.15, 0.4);
        const x = random.between(-1, 1) * Math.max(0, w - r * 1.3);
        const y = random.between(-1, 1) * Math.max(0, h - r * 1.3);
        shapes.push(shape(blob(random, x, y, r, r, 0.15), plain(pickPaint(random).rgb), 0.2));
      }
      break;
    default: {
      const skin = plain(
        random.pick<Rgb>([
          [0.85, 0.66, 0.52],
          [0.5, 0.34, 0.24],
          [0.93, 0.78, 0.66],
        ]),
      );
      shapes.push(
        shape(
          polygon([-w * 0.7, -h], [-w * 0.3, -h * 0.35], [w * 0.3, -h * 0.35], [w * 0.7, -h]),
          plain(pickPaint(random).rgb),
          0.3,
        ),
      );
      shapes.push(shape(ellipse(0, h * 0.1, Math.min(w, h) * 0.42, h * 0.5), plain([0.2, 0.14, 0.1]), 0.2));
      shapes.push(shape(ellipse(0, h * 0.02, Math.min(w, h) * 0.34, h * 0.42), skin, 0.4));
    }
  }
  return { shapes, traits: {} };
}
