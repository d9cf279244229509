import type { Random } from "../../array/random.ts";
import type { Stage } from "../stage.ts";
import { composeMeadow } from "./meadow.ts";
import { composeBedroom, composeLivingRoom } from "./room.ts";
import { composeBeach, composeLake } from "./shore.ts";
import { composeStreet } from "./street.ts";
import { composeTableTop } from "./table-top.ts";
import { composeWinter } from "./winter.ts";

/** Sets a stage of the given size in scene units (area 1). */
type Compose = (random: Random, width: number, height: number) => Stage;

/** The kinds of scene. */
export const places = {
  meadow: { indoor: false, compose: composeMeadow },
  street: { indoor: false, compose: composeStreet },
  beach: { indoor: false, compose: composeBeach },
  lake: { indoor: false, compose: composeLake },
  winter: { indoor: false, compose: composeWinter },
  "living-room": { indoor: true, compose: composeLivingRoom },
  bedroom: { indoor: true, compose: composeBedroom },
  "table-top": { indoor: true, compose: composeTableTop },
} as const satisfies Record<string, { indoor: boolean; compose: Compose }>;

export type PlaceName = keyof typeof places;

export const placeNames = Object.keys(places) as readonly PlaceName[];
