import type { Random } from "../../array/random.ts";
import type { ClassName } from "../classes.ts";
import { type Figure, figureBounds } from "../figure.ts";
import { type Placed, type PlaceOptions, place, type Stage, scaleAt } from "../stage.ts";

export interface ScatterOptions extends Omit<PlaceOptions, "scale" | "mirror"> {
  /** Range of the ground line, in scene units from the top. */
  readonly from: number;
  readonly to: number;
  /** Range of x; the whole width if not given. */
  readonly left?: number;
  readonly right?: number;
  /** Drawn larger than life by this factor, so that small things can be made out. */
  readonly boost?: number;
  /** Share of its area that may be common with an earlier thing, 0 … 1. */
  readonly overlap?: number;
  /** Greatest width and height, in scene units. */
  readonly limit?: number;
  /** Facing left or right by chance; letters and clocks would not. */
  readonly turns?: boolean;
}

/** Puts a figure where it hides little of the others and is not hidden: the best of a dozen random places. */
export function scatter(
  stage: Stage,
  random: Random,
  className: ClassName,
  figure: Figure,
  {
    from,
    to,
    left = 0,
    right = stage.view.width,
    boost = 1,
    overlap = 0.25,
    limit = 0.75,
    turns = true,
    ...options
  }: ScatterOptions,
): Placed {
  const bounds = figureBounds(figure);
  const [wide, tall] = [bounds.x1 - bounds.x0, bounds.y1 - bounds.y0];
  const mirror = turns && random.chance(0.5);
  let best: { x: number; y: number; scale: number; cost: number } | undefined;
  for (let attempt = 0; attempt < 12; attempt++) {
    // Evenly over the depth, not over the picture: more things are far than near.
    const y = from + (to - from) * random.uniform() ** 1.2;
    const scale = Math.min(
      scaleAt(stage.view, y) * boost,
      (limit * stage.view.width) / wide,
      (limit * stage.view.height) / tall,
    );
    const half = (wide * scale) / 2;
    const x = random.between(
      Math.min(left + half * 0.7, (left + right) / 2),
      Math.max(right - half * 0.7, (left + right) / 2),
    );
    const cost =
      overlapOf(stage.placed, x - half, y - tall * scale, x + half, y, options.on) +
      Number(stage.avoided.some((inside) => inside(x, y)));
    if (best === undefined || cost < best.cost) best = { x, y, scale, cost };
    if (cost <= overlap * 0.5) break;
  }
  const { x, y, scale } = best!;
  return place(stage, className, figure, x, y, { ...options, scale, mirror });
}

/** Greatest share of the smaller of two boxes that is common, over all placed things. */
function overlapOf(placed: readonly Placed[], x0: number, y0: number, x1: number, y1: number, except?: number): number {
  let worst = 0;
  for (const { extent, id } of placed) {
    if (id === except) continue;
    const across = Math.min(x1, extent.x1) - Math.max(x0, extent.x0);
    const down = Math.min(y1, extent.y1) - Math.max(y0, extent.y0);
    if (across <= 0 || down <= 0) continue;
    const smaller = Math.min((x1 - x0) * (y1 - y0), (extent.x1 - extent.x0) * (extent.y1 - extent.y0));
    worst = Math.max(worst, (across * down) / smaller);
  }
  return worst;
}

/** Puts small things on the surface of a placed one (a table, a bed), side by side. */
export function putOn(
  stage: Stage,
  random: Random,
  base: Placed,
  items: readonly { name: ClassName; figure: Figure }[],
): void {
  const { surface } = base.figure;
  if (surface === undefined) return;
  const [a, b, c, d, e, f] = base.affine;
  const scale = Math.hypot(a, b);
  const slot = (surface.x1 - surface.x0) / items.length;
  items.forEach(({ name, figure }, index) => {
    const along = surface.x0 + slot * (index + random.between(0.25, 0.75));
    const up = surface.y + surface.depth * random.between(-0.35, 0.3);
    const [x, y] = [a * along + c * up + e, b * along + d * up + f];
    // Nearer on the table is lower in the picture; all of it comes after the table.
    place(stage, name, figure, x, y, {
      scale: scale * random.between(0.95, 1.05),
      mirror: random.chance(0.5),
      depth: base.depth + 1e-4 + (y - f) * 1e-4 + 1e-4,
      haze: base.haze,
      on: base.id,
    });
  });
}
