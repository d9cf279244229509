import type { Random } from "../../array/random.ts";
import type { ClassName } from "../classes.ts";
import type { Stage } from "../stage.ts";
import { composeMeadow } from "./meadow.ts";
import { composeBedroom, composeLivingRoom } from "./room.ts";
import { composeBeach, composeLake } from "./shore.ts";
import { composeStreet } from "./street.ts";
import { composeTableTop } from "./table-top.ts";
import { composeWinter } from "./winter.ts";

/** Sets a stage of the given size in scene units (area 1). */
type Compose = (random: Random, width: number, height: number) => Stage;

interface Place {
  readonly indoor: boolean;
  readonly compose: Compose;
  /** What can be seen there. */
  readonly classes: readonly ClassName[];
}

const outdoors: readonly ClassName[] = ["sky", "tree", "person", "dog", "bird", "balloon", "ball"];
const indoors: readonly ClassName[] = ["wall", "table", "lamp", "plant", "cup", "bottle", "picture", "cat", "ball"];
const room: readonly ClassName[] = [...indoors, "floor", "chair", "bicycle", "person", "dog", "balloon"];

/** The kinds of scene. */
export const places = {
  meadow: {
    ...{ indoor: false, compose: composeMeadow },
    classes: [...outdoors, "mountain", "grass", "water", "road", "house", "car", "bicycle", "cat", "sheep"],
  },
  street: {
    ...{ indoor: false, compose: composeStreet },
    classes: [...outdoors, "grass", "road", "pavement", "house", "car", "bus", "bicycle", "cat", "lamp"],
  },
  beach: {
    ...{ indoor: false, compose: composeBeach },
    classes: [...outdoors, "mountain", "water", "sand", "boat", "bicycle", "chair"],
  },
  lake: {
    ...{ indoor: false, compose: composeLake },
    classes: [...outdoors, "mountain", "grass", "water", "house", "boat", "bicycle", "chair"],
  },
  winter: {
    ...{ indoor: false, compose: composeWinter },
    classes: [...outdoors, "mountain", "snow", "house", "car", "cat"],
  },
  "living-room": { indoor: true, compose: composeLivingRoom, classes: room },
  bedroom: { indoor: true, compose: composeBedroom, classes: [...room, "bed"] },
  "table-top": { indoor: true, compose: composeTableTop, classes: indoors },
} as const satisfies Record<string, Place>;

export type PlaceName = keyof typeof places;

export const placeNames = Object.keys(places) as readonly PlaceName[];

/** All that can be seen in scenes of these kinds. */
export function classesIn(kinds: readonly PlaceName[]): ReadonlySet<ClassName> {
  return new Set(kinds.flatMap((kind): readonly ClassName[] => places[kind].classes));
}
