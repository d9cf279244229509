import type { Random } from "../../array/random.ts";
import { type ColorName, mix, type Rgb, scaled, vary } from "../color.ts";
import { type Figure, type Shape, shape } from "../figure.ts";
import { ellipse, limb, type Point, smooth } from "../geometry.ts";
import { type Material, mottled, patched, plain } from "../material.ts";

const coats: readonly { name: ColorName; rgb: Rgb }[] = [
  { name: "brown", rgb: [0.45, 0.28, 0.16] },
  { name: "black", rgb: [0.15, 0.14, 0.14] },
  { name: "white", rgb: [0.88, 0.86, 0.82] },
  { name: "beige", rgb: [0.78, 0.65, 0.45] },
  { name: "grey", rgb: [0.5, 0.49, 0.48] },
];

/** A dog from the side, standing, running or sitting; 0.5 to 0.9 metres tall. */
export function drawDog(random: Random): Figure {
  const coat = random.pick(coats);
  const rgb = vary(random, coat.rgb, 0.1);
  const seed = random.integer(1 << 20);
  const spotted = random.chance(0.3);
  const second = mix(rgb, coat.name === "white" ? [0.35, 0.22, 0.14] : [0.92, 0.9, 0.86], 0.85);
  const fur: Material = spotted
    ? patched(rgb, second, { size: 0.22, share: 0.4, seed })
    : mottled(rgb, { size: 0.06, amount: 0.2, stretch: 2, seed });
  const far = mottled(scaled(rgb, 0.72), { size: 0.06, amount: 0.2, seed });
  const size = random.between(0.65, 1);
  const pose = random.pick(["standing", "running", "sitting"] as const);
  const long = random.between(0.9, 1.15);
  const slim = random.between(0.8, 1.15);
  const shapes: Shape[] = [];
  const s = (points: Point[]) => smooth(points.map(([x, y]) => [x * size, y * size]));
  const l = (...joints: [number, number, number][]) =>
    limb(...joints.map(([x, y, r]): [number, number, number] => [x * size, y * size, r * size]));

  let headX = 0.42 * long;
  let headY = 0.66;
  const wag = random.between(0.05, 0.3);
  if (pose === "sitting") {
    [headX, headY] = [0.2, 0.74];
    shapes.push(shape(l([-0.24, 0.08, 0.04], [-0.42, 0.06 + wag * 0.5, 0.035], [-0.5, 0.14 + wag, 0.02]), fur, 0.5));
    shapes.push(shape(l([0.14, 0.42, 0.06], [0.17, 0.05, 0.045], [0.22, 0.03, 0.04]), far, 0.5));
    shapes.push(
      shape(
        s([
          [-0.3, 0.05],
          [-0.32, 0.25],
          [-0.1, 0.5],
          [0.1, 0.64],
          [0.24, 0.58],
          [0.24, 0.35],
          [0.14, 0.1],
          [-0.05, 0.02],
        ]),
        fur,
        1,
      ),
    );
    shapes.push(shape(ellipse(-0.14 * size, 0.14 * size, 0.19 * size, 0.14 * size), fur, 0.8));
    shapes.push(shape(l([0.17, 0.42, 0.065], [0.2, 0.05, 0.045], [0.26, 0.03, 0.04]), fur, 0.5));
  } else {
    const reach = pose === "running" ? random.between(0.16, 0.26) : random.between(0, 0.05);
    const [back, front] = [-0.3 * long, 0.26 * long];
    const leg = (x: number, shift: number, material: Material) =>
      shapes.push(
        shape(
          l(
            [x, 0.4, 0.075 * slim],
            [x + shift * 0.6 - 0.02, 0.2, 0.05],
            [x + shift, 0.04 + (pose === "running" ? 0.05 : 0), 0.038],
            [x + shift + 0.04, 0.035 + (pose === "running" ? 0.05 : 0), 0.034],
          ),
          material,
          0.5,
        ),
      );
    leg(back + 0.03, reach, far);
    leg(front - 0.03, -reach, far);
    shapes.push(
      shape(
        l([back - 0.06, 0.55, 0.045], [back - 0.2, 0.6 + wag * 0.6, 0.035], [back - 0.28, 0.68 + wag, 0.02]),
        fur,
        0.5,
      ),
    );
    shapes.push(
      shape(
        s([
          [back - 0.1, 0.5],
          [back, 0.61],
          [0, 0.59],
          [front, 0.63],
          [front + 0.12, 0.52],
          [front + 0.02, 0.34],
          [0, 0.4 - 0.05 * slim],
          [back, 0.4],
        ]),
        fur,
        1,
      ),
    );
    leg(back, -reach, fur);
    leg(front, reach, fur);
    shapes.push(shape(l([front + 0.04, 0.54, 0.11 * slim], [headX - 0.02, headY, 0.085]), fur, 0.6));
  }
  const [hx, hy] = [headX * size, headY * size];
  const muzzle = random.between(0.12, 0.2) * size;
  shapes.push(shape(ellipse(hx, hy, 0.115 * size, 0.105 * size), fur, 0.9));
  shapes.push(
    shape(
      limb(
        [hx + 0.05 * size, hy - 0.03 * size, 0.065 * size],
        [hx + 0.05 * size + muzzle, hy - 0.05 * size, 0.045 * size],
      ),
      spotted ? plain(second) : fur,
      0.6,
    ),
  );
  shapes.push(
    shape(
      ellipse(hx + 0.075 * size + muzzle, hy - 0.03 * size, 0.027 * size, 0.024 * size),
      plain([0.08, 0.07, 0.07]),
      0.5,
    ),
  );
  shapes.push(
    shape(ellipse(hx + 0.045 * size, hy + 0.03 * size, 0.017 * size, 0.019 * size), plain([0.06, 0.05, 0.05]), 0),
  );
  const ear = plain(scaled(rgb, 0.6));
  const ears = random.chance(0.5)
    ? s([
        [headX - 0.08, headY + 0.09],
        [headX - 0.02, headY + 0.1],
        [headX - 0.02, headY - 0.06],
        [headX - 0.09, headY - 0.12],
        [headX - 0.13, headY - 0.02],
      ])
    : s([
        [headX - 0.1, headY + 0.05],
        [headX - 0.07, headY + 0.22],
        [headX + 0.02, headY + 0.08],
      ]);
  shapes.push(shape(ears, ear, 0.4));
  if (random.chance(0.5)) {
    const collar = plain(
      vary(
        random,
        random.pick<Rgb>([
          [0.75, 0.12, 0.12],
          [0.15, 0.3, 0.7],
          [0.15, 0.5, 0.3],
        ]),
        0.1,
      ),
    );
    const [cx, cy] = pose === "sitting" ? [0.17, 0.62] : [headX - 0.09, headY - 0.1];
    shapes.push(shape(l([cx - 0.07, cy + 0.03, 0.022], [cx + 0.07, cy - 0.03, 0.022]), collar, 0.3));
  }
  return { shapes, traits: { color: coat.name, pose, quality: spotted ? "spotted" : undefined } };
}
