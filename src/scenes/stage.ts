import type { Random } from "../array/random.ts";
import type { ClassName } from "./classes.ts";
import type { Rgb } from "./color.ts";
import { type Figure, figureBounds, type Shape, shape } from "./figure.ts";
import type { Affine, Polygon } from "./geometry.ts";
import type { Material } from "./material.ts";

/** Where the light comes from and what it does. */
export interface Light {
  /** Direction towards the light in the image plane, y up; shorter than 1 where the light is soft. */
  readonly x: number;
  readonly y: number;
  /** Colour of lit white. */
  readonly tint: Rgb;
  /** Darkness of cast shadows, 0 … 1. */
  readonly shadow: number;
  /** Where the shadow of a point one metre above the ground falls: metres to the right, and metres up the image. */
  readonly cast: readonly [right: number, up: number];
}

/** What a whole picture has in common. Distances in scene units: the area of the picture is 1. */
export interface View {
  readonly width: number;
  readonly height: number;
  /** y of the horizon, from the top. */
  readonly horizon: number;
  /** Height of the camera above ground, in metres: it sets how large things look at a place. */
  readonly eye: number;
  readonly light: Light;
  /** Colour that far things fade into. */
  readonly haze: Rgb;
  /** Share of haze on things right at the horizon, 0 … 1. */
  readonly hazeAmount: number;
}

/** Part of the background, in scene units. */
export interface Backdrop {
  readonly className: ClassName;
  readonly shape: Shape;
  readonly haze: number;
  readonly takesShadow: boolean;
}

/** A thing (or a tree) at its place. */
export interface Placed {
  /** 1 and up, in the order of placing. */
  readonly id: number;
  readonly className: ClassName;
  readonly figure: Figure;
  /** Metres to scene units: mirrored, turned, scaled and shifted. */
  readonly affine: Affine;
  readonly mirror: boolean;
  /** What is drawn first: the larger, the nearer. */
  readonly depth: number;
  readonly haze: number;
  readonly castsShadow: boolean;
  /** The thing that it stands on. */
  readonly on?: number;
  /** Extent in scene units. */
  readonly extent: { readonly x0: number; readonly y0: number; readonly x1: number; readonly y1: number };
}

/** A picture in the making. */
export interface Stage {
  readonly random: Random;
  readonly view: View;
  readonly backdrops: Backdrop[];
  readonly placed: Placed[];
  /** Places, in scene units, where nothing can stand: ponds. */
  readonly avoided: ((x: number, y: number) => boolean)[];
}

/** Adds a piece of background in front of the earlier ones. The material is in scene units. */
export function addBackdrop(
  stage: Stage,
  className: ClassName,
  polygons: Polygon | readonly Polygon[],
  material: Material,
  { haze = 0, takesShadow = true, round = 0 }: { haze?: number; takesShadow?: boolean; round?: number } = {},
): void {
  stage.backdrops.push({ className, shape: shape(polygons, material, round), haze, takesShadow });
}

/** Scene units per metre for a thing that stands at height y of the image. */
export function scaleAt({ horizon, eye }: View, y: number): number {
  return Math.max(0, y - horizon) / eye;
}

export interface PlaceOptions {
  readonly scale?: number;
  readonly mirror?: boolean;
  /** Turned by this angle around its origin, in radians, anticlockwise. */
  readonly angle?: number;
  readonly depth?: number;
  readonly haze?: number;
  readonly castsShadow?: boolean;
  readonly on?: number;
}

/** Puts a figure with its origin at (x, y); its size follows from y unless `scale` is given. */
export function place(
  { view, placed }: Stage,
  className: ClassName,
  figure: Figure,
  x: number,
  y: number,
  { scale = scaleAt(view, y), mirror = false, angle = 0, depth = y, haze, castsShadow = true, on }: PlaceOptions = {},
): Placed {
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const sign = mirror ? -1 : 1;
  // y up in figures, down in the scene.
  const affine: Affine = [sign * cos, -sign * sin, -sin, -cos, x, y];
  const bounds = figureBounds(figure);
  const reach = (bounds.x1 - bounds.x0) / 2;
  const middle = (sign * (bounds.x0 + bounds.x1)) / 2;
  const nearness = Math.max(0, y - view.horizon) / Math.max(1e-6, view.height - view.horizon);
  const entry: Placed = {
    id: placed.length + 1,
    className,
    figure,
    affine,
    mirror,
    depth,
    haze: haze ?? view.hazeAmount * Math.exp(-5 * nearness),
    castsShadow,
    on,
    extent: {
      x0: x + scale * (middle - reach),
      x1: x + scale * (middle + reach),
      y0: y - scale * bounds.y1,
      y1: y - scale * bounds.y0,
    },
  };
  placed.push(entry);
  return entry;
}
