/** Where the local network looks: squares of the global view. */
import type { Random } from "../../array/random.ts";
import { InputError } from "../../errors.ts";

/** Corners of a box in pixels of the view. */
export type Box = readonly [left: number, top: number, right: number, bottom: number];

export const samplerNames = ["corners+random", "random", "uniform"] as const;

export interface ViewSettings {
  /** `corners+random`: the four corners, then random ones (the release for VOC). `uniform`: a grid of k × k, evenly spaced. */
  readonly sampler: (typeof samplerNames)[number];
  /** Sides of the global view and of the local ones, pixels. */
  readonly size: number;
  readonly crop: number;
  /** Local views of a global one; a square for `uniform`. */
  readonly count: number;
}

/** The boxes of one view's local views. Throws InputError where a crop does not fit, or a grid is not square. */
export function boxesOf({ sampler, size, crop, count }: ViewSettings, random: Random): Box[] {
  const room = size - crop;
  if (!(room >= 0)) {
    throw new InputError(`views: expected crops of at most ${size} pixels, got ${crop}. Make the global view larger.`);
  }
  const box = (left: number, top: number): Box => [left, top, left + crop, top + crop];
  // As the authors draw: offsets below the room, so that the last one is left out.
  const drawn = (index: number) => {
    const stream = random.fork(`view${index}`);
    return box(stream.integer(Math.max(1, room)), stream.integer(Math.max(1, room)));
  };
  if (sampler === "uniform") {
    const side = Math.round(Math.sqrt(count));
    if (side * side !== count) {
      throw new InputError(`views: expected a square number of uniform views, got ${count}. Choose 4, 9 or 16.`);
    }
    const step = (i: number) => Math.round(side === 1 ? room / 2 : (i * room) / (side - 1));
    return Array.from({ length: count }, (_, i) => box(step(i % side), step(Math.floor(i / side))));
  }
  const corners = sampler === "random" ? [] : [box(0, 0), box(0, room), box(room, 0), box(room, room)];
  return Array.from({ length: count }, (_, i) => corners[i] ?? drawn(i));
}
