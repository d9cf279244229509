import type { Random } from "../../array/random.ts";
import { pickPaint, type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { box, ellipse, type Joint, limb, moved, type Point, polygon, smooth } from "../geometry.ts";
import { cloth, mottled, plain } from "../material.ts";

const skins: readonly Rgb[] = [
  [0.93, 0.76, 0.64],
  [0.85, 0.64, 0.49],
  [0.7, 0.49, 0.35],
  [0.5, 0.33, 0.23],
  [0.34, 0.22, 0.16],
];
const hairs: readonly Rgb[] = [
  [0.12, 0.09, 0.08],
  [0.3, 0.19, 0.11],
  [0.56, 0.36, 0.18],
  [0.82, 0.67, 0.4],
  [0.62, 0.6, 0.58],
  [0.5, 0.2, 0.1],
];

/** Someone standing, walking, or with an arm in the air; 1.5 to 1.9 metres tall, a child 1.1 to 1.35. */
export function drawPerson(random: Random, { warm = false }: { warm?: boolean } = {}): Figure {
  const child = random.chance(0.25);
  const tall = child ? random.between(0.66, 0.78) : random.between(0.92, 1.08);
  const broad = (child ? 0.78 : 1) * random.between(0.92, 1.16);
  const head = child ? 1.05 : 1;
  const paint = pickPaint(random);
  const top = cloth(random, paint);
  const bottomPaint = pickPaint(random, ["blue", "black", "grey", "brown", "beige", "white", "green", "red"]);
  const bottom = mottled(bottomPaint.rgb, { size: 0.12, amount: 0.16, seed: random.integer(999) });
  const skinColor = vary(random, random.pick(skins), 0.06);
  const skin = plain(skinColor);
  const hair = mottled(vary(random, random.pick(hairs), 0.1), { size: 0.05, amount: 0.3, seed: random.integer(999) });
  const pose = random.pick(["standing", "walking", "walking", "waving"] as const);
  const legs = warm
    ? random.pick(["trousers", "trousers", "coat"] as const)
    : random.pick(["trousers", "trousers", "shorts", "dress"] as const);

  const shapes: Shape[] = [];
  const X = (x: number) => x * broad * tall;
  const Y = (y: number) => y * tall;
  const joints = (...list: Joint[]) =>
    limb(...list.map(([x, y, r]): Joint => [X(x), Y(y), r * tall * Math.sqrt(broad)]));

  const stride = pose === "walking" ? random.between(0.12, 0.26) : random.between(0.03, 0.1);
  const shoe = plain(
    scaled(
      vary(
        random,
        random.pick<Rgb>([
          [0.15, 0.12, 0.1],
          [0.85, 0.85, 0.85],
          [0.5, 0.2, 0.15],
        ]),
        0.1,
      ),
      1,
    ),
  );
  const bend = pose === "walking" ? random.between(0.02, 0.09) : 0;
  for (const side of [-1, 1]) {
    const foot = side * stride;
    const lift = side < 0 ? bend : 0;
    const knee: Joint = [
      side * 0.09 + (foot - side * 0.09) * 0.45 + (pose === "walking" ? 0.05 : 0),
      0.48 + lift * 0.3,
      0.068,
    ];
    const ankle: Joint = [foot, 0.07 + lift, 0.045];
    const legMaterial = legs === "trousers" ? bottom : skin;
    shapes.push(shape(joints([side * 0.08, 0.88, 0.095], knee, ankle), legMaterial, 0.5));
    if (legs === "shorts") shapes.push(shape(joints([side * 0.08, 0.88, 0.1], [knee[0], 0.56, 0.085]), bottom, 0.5));
    shapes.push(shape(ellipse(X(foot + 0.03), Y(0.045 + lift), 0.095 * tall, 0.05 * tall), shoe, 0.6));
  }

  const swing = pose === "walking" ? random.between(0.1, 0.22) : 0.04;
  const bare = !warm && random.chance(0.45);
  const arm = (side: number): void => {
    const raised = pose === "waving" && side > 0;
    const shoulder: Joint = [side * 0.19, 1.38, 0.062];
    const elbow: Joint = raised ? [side * 0.34, 1.52, 0.052] : [side * (0.25 + 0.02) + side * swing * 0.3, 1.12, 0.052];
    const hand: Joint = raised
      ? [side * random.between(0.28, 0.44), 1.78, 0.04]
      : [side * 0.26 + (side > 0 ? swing : -swing * 0.6), 0.9 + swing * 0.3, 0.04];
    shapes.push(shape(joints(elbow, hand), bare ? skin : top, 0.4));
    shapes.push(shape(joints(shoulder, elbow), top, 0.4));
    shapes.push(shape(ellipse(X(hand[0]), Y(hand[1]), 0.045 * tall, 0.05 * tall), skin, 0.6));
  };
  arm(-1);

  const body: Point[] = [
    [-0.12, 1.47],
    [-0.2, 1.42],
    [-0.18, 1.15],
    [-0.16, 0.86],
    [0.16, 0.86],
    [0.18, 1.15],
    [0.2, 1.42],
    [0.12, 1.47],
  ];
  const torso = smooth(body.map(([x, y]) => [X(x), Y(y)]));
  shapes.push(shape(torso, top, 0.8));
  if (legs === "dress" || legs === "coat") {
    const hem = legs === "dress" ? 0.28 : 0.2;
    const low = legs === "dress" ? 0.52 : 0.58;
    shapes.push(
      shape(polygon([X(-0.15), Y(1.06)], [X(0.15), Y(1.06)], [X(hem), Y(low)], [X(-hem), Y(low)]), top, 0.9, {
        x0: X(-0.28),
        x1: X(0.28),
        y0: Y(0.5),
        y1: Y(1.5),
      }),
    );
  } else shapes.push(shape(box(X(-0.165), Y(0.86), X(0.165), Y(0.93)), bottom, 0.5));

  const [hx, hy, r] = [
    X(pose === "walking" ? 0.02 : 0),
    Y(1.645) + (head - 1) * 0.15,
    0.125 * tall * head * (child ? 1.25 : 1),
  ];
  shapes.push(shape(joints([0, 1.45, 0.055], [0, 1.55, 0.05]), skin, 0.3));
  const away = random.chance(0.25);
  const long = random.chance(0.4);
  if (long) {
    const back = shape(
      smooth([
        [hx - r * 1.1, hy - r * 1.7],
        [hx - r * 1.15, hy + r * 0.4],
        [hx, hy + r * 1.3],
        [hx + r * 1.15, hy + r * 0.4],
        [hx + r * 1.1, hy - r * 1.7],
      ]),
      hair,
      0.6,
    );
    // Behind the shoulders of who looks at us.
    if (away) shapes.push(back);
    else shapes.unshift(back);
  }
  shapes.push(shape(ellipse(hx, hy, r * 0.9, r * 1.12), away ? hair : skin, 0.9));
  if (!away) {
    shapes.push(
      shape(
        smooth([
          [hx - r * 0.98, hy - r * 0.05],
          [hx - r * 0.85, hy + r * 0.85],
          [hx, hy + r * 1.25],
          [hx + r * 0.85, hy + r * 0.85],
          [hx + r * 0.98, hy - r * 0.05],
          [hx + r * 0.6, hy + r * 0.5],
          [hx - r * 0.4, hy + r * 0.6],
        ]),
        hair,
        0.5,
      ),
    );
    const eye = plain([0.1, 0.08, 0.07]);
    for (const side of [-1, 1])
      shapes.push(shape(ellipse(hx + side * r * 0.36, hy + r * 0.02, r * 0.11, r * 0.12), eye, 0));
    shapes.push(
      shape(
        moved(ellipse(0, 0, r * 0.3, r * 0.1, 0, Math.PI, 2 * Math.PI), { x: hx, y: hy - r * 0.42 }),
        plain(scaled(skinColor, 0.55)),
        0,
      ),
    );
  }
  if (random.chance(warm ? 0.7 : 0.22)) {
    const hat = cloth(random, pickPaint(random), 0.5);
    shapes.push(shape(ellipse(hx, hy + r * 0.4, r * 1.08, r * 1.05, 0, 0, Math.PI), hat, 0.7));
    if (warm) shapes.push(shape(ellipse(hx, hy + r * 1.5, r * 0.3, r * 0.3), hat, 0.8));
    else shapes.push(shape(ellipse(hx, hy + r * 0.42, r * 1.55, r * 0.16), hat, 0.3));
  }
  arm(1);
  const wearing = legs === "dress" ? "dress" : legs === "coat" || warm ? "coat" : "shirt";
  return { shapes, traits: { color: paint.name, wearing, pose, noun: child ? "child" : undefined } };
}
