import type { Random } from "../../array/random.ts";
import { mix, pickPaint } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, roundBox } from "../geometry.ts";
import { gradient, mottled, plain } from "../material.ts";
import { wheel } from "./car.ts";

/** A bus from the side, on one floor or two; 8 to 10 metres long. */
export function drawBus(random: Random): Figure {
  const paint = pickPaint(random, ["red", "yellow", "blue", "green", "white", "orange", "turquoise", "purple"]);
  const double = random.chance(0.3);
  const half = random.between(3.8, 4.8) * (double ? 0.9 : 1);
  const roof = double ? 4.1 : random.between(2.85, 3.1);
  const bounds = { x0: -half, x1: half, y0: 0.2, y1: roof };
  const body = mottled(paint.rgb, { size: 2, amount: 0.06, seed: random.integer(1 << 20) });
  const stripe = plain(
    mix(paint.rgb, paint.name === "white" ? [0.2, 0.3, 0.6] : [0.95, 0.94, 0.9], random.between(0.55, 0.95)),
  );
  const dark = plain([0.11, 0.11, 0.12]);
  const shapes: Shape[] = [
    shape(box(-half * 0.95, 0.25, half * 0.95, 0.6), dark, 0),
    shape(roundBox(-half, 0.35, half, roof, 0.35), body, 0.8, bounds),
    shape(box(-half, 0.95, half, random.between(1.05, 1.3)), stripe, 0.8, bounds),
  ];
  const floors = double ? [1.45, 2.85] : [1.5];
  for (const low of floors) {
    const high = low + (double ? 0.85 : 1);
    const material = gradient([0.16, 0.2, 0.25], [0.55, 0.65, 0.74], low, high);
    const panes = 5 + random.integer(3);
    const width = (2 * half * 0.76) / panes;
    for (let pane = 0; pane < panes; pane++) {
      const x = -half * 0.93 + pane * width;
      shapes.push(shape(roundBox(x + 0.07, low, x + width - 0.07, high, 0.1), material, 0));
    }
    shapes.push(shape(roundBox(half * 0.86, low - (low < 2 ? 0.2 : 0), half * 1.0, high, 0.12), material, 0));
  }
  const door = gradient([0.2, 0.23, 0.27], [0.5, 0.58, 0.65], 0.5, 2.4);
  shapes.push(shape(box(half * 0.64, 0.45, half * 0.83, 2.4), dark, 0));
  for (const x of [0.655, 0.745]) shapes.push(shape(box(half * x, 0.55, half * (x + 0.075), 2.3), door, 0));
  for (const x of [-half * 0.58, half * 0.48]) {
    shapes.push(shape(ellipse(x, 0.5, 0.62, 0.62, 0, 0, Math.PI), dark, 0));
    shapes.push(...wheel(x, 0.48, [0.55, 0.55, 0.57]));
  }
  shapes.push(shape(roundBox(half * 0.94, 0.7, half * 0.995, 0.95, 0.08), plain([0.96, 0.94, 0.8]), 0.3));
  shapes.push(shape(roundBox(-half * 0.995, 0.75, -half * 0.96, 1.1, 0.05), plain([0.7, 0.1, 0.1]), 0.3));
  return { shapes, traits: { color: paint.name, noun: double ? "double-decker bus" : undefined } };
}
