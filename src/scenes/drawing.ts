import { classIndexOf } from "./classes.ts";
import type { Shape } from "./figure.ts";
import type { Frame } from "./frame.ts";
import { type Affine, compose, inverse } from "./geometry.ts";
import type { Material } from "./material.ts";
import { createRaster, fillPolygons, type Raster, SAMPLES, shadePolygons } from "./raster.ts";
import type { Placed, Stage } from "./stage.ts";

/** A shape as the raster knows it: how to colour a pixel of it. */
export interface Part {
  readonly material: Material;
  readonly classIndex: number;
  /** Id of the thing, 0 for background. */
  readonly owner: number;
  /** Pixels to the material's own coordinates. */
  readonly toLocal: Affine;
  /** Centre of the shading and the reciprocal of its half extents. */
  readonly centerX: number;
  readonly centerY: number;
  readonly perX: number;
  readonly perY: number;
  readonly lightX: number;
  readonly lightY: number;
  readonly haze: number;
}

/** Everything drawn, nothing coloured yet. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly raster: Raster;
  readonly parts: readonly Part[];
  /** Class index per pixel. */
  readonly classes: Uint8Array;
  /** Id of the placed thing per pixel, 0 for background. */
  readonly owners: Uint16Array;
}

/** Draws what `frame` shows of the stage at a size in pixels, without the things in `leftOut`. */
export function draw(stage: Stage, frame: Frame, width: number, height: number, leftOut: ReadonlySet<number>): Drawing {
  const raster = createRaster(width, height);
  const unit = Math.sqrt(width * height) * frame.zoom;
  const toPixels: Affine = [unit, 0, 0, unit, -unit * frame.x, -unit * frame.y];
  const toSamples = toPixels.map((value) => value * SAMPLES) as unknown as Affine;
  const { light } = stage.view;

  const parts: Part[] = [];
  const takesShadow = new Uint8Array(1 << 16);
  const addPart = (
    shape: Shape,
    affine: Affine,
    name: Parameters<typeof classIndexOf>[0],
    owner: number,
    haze: number,
    mirror: boolean,
  ) => {
    const { x0, y0, x1, y1 } = shape.bounds;
    // Backdrops have y down, figures y up and perhaps x mirrored: the light is the same for all.
    const up = owner === 0 ? -1 : 1;
    parts.push({
      material: shape.material,
      classIndex: classIndexOf(name),
      owner,
      toLocal: inverse(compose(toPixels, affine)),
      centerX: (x0 + x1) / 2,
      centerY: (y0 + y1) / 2,
      perX: 2 / Math.max(1e-6, x1 - x0),
      perY: 2 / Math.max(1e-6, y1 - y0),
      lightX: light.x * shape.round * (mirror ? -1 : 1),
      lightY: light.y * shape.round * up,
      haze,
    });
    return parts.length - 1;
  };

  const identity: Affine = [1, 0, 0, 1, 0, 0];
  for (const { className, shape, haze, takesShadow: takes } of stage.backdrops) {
    const part = addPart(shape, identity, className, 0, haze, false);
    takesShadow[part] = takes ? 1 : 0;
    fillPolygons(raster, shape.polygons, toSamples, part);
  }
  const ordered = [...stage.placed].sort((a, b) => a.depth - b.depth || a.id - b.id);
  for (const placed of ordered) {
    if (leftOut.has(placed.id)) continue;
    if (placed.castsShadow) drawShadow(raster, placed, toSamples, stage, takesShadow);
    const affine = compose(toSamples, placed.affine);
    for (const shape of placed.figure.shapes) {
      const part = addPart(shape, placed.affine, placed.className, placed.id, placed.haze, placed.mirror);
      takesShadow[part] = 1;
      fillPolygons(raster, shape.polygons, affine, part);
    }
  }

  const classes = new Uint8Array(width * height);
  const owners = new Uint16Array(width * height);
  const center = (SAMPLES - 1) / 2;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const part = parts[raster.parts[(y * SAMPLES + center) * raster.columns + x * SAMPLES + center]];
      classes[y * width + x] = part.classIndex;
      owners[y * width + x] = part.owner;
    }
  }
  return { width, height, raster, parts, classes, owners };
}

/** The shadow on the ground: every shape of the figure, sheared away from the light. */
function drawShadow(
  raster: Raster,
  { figure, affine }: Placed,
  toSamples: Affine,
  { view }: Stage,
  takesShadow: Uint8Array,
): void {
  const [right, up] = view.light.cast;
  const [a, b, c, d, e, f] = affine;
  const scale = Math.hypot(a, b);
  // Height above the ground, in scene units: −(b·x + d·y). It moves the foot by `right` and `up` times itself.
  const sheared: Affine = [a - right * b, up * b, c - right * d, up * d, e, f];
  const strength = Math.round(255 * view.light.shadow);
  if (strength === 0 || scale === 0) return;
  const toRaster = compose(toSamples, sheared);
  for (const { polygons } of figure.shapes) shadePolygons(raster, polygons, toRaster, strength, takesShadow);
}
