import type { Image } from "../../image/image.ts";
import { classIndexOf } from "./classes.ts";
import type { Rgb } from "./color.ts";
import type { Shape } from "./figure.ts";
import { type Affine, compose, inverse } from "./geometry.ts";
import type { Material } from "./material.ts";
import { createRaster, fillPolygons, type Raster, SAMPLES, shadePolygons } from "./raster.ts";
import type { Placed, Stage } from "./stage.ts";

/** A shape as the raster knows it: how to colour a pixel of it. */
interface Part {
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

/** Draws the stage at a size in pixels, without the things in `leftOut`. */
export function draw(stage: Stage, width: number, height: number, leftOut: ReadonlySet<number>): Drawing {
  const raster = createRaster(width, height);
  const unit = Math.sqrt(width * height);
  const toPixels: Affine = [unit, 0, 0, unit, 0, 0];
  const toSamples: Affine = [unit * SAMPLES, 0, 0, unit * SAMPLES, 0, 0];
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

/** Colours every pixel: once per part that is seen in it, weighted by the samples it covers. Returns RGB, 0 … 1. */
export function color({ width, height, raster, parts }: Drawing, { tint }: { tint: Rgb }, haze: Rgb): Float32Array {
  const out = new Float32Array(width * height * 3);
  const rgb = new Float64Array(3);
  const sum = new Float64Array(3);
  const seen = new Int32Array(SAMPLES * SAMPLES);
  const weight = 1 / (SAMPLES * SAMPLES);

  const addPart = (part: Part, x: number, y: number, shadow: number, share: number) => {
    const { toLocal } = part;
    const u = toLocal[0] * x + toLocal[2] * y + toLocal[4];
    const v = toLocal[1] * x + toLocal[3] * y + toLocal[5];
    part.material(u, v, rgb);
    let nx = (u - part.centerX) * part.perX;
    let ny = (v - part.centerY) * part.perY;
    nx = nx < -1 ? -1 : nx > 1 ? 1 : nx;
    ny = ny < -1 ? -1 : ny > 1 ? 1 : ny;
    const light = 1 + part.lightX * nx + part.lightY * ny;
    const clear = 1 - part.haze;
    // Shadows keep some of the sky's blue.
    sum[0] += share * (rgb[0] * light * tint[0] * (1 - shadow) * clear + haze[0] * part.haze);
    sum[1] += share * (rgb[1] * light * tint[1] * (1 - 0.97 * shadow) * clear + haze[1] * part.haze);
    sum[2] += share * (rgb[2] * light * tint[2] * (1 - 0.88 * shadow) * clear + haze[2] * part.haze);
  };

  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const corner = y * SAMPLES * raster.columns + x * SAMPLES;
      let uniform = true;
      let shadow = 0;
      let count = 0;
      for (let row = 0; row < SAMPLES; row++) {
        for (let column = 0; column < SAMPLES; column++) {
          const at = corner + row * raster.columns + column;
          seen[count] = raster.parts[at];
          if (seen[count] !== seen[0]) uniform = false;
          shadow += raster.shadow[at];
          count++;
        }
      }
      shadow *= weight / 255;
      sum.fill(0);
      if (uniform) addPart(parts[seen[0]], x + 0.5, y + 0.5, shadow, 1);
      else {
        for (let i = 0; i < count; i++) {
          if (seen[i] < 0) continue;
          const part = seen[i];
          let samples = 0;
          for (let j = i; j < count; j++) {
            if (seen[j] !== part) continue;
            samples++;
            seen[j] = -1;
          }
          addPart(parts[part], x + 0.5, y + 0.5, shadow, samples * weight);
        }
      }
      out.set(sum, (y * width + x) * 3);
    }
  }
  return out;
}

/** What a camera adds. */
export interface Camera {
  readonly exposure: number;
  /** Factor of each channel. */
  readonly whiteBalance: Rgb;
  readonly saturation: number;
  readonly contrast: number;
  /** 0: sharp; 1: each pixel mixed with its neighbours' mean. */
  readonly blur: number;
  /** Darkening of the corners, 0 … 1. */
  readonly vignette: number;
  /** Standard deviation of the noise, 0 … 1. */
  readonly noise: number;
  readonly noiseSeed: number;
}

/** Light as a camera stores it: exposure, colours, blur, dark corners, noise; RGB bytes. */
export function develop(light: Float32Array, width: number, height: number, camera: Camera): Image {
  const blurred = camera.blur > 0 ? blur(light, width, height, camera.blur) : light;
  const data = new Uint8Array(width * height * 3);
  const reach = 1 / (width * width + height * height);
  const { whiteBalance, saturation, contrast, exposure } = camera;
  let state = camera.noiseSeed | 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const [dx, dy] = [2 * x - width, 2 * y - height];
      const gain = exposure * (1 - camera.vignette * (dx * dx + dy * dy) * reach);
      const r = blurred[at] * whiteBalance[0];
      const g = blurred[at + 1] * whiteBalance[1];
      const b = blurred[at + 2] * whiteBalance[2];
      const grey = 0.3 * r + 0.59 * g + 0.11 * b;
      for (let channel = 0; channel < 3; channel++) {
        const value = (channel === 0 ? r : channel === 1 ? g : b) - grey;
        // Linear congruential bits, four bytes added: nearly normal, and cheap enough for every channel of every pixel.
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        const bits = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
        const dots = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
        const speckle = ((dots - 510) / 148) * camera.noise;
        const level = (grey + value * saturation) * gain;
        data[at + channel] = Math.min(255, Math.max(0, Math.round(255 * (0.5 + (level - 0.5) * contrast + speckle))));
      }
    }
  }
  return { width, height, data };
}

function blur(source: Float32Array, width: number, height: number, amount: number): Float32Array {
  const out = new Float32Array(source.length);
  const row = new Float32Array(source.length);
  const side = amount / 3;
  const middle = 1 - 2 * side;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const before = x === 0 ? at : at - 3;
      const after = x === width - 1 ? at : at + 3;
      for (let channel = 0; channel < 3; channel++) {
        row[at + channel] = middle * source[at + channel] + side * (source[before + channel] + source[after + channel]);
      }
    }
  }
  const stride = width * 3;
  for (let at = 0; at < out.length; at++) {
    const before = at < stride ? at : at - stride;
    const after = at >= out.length - stride ? at : at + stride;
    out[at] = middle * row[at] + side * (row[before] + row[after]);
  }
  return out;
}
