/** Results in the forms of other programs, beside mask, overlay and record. */

import { isBackgroundName } from "../data/background.ts";
import { InputError, problem } from "../errors.ts";
import { formatColor } from "../image/color.ts";
import { type Color, IGNORE } from "../image/image.ts";
import { outlinesOf, type Region } from "../image/outlines.ts";
import type { Platform } from "../platform/platform.ts";
import { writeNpy } from "../weights/npy.ts";
import { encodeClassMask } from "./data-mask.ts";
import { type Georeference, placeOf } from "./georeference.ts";
import type { ModelCard } from "./model.ts";
import type { Segmentation } from "./segmentation.ts";

/** Of forms of which there is a file for each photograph: how it ends. */
export const formEndings = {
  confidence: ".confidence.png",
  semantic: ".semantic.png",
  probabilities: ".npy",
  geojson: ".geojson",
  labelme: ".labelme.json",
  svg: ".svg",
} as const;

export type PhotographForm = keyof typeof formEndings;

export const photographForms = Object.keys(formEndings) as readonly PhotographForm[];

/** Of `coco` there is one file for the whole folder. */
export type Form = PhotographForm | "coco";

export const formNames: readonly Form[] = [...photographForms, "coco"];

/** What a segmenter must give of every pixel for these forms. */
export function detailFor(forms: readonly Form[]): "confidence" | "probabilities" | undefined {
  if (forms.includes("probabilities")) return "probabilities";
  return forms.includes("confidence") ? "confidence" : undefined;
}

/** What a region is, for people and programs. */
interface Shown {
  readonly name: string;
  readonly color: Color;
  readonly index: number;
  /** Of a panoptic model. */
  readonly segment?: { readonly id: number; readonly score?: number | undefined };
}

interface Drawn {
  readonly width: number;
  readonly height: number;
  /** Regions of one class or segment are together. */
  readonly groups: readonly { readonly shown: Shown; readonly regions: readonly Region[] }[];
}

/** result → the content of the file. photograph: its path as seen from the folder of the file. */
export async function encodeForm(
  form: PhotographForm,
  result: Segmentation,
  card: Pick<ModelCard, "classes">,
  place: {
    readonly photograph: string;
    readonly platform: Pick<Platform, "encodeIndexedPng">;
    readonly georeference?: Georeference | undefined;
  },
): Promise<Uint8Array | string | readonly Uint8Array[]> {
  const { width, height } = result.labels;
  if (form === "confidence") {
    const data = Uint8Array.from(result.confidence!, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
    const palette = Array.from({ length: 256 }, (_, grey): Color => [grey, grey, grey]);
    return place.platform.encodeIndexedPng({ width, height, data, palette });
  }
  if (form === "semantic") {
    if (result.readOut === undefined) {
      const expected = "expected a model that says the class of every pixel for semantic";
      throw new InputError(problem("predict", expected, "another panoptic one", "Leave it out."));
    }
    return encodeClassMask(place.platform, result.readOut, card.classes);
  }
  if (form === "probabilities") {
    return writeNpy({ dtype: "float32", shape: [card.classes.length, height, width], data: result.probabilities! });
  }
  const drawn = drawnFrom(result, card);
  if (form === "geojson") return geojson(drawn, place.georeference);
  return form === "svg" ? svg(drawn) : labelme(drawn, place.photograph);
}

function drawnFrom({ labels, panoptic }: Segmentation, { classes }: Pick<ModelCard, "classes">): Drawn {
  const { width, height, data } = panoptic ?? labels;
  const regions = outlinesOf(width, height, data, (label) => label === (panoptic === undefined ? IGNORE : 0));
  const byLabel = new Map<number, Region[]>();
  for (const region of regions) byLabel.set(region.label, [...(byLabel.get(region.label) ?? []), region]);
  const segments = new Map(panoptic?.segments.map((segment) => [segment.id, segment]));
  const groups = [...byLabel].sort(([a], [b]) => a - b);
  return {
    ...{ width, height },
    groups: groups.map(([label, all]) => {
      const segment = segments.get(label);
      const index = panoptic === undefined ? label : (segment?.classIndex ?? 0);
      const { name, color } = classes[index];
      const own = panoptic !== undefined && { segment: { id: label, score: segment?.score } };
      return { shown: { name, color, index, ...own }, regions: all };
    }),
  };
}

function pointsOf(ring: readonly number[]): [number, number][] {
  return Array.from({ length: ring.length / 2 }, (_, at) => [ring[2 * at], ring[2 * at + 1]]);
}

/**
 * GeoJSON (RFC 7946), a MultiPolygon with holes for each class or segment. Coordinates are those of the photograph's georeference, whose
 * system is named as in GeoJSON 2008 where it is not WGS 84; without one, pixels from the upper left corner, y downwards.
 */
function geojson({ width, height, groups }: Drawn, georeference: Georeference | undefined): string {
  const mirrors = georeference === undefined || orientation(georeference) > 0;
  const ringOf = (ring: readonly number[]) => {
    const points = pointsOf(ring).map(([x, y]) => (georeference === undefined ? [x, y] : placeOf(georeference, x, y)));
    // Outer rings turn counterclockwise there, where y goes upwards; ours turn clockwise where it goes downwards, which is the same.
    const turned = mirrors ? points : points.reverse();
    return [...turned, turned[0]];
  };
  const features = groups.map(({ shown: { name, color, index, segment }, regions }) => ({
    type: "Feature",
    properties: {
      ...{ class: name, index, color: formatColor(color) },
      pixels: regions.reduce((sum, { pixels }) => sum + pixels, 0),
      ...(segment && { segment: segment.id, ...(segment.score !== undefined && { score: segment.score }) }),
    },
    geometry: {
      type: "MultiPolygon",
      coordinates: regions.map(({ outer, holes }) => [outer, ...holes].map(ringOf)),
    },
  }));
  const epsg = georeference?.epsg ?? null;
  const crs =
    epsg === null || epsg === 4326
      ? {}
      : { crs: { type: "name", properties: { name: `urn:ogc:def:crs:EPSG::${epsg}` } } };
  const lines = features.map((feature) => JSON.stringify(feature)).join(",\n");
  const head = JSON.stringify({ type: "FeatureCollection", ...crs, width, height });
  return `${head.slice(0, -1)},"features":[\n${lines}\n]}\n`;
}

/** Above 0 where the map keeps clockwise what is clockwise. */
function orientation({ transform: [, b, c, , e, f] }: Georeference): number {
  return b * f - c * e;
}

/** A path for each class or segment, filled by the even-odd rule, of the photograph's size. */
function svg({ width, height, groups }: Drawn): string {
  const paths = groups.map(({ shown: { name, color, segment }, regions }) => {
    const rings = regions.flatMap(({ outer, holes }) => [outer, ...holes]);
    const path = rings
      .map(
        (ring) =>
          `M${pointsOf(ring)
            .map((point) => point.join(" "))
            .join("L")}Z`,
      )
      .join("");
    const title = segment === undefined ? name : `${name} ${segment.id}`;
    return `<path fill="${formatColor(color)}" fill-rule="evenodd" d="${path}"><title>${escaped(title)}</title></path>`;
  });
  const size = `width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} shape-rendering="crispEdges">\n${paths.join("\n")}\n</svg>\n`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/**
 * labelme's polygons, which have no holes: shapes lie on one another in order of their size, so that what is in a hole lies on what is
 * around it. The background is drawn only where it is inside something.
 */
function labelme({ width, height, groups }: Drawn, photograph: string): string {
  const all = groups.flatMap(({ shown, regions }) => regions.map((region) => ({ shown, region, ring: region.outer })));
  const boxOf = (ring: readonly number[]) => {
    const points = pointsOf(ring);
    const of = (axis: 0 | 1, pick: (a: number, b: number) => number) =>
      points.map((point) => point[axis]).reduce((a, b) => pick(a, b));
    return { left: of(0, Math.min), right: of(0, Math.max), top: of(1, Math.min), bottom: of(1, Math.max) };
  };
  const placed = all.map((each) => ({ ...each, box: boxOf(each.ring), size: enclosed(each.ring) }));
  const isBackground = ({ shown }: (typeof placed)[number]) => isBackgroundName(shown.name);
  const inside = (one: (typeof placed)[number]) =>
    placed.some(
      (other) =>
        other !== one &&
        other.region.holes.length > 0 &&
        other.box.left < one.box.left &&
        other.box.right > one.box.right &&
        other.box.top < one.box.top &&
        other.box.bottom > one.box.bottom,
    );
  const shapes = placed
    .filter((each) => !isBackground(each) || inside(each))
    .sort((a, b) => b.size - a.size)
    .map(({ shown, ring }) => ({
      label: shown.name,
      points: pointsOf(ring),
      group_id: shown.segment?.id ?? null,
      shape_type: "polygon",
      flags: {},
    }));
  const record = { version: "5.5.0", flags: {}, shapes, imagePath: photograph, imageData: null };
  return `${JSON.stringify({ ...record, imageHeight: height, imageWidth: width }, null, 1)}\n`;
}

/** Pixels within a ring, holes and all. */
function enclosed(ring: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < ring.length; at += 2) {
    const next = (at + 2) % ring.length;
    sum += ring[at] * ring[next + 1] - ring[next] * ring[at + 1];
  }
  return Math.abs(sum / 2);
}
