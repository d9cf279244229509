import type { Random } from "../../array/random.ts";
import { type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { blob, ellipse, limb } from "../geometry.ts";
import { mottled, plain } from "../material.ts";

/** A sheep from the side, standing or grazing; about a metre tall. */
export function drawSheep(random: Random): Figure {
  const black = random.chance(0.15);
  const fleece = vary(
    random,
    black
      ? [0.2, 0.18, 0.17]
      : random.pick<Rgb>([
          [0.9, 0.87, 0.8],
          [0.82, 0.78, 0.7],
          [0.93, 0.92, 0.9],
        ]),
    0.06,
  );
  const wool = mottled(fleece, { size: 0.11, amount: 0.28, octaves: 2, seed: random.integer(1 << 20) });
  const faceColor = random.pick<Rgb>([
    [0.16, 0.14, 0.13],
    [0.75, 0.66, 0.56],
    [0.35, 0.27, 0.22],
  ]);
  const face = plain(vary(random, faceColor, 0.1));
  const dark = plain(scaled(faceColor, 0.65));
  const s = random.between(0.8, 1.1);
  const pose = random.pick(["standing", "grazing"] as const);
  const shapes: Shape[] = [];
  const step = random.between(0, 0.08);
  for (const [x, shift, material] of [
    [-0.3, step, dark],
    [0.24, -step, dark],
    [-0.22, -step, face],
    [0.32, step, face],
  ] as const) {
    shapes.push(shape(limb([x * s, 0.42 * s, 0.055 * s], [(x + shift) * s, 0.03 * s, 0.042 * s]), material, 0.5));
  }
  shapes.push(shape(ellipse(-0.53 * s, 0.62 * s, 0.09 * s, 0.12 * s, 0.4), wool, 0.6));
  const body = [blob(random, 0, 0.63 * s, 0.5 * s, 0.29 * s, 0.08, 13)];
  for (let i = 0; i < 9; i++) {
    const turn = (2 * Math.PI * i) / 9;
    body.push(ellipse(0.43 * s * Math.cos(turn), (0.63 + 0.22 * Math.sin(turn)) * s, 0.14 * s, 0.12 * s));
  }
  shapes.push(shape(body, wool, 1.2, { x0: -0.56 * s, x1: 0.56 * s, y0: 0.3 * s, y1: 0.95 * s }));
  const [hx, hy, angle] = pose === "grazing" ? [0.66, 0.3, -1.15] : [0.64, 0.86, -0.45];
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  shapes.push(shape(limb([0.42 * s, 0.68 * s, 0.16 * s], [hx * s, hy * s, 0.1 * s]), wool, 0.5));
  shapes.push(
    shape(limb([hx * s, hy * s, 0.105 * s], [(hx + 0.17 * dx) * s, (hy + 0.17 * dy) * s, 0.065 * s]), face, 0.7),
  );
  shapes.push(shape(ellipse((hx - 0.09) * s, (hy + 0.03) * s, 0.1 * s, 0.042 * s, 2.6), dark, 0.3));
  shapes.push(shape(ellipse(hx * s, (hy + 0.09) * s, 0.11 * s, 0.07 * s), wool, 0.8));
  const eye = plain(faceColor[0] < 0.3 ? [0.85, 0.8, 0.6] : [0.08, 0.07, 0.06]);
  shapes.push(shape(ellipse((hx + 0.05 * dx + 0.02) * s, (hy + 0.05 * dy + 0.03) * s, 0.02 * s, 0.02 * s), eye, 0));
  return { shapes, traits: { color: black ? "black" : "white", pose } };
}
