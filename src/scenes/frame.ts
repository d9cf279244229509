import type { Random } from "../array/random.ts";
import type { ClassName } from "./classes.ts";
import type { Placed, Stage } from "./stage.ts";

/** What of a stage fills the picture: a window of the picture's proportions, by its upper left corner, in scene units. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  /** Times that the whole stage is as wide and as high as the window; 1: the window is the whole stage. */
  readonly zoom: number;
}

export const wholeStage: Frame = { x: 0, y: 0, zoom: 1 };

/** A detail of any place is at most so many times enlarged: an eightieth of the picture's area. */
const STRONGEST = 9;
/** That of a thing is as many times as the thing needs: a far bird is a thirtieth of a picture wide. */
const STRONGEST_OF_THINGS = 27;

/** What is in most details whether they are of it or not. Of what is small there are three times as many. */
const large: ReadonlySet<ClassName> = new Set(["tree", "house", "car", "bus", "boat", "table", "bed"]);

/**
 * A detail, as by a longer lens: two of three times of one thing with some of what is around it, else of any place. Photographs are often
 * of few things, and only such say what is what: where each picture has a sky and a road, no caption tells the one from the other.
 */
export function pickDetail(random: Random, { view, placed }: Stage): Frame {
  const { width, height } = view;
  let zoom = STRONGEST ** random.between(0.5, 1);
  let [x, y] = [random.uniform() * width, random.uniform() * height];
  if (placed.length > 0 && random.chance(2 / 3)) {
    const { x0, y0, x1, y1 } = pickThing(random, placed).extent;
    const share = Math.max((x1 - x0) / width, (y1 - y0) / height, 1e-6);
    zoom = Math.min(STRONGEST_OF_THINGS, Math.max(1, random.between(0.5, 1.1) / share));
    [x, y] = [
      (x0 + x1) / 2 + random.between(-0.2, 0.2) * (x1 - x0),
      (y0 + y1) / 2 + random.between(-0.2, 0.2) * (y1 - y0),
    ];
  }
  const corner = (middle: number, side: number) => Math.min(side - side / zoom, Math.max(0, middle - side / zoom / 2));
  return { x: corner(x, width), y: corner(y, height), zoom };
}

/** A class first, then one of its things: a street has a dozen houses, and one dog. */
function pickThing(random: Random, placed: readonly Placed[]): Placed {
  const classNames = [...new Set(placed.map(({ className }) => className))];
  const chosen = random.pick(classNames.flatMap((name) => (large.has(name) ? [name] : [name, name, name])));
  return random.pick(placed.filter(({ className }) => className === chosen));
}
