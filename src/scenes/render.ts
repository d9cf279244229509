import { Random } from "../array/random.ts";
import type { Segment } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import { IGNORE, type Image } from "../image/image.ts";
import { resampleImage } from "../image/resample.ts";
import { resizeImage } from "../image/resize.ts";
import { unlabelBorders } from "./border.ts";
import { develop } from "./camera.ts";
import { describeScene } from "./captions.ts";
import { sceneClasses } from "./classes.ts";
import { type Drawing, draw } from "./drawing.ts";
import { type Frame, pickDetail, wholeStage } from "./frame.ts";
import { allClasses, type ClassChoice, mergeClasses } from "./merged-classes.ts";
import { type PlaceName, placeNames, places } from "./places/index.ts";
import { saliencyOf } from "./saliency.ts";
import { shade } from "./shading.ts";
import type { Stage } from "./stage.ts";
import { pickCamera } from "./weather.ts";

export interface SceneOptions {
  readonly seed: number;
  readonly index: number;
  /** Pixels, 64 … 512. */
  readonly width: number;
  readonly height: number;
  /** One of these places, by chance; any of them if not given. */
  readonly kinds?: readonly PlaceName[];
  /** Width of the unlabelled band along the edges of segments, in pixels; 0, none, if not given. */
  readonly border?: number;
  /** Share of the pictures that show a detail of a scene; 0, none, if not given. */
  readonly details?: number;
  /** What the labels are; the 31 of `sceneClasses` if not given. Captions keep their words. */
  readonly classes?: ClassChoice;
}

/** A drawn picture with every label there is. */
export interface Scene {
  readonly kind: PlaceName;
  readonly image: Image;
  /** Index into the classes per pixel; none of the 31 leaves a pixel unlabelled, unless a border was asked for. */
  readonly labels: { readonly width: number; readonly height: number; readonly data: Uint8Array };
  /** Id of the segment per pixel: one for each thing, one for each class of stuff; 0 where unlabelled. */
  readonly segmentMap: { readonly width: number; readonly height: number; readonly data: Uint32Array };
  readonly segments: readonly Segment[];
  /** Sentences that are true of what is visible; the first is the fullest. */
  readonly captions: readonly string[];
  /** Class indices in the picture, ascending. */
  readonly tags: readonly number[];
  readonly saliency: { readonly width: number; readonly height: number; readonly data: Uint8Array };
}

export const SMALLEST = 64;
export const LARGEST = 512;

/**
 * Draws scene `index` of the world `seed`. Equal arguments give equal bytes.
 *
 * The same scene at another size of the same proportions shows the same things, bar those too small to see. Throws InputError for a size outside
 * 64 … 512 pixels.
 */
export function renderScene(options: SceneOptions): Scene {
  const { seed, index, width, height, kinds = placeNames, border = 0, details = 0, classes = allClasses } = options;
  for (const [name, size] of [
    ["width", width],
    ["height", height],
  ] as const) {
    if (!Number.isInteger(size) || size < SMALLEST || size > LARGEST) {
      throw new InputError(
        problem(
          "scenes",
          `a ${name} of ${SMALLEST} to ${LARGEST} pixels`,
          `${size}`,
          "Pick a whole number in that range.",
        ),
      );
    }
  }
  const random = new Random("scenes", seed, index);
  const kind = random.pick(kinds);
  const { indoor } = places[kind];
  const detail = details > 0 && random.fork("frame").chance(details);
  const { stage, frame, drawing, leftOut } = setAndDraw(random, kind, detail, width, height);

  const light = shade(drawing, stage.view.light.tint, stage.view.haze);
  const sharp = develop(light, width, height, pickCamera(random.fork("camera"), indoor));
  const image = detail ? enlarged(sharp, random.fork("enlarged")) : sharp;
  const pixels = countOwners(drawing, stage.placed.length);
  const visible = stage.placed.filter(({ id }) => !leftOut.has(id) && pixels[id] > 0);
  const captions = describeScene(random.fork("captions"), { kind, stage, frame, drawing, visible });
  const saliency = saliencyOf(drawing, visible);
  const drawn = { labels: drawing.classes, ...segmentsOf(drawing, stage.placed.length) };
  const { labels, segmentMap, segments } = mergeClasses(drawn, classes);
  const tags = [...new Set(labels)].filter((label) => label !== IGNORE).sort((a, b) => a - b);
  if (border > 0) unlabelBorders(labels, segmentMap, drawing, border);
  // Thin things may be all border.
  const left = new Set(segmentMap);
  return {
    kind,
    image,
    labels: { width, height, data: labels },
    segmentMap: { width, height, data: segmentMap },
    segments: segments.filter(({ id }) => left.has(id)),
    captions,
    tags,
    saliency: { width, height, data: saliency },
  };
}

/** As by a longer lens, and sharp, or half of the time as cut out of a photograph and enlarged, up to five times, and soft. */
function enlarged(image: Image, random: Random): Image {
  if (random.chance(0.5)) return image;
  const { width, height } = image;
  const times = random.between(1, 5);
  const [columns, rows] = [width, height].map((side) => Math.round(side / times));
  return resizeImage(resampleImage(image, { left: 0, top: 0, width, height }, columns, rows), width, height);
}

/** Sets the stage, again and again until at least one thing can be seen on it: trees may hide all there is. A detail may show none. */
function setAndDraw(
  random: Random,
  kind: PlaceName,
  detail: boolean,
  width: number,
  height: number,
): { stage: Stage; frame: Frame; drawing: Drawing; leftOut: ReadonlySet<number> } {
  const unit = Math.sqrt(width * height);
  // Things of which next to nothing is seen would make labels and sentences untrue: they leave the stage.
  const least = Math.max(10, Math.round(0.0006 * width * height));
  for (let attempt = 0; ; attempt++) {
    const stage = places[kind].compose(random.fork(kind, attempt), width / unit, height / unit);
    const frame = detail ? pickDetail(random.fork("detail"), stage) : wholeStage;
    const leftOut = new Set<number>();
    let drawing = draw(stage, frame, width, height, leftOut);
    const seen = countOwners(drawing, stage.placed.length);
    for (const { id } of stage.placed) if (seen[id] < least) leftOut.add(id);
    if (leftOut.size > 0) drawing = draw(stage, frame, width, height, leftOut);
    const something = stage.placed.some(({ id, className }) => !leftOut.has(id) && className !== "tree");
    if (something || detail || attempt === 20) return { stage, frame, drawing, leftOut };
  }
}

/** Pixels of each placed thing, by id. */
function countOwners({ owners }: Drawing, things: number): Uint32Array {
  const counts = new Uint32Array(things + 1);
  for (const owner of owners) counts[owner]++;
  return counts;
}

/** Numbers the segments 1, 2, … in reading order of their first pixel; stuff is one segment a class. */
function segmentsOf({ classes, owners }: Drawing, things: number): { segmentMap: Uint32Array; segments: Segment[] } {
  const segmentMap = new Uint32Array(classes.length);
  const ofThing = new Uint32Array(things + 1);
  const ofStuff = new Uint32Array(sceneClasses.length);
  const segments: Segment[] = [];
  for (let i = 0; i < classes.length; i++) {
    const classIndex = classes[i];
    const isThing = sceneClasses[classIndex].thing === true;
    const table = isThing ? ofThing : ofStuff;
    const key = isThing ? owners[i] : classIndex;
    if (table[key] === 0) {
      segments.push({ id: segments.length + 1, classIndex, crowd: false });
      table[key] = segments.length;
    }
    segmentMap[i] = table[key];
  }
  return { segmentMap, segments };
}
