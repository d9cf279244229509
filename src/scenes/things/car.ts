import type { Random } from "../../array/random.ts";
import { mix, pickPaint, type Rgb } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, type Point, polygon, roundBox, smooth } from "../geometry.ts";
import { gradient, mottled, plain } from "../material.ts";

/** A wheel standing on the ground. */
export function wheel(x: number, radius: number, hub: Rgb = [0.68, 0.69, 0.7]): Shape[] {
  const spokes = Array.from({ length: 5 }, (_, i) => {
    const turn = (2 * Math.PI * i) / 5 + x;
    return polygon(
      [x, radius],
      [x + 0.5 * radius * Math.cos(turn), radius + 0.5 * radius * Math.sin(turn)],
      [x + 0.5 * radius * Math.cos(turn + 0.4), radius + 0.5 * radius * Math.sin(turn + 0.4)],
    );
  });
  return [
    shape(ellipse(x, radius, radius, radius), plain([0.1, 0.1, 0.11]), 0.3),
    shape(ellipse(x, radius, radius * 0.62, radius * 0.62), plain(hub), 0.6),
    shape(spokes, plain(mix(hub, [0.1, 0.1, 0.1], 0.65)), 0),
  ];
}

const glass = (y0: number, y1: number) => gradient([0.14, 0.18, 0.22], [0.52, 0.62, 0.7], y0, y1);

/** A car from the side: hatchback, saloon, estate, van or pick-up; 3.6 to 4.8 metres long. */
export function drawCar(random: Random): Figure {
  const paint = pickPaint(random, [
    "red",
    "blue",
    "white",
    "grey",
    "black",
    "green",
    "yellow",
    "orange",
    "turquoise",
    "beige",
    "brown",
  ]);
  const kind = random.pick(["hatchback", "saloon", "estate", "van", "pick-up"] as const);
  const half = kind === "hatchback" ? 1.85 : kind === "van" ? 2.3 : 2.25;
  const roof = kind === "van" ? 2.05 : random.between(1.38, 1.55);
  const belt = kind === "van" ? 1.15 : 0.9;
  const body = mottled(paint.rgb, { size: 1.2, amount: 0.07, seed: random.integer(1 << 20) });
  const dark = plain([0.1, 0.1, 0.11]);
  const wheels = random.between(0.3, 0.36);
  const [back, front] = [-half * 0.62, half * 0.63];
  const shapes: Shape[] = [shape(box(-half * 0.92, 0.2, half * 0.92, 0.5), dark, 0)];

  const tops: Record<typeof kind, Point[]> = {
    hatchback: [
      [-half * 0.96, belt],
      [-half * 0.8, roof * 0.96],
      [-half * 0.55, roof],
      [half * 0.1, roof],
      [half * 0.5, belt],
    ],
    saloon: [
      [-half * 0.8, belt],
      [-half * 0.42, roof * 0.98],
      [-half * 0.25, roof],
      [half * 0.12, roof],
      [half * 0.5, belt],
    ],
    estate: [
      [-half * 0.95, belt],
      [-half * 0.86, roof],
      [-half * 0.4, roof],
      [half * 0.12, roof],
      [half * 0.48, belt],
    ],
    van: [
      [-half * 0.97, belt],
      [-half * 0.95, roof],
      [-half * 0.3, roof],
      [half * 0.5, roof],
      [half * 0.8, belt],
    ],
    "pick-up": [
      [-half * 0.12, belt],
      [-half * 0.1, roof],
      [half * 0.12, roof],
      [half * 0.22, roof],
      [half * 0.5, belt],
    ],
  };
  const top = tops[kind];
  const inset = ([x, y]: Point, to: number): Point => [x + (to - x) * 0.14, y > belt ? y - 0.09 : y + 0.03];
  const middle = (top[0][0] + top[4][0]) / 2;
  shapes.push(shape(polygon(...top), body, 0.7, { x0: -half, x1: half, y0: 0.2, y1: roof }));
  const shell = smooth(
    [
      [-half, 0.38],
      [-half, belt * 0.85],
      [-half * 0.9, belt],
      [0, belt + 0.02],
      [half * 0.55, belt],
      [half * 0.93, belt * 0.82],
      [half, 0.6],
      [half * 0.98, 0.34],
      [half * 0.5, 0.26],
      [-half * 0.5, 0.26],
    ],
    4,
  );
  const bounds = { x0: -half, x1: half, y0: 0.1, y1: roof };
  const windows = top.map((point) => inset(point, middle));
  shapes.push(shape(shell, body, 0.9, bounds));
  if (kind === "van") {
    shapes.push(
      shape(
        polygon(
          [half * 0.28, belt + 0.05],
          [half * 0.28, roof - 0.14],
          [half * 0.48, roof - 0.14],
          [half * 0.7, belt + 0.05],
        ),
        glass(belt, roof),
        0,
      ),
    );
    shapes.push(shape(box(half * 0.22, 0.35, half * 0.235, roof - 0.1), dark, 0));
  } else {
    shapes.push(shape(polygon(...windows), glass(belt, roof), 0));
    const pillar = half * (kind === "pick-up" ? 0.16 : -0.12);
    shapes.push(shape(box(pillar - 0.05, 0.35, pillar + 0.03, roof - 0.06), body, 0.9, bounds));
    shapes.push(shape(box(pillar - 0.015, 0.35, pillar + 0.005, belt), dark, 0));
    if (kind === "estate") shapes.push(shape(box(-half * 0.6, belt, -half * 0.57, roof - 0.05), body, 0.9, bounds));
  }
  shapes.push(shape(box(-half * 0.98, 0.48, half * 0.98, 0.52), plain(mix(paint.rgb, [0.1, 0.1, 0.1], 0.4)), 0));
  shapes.push(shape(roundBox(half * 0.86, 0.58, half * 0.985, 0.72, 0.06), plain([0.95, 0.93, 0.8]), 0.4));
  shapes.push(shape(roundBox(-half * 0.995, 0.6, -half * 0.92, 0.76, 0.05), plain([0.7, 0.08, 0.08]), 0.4));
  shapes.push(shape(roundBox(half * 0.05, 0.74, half * 0.16, 0.78, 0.02), dark, 0));
  for (const x of [back, front]) {
    shapes.push(shape(ellipse(x, wheels, wheels * 1.22, wheels * 1.22, 0, 0, Math.PI), dark, 0));
    shapes.push(...wheel(x, wheels));
  }
  const noun = kind === "van" || kind === "pick-up" ? (kind === "van" ? "van" : "pick-up truck") : undefined;
  return { shapes, traits: { color: paint.name, noun } };
}
