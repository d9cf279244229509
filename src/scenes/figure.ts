import type { ColorName } from "./color.ts";
import { boundsOf, type Polygon } from "./geometry.ts";
import type { Material } from "./material.ts";

/** One piece of a thing: what it covers, what it is made of, and how far its shading makes it look round. */
export interface Shape {
  readonly polygons: readonly Polygon[];
  readonly material: Material;
  /** 0: flat and evenly lit; 1: as round as a ball that fills `bounds`. */
  readonly round: number;
  /** The box that the shading rounds; that of the polygons unless the piece belongs to a larger one. */
  readonly bounds: { readonly x0: number; readonly y0: number; readonly x1: number; readonly y1: number };
}

/** What captions may say about a thing besides its class. */
export interface Traits {
  /** The colour that strikes the eye: of a car's body, a person's top, a cat's fur. */
  readonly color?: ColorName;
  /** What the colour belongs to when it is not the thing as a whole: `a person in a red shirt`. */
  readonly wearing?: string;
  /** What it does: `sitting`, `flying`. */
  readonly pose?: string;
  /** A closer word than the class, true of this one: `girl`, `sailing boat`. Without article. */
  readonly noun?: string;
  /** Something else to say before the noun: `small`, `old`, `striped`. */
  readonly quality?: string;
}

/** A drawn thing, in metres: x to the right, y up, the origin on the ground under its middle. Shapes from back to front. */
export interface Figure {
  readonly shapes: readonly Shape[];
  readonly traits: Traits;
  /** Height above ground of a surface that small things can stand on, with its extent. */
  readonly surface?: { readonly x0: number; readonly x1: number; readonly y: number; readonly depth: number };
}

/** A piece of a thing. `polygons` may be nested lists, as limbs are. */
export function shape(
  polygons: Polygon | readonly Polygon[],
  material: Material,
  round = 0.5,
  bounds?: Shape["bounds"],
): Shape {
  const list = polygons instanceof Float64Array ? [polygons] : polygons;
  return { polygons: list, material, round, bounds: bounds ?? boundsOf(list) };
}

/** Smallest box around the whole figure, in metres. */
export function figureBounds({ shapes }: Figure): { x0: number; y0: number; x1: number; y1: number } {
  return boundsOf(shapes.flatMap(({ polygons }) => polygons));
}
