/** Names of classes on an overlay: at the mean place of their pixels, or where they are, and with their colours below the picture. */
import type { ClassInfo } from "../data/sample.ts";
import type { Color, Image, LabelMap } from "../image/image.ts";
import { type Anchor, innermostPlaces, labelAnchors, type RegionMap } from "../image/label-anchors.ts";
import { drawText, textPixels, textRows } from "../image/pixel-text.ts";

const white: Color = [255, 255, 255];
const black: Color = [0, 0, 0];

/** As large as is easily read where the picture is looked at whole. */
function letterScale({ width, height }: { readonly width: number; readonly height: number }): number {
  return Math.max(1, Math.round(Math.min(width, height) / 320));
}

/** What has a name each: by its pixels, and by its place in the list. */
export interface NamedRegions {
  readonly map: RegionMap;
  readonly names: readonly Pick<ClassInfo, "name">[];
}

/**
 * A new picture: the overlay with the name of each class at its place, or of each of `segments` where there are some, and below it a list of the
 * classes that are there.
 */
export function withLegend(
  overlay: Image,
  labels: LabelMap,
  classes: readonly ClassInfo[],
  segments: NamedRegions = { map: labels, names: classes },
): Image {
  const picture = { ...overlay, data: overlay.data.slice() };
  drawNames(picture, segments.map, segments.names);
  return withList(picture, labels, classes);
}

/**
 * Writes the name of each class, or segment, where it lies on its pixels, into the picture; of one with fewer of them than half its name would cover, and
 * than a hundredth of all, it does not: names of specks lay over everything. picture, labels: of one size.
 */
export function drawNames(picture: Image, labels: RegionMap, classes: readonly Pick<ClassInfo, "name">[]): void {
  const { width, height } = picture;
  const scale = letterScale(picture);
  const means = labelAnchors(labels, classes.length);
  const inside = innermostPlaces(labels, classes.length);
  const lies = ({ row, column }: Anchor, k: number) =>
    labels.data[Math.round(row) * labels.width + Math.round(column)] === k;
  const pixels = new Uint32Array(classes.length);
  for (let i = 0; i < labels.data.length; i++) if (labels.data[i] < pixels.length) pixels[labels.data[i]]++;
  for (const [k, { name }] of classes.entries()) {
    const mean = means[k];
    if (mean === null) continue;
    // What is seen only between the pixels that `innermostPlaces` looks at has its mean place.
    const anchor = lies(mean, k) ? mean : (inside[k] ?? mean);
    const across = textPixels(name)[0].length * scale;
    if (pixels[k] < Math.min((across * textRows * scale) / 2, labels.data.length / 100)) continue;
    const place = {
      left: Math.round(Math.max(scale, Math.min(width - across - scale, anchor.column - across / 2))),
      top: Math.round(Math.max(scale, Math.min(height - textRows * scale, anchor.row - (textRows * scale) / 2))),
    };
    // A dark edge, so that it is read on any colour.
    for (const [x, y] of [
      [-1, 0],
      [1, 0],
      [0, -1],
      [0, 1],
    ]) {
      drawText(picture, name, { left: place.left + x * scale, top: place.top + y * scale, scale, color: black });
    }
    drawText(picture, name, { ...place, scale, color: white });
  }
}

/** A new picture: below it the classes that are there, in order of class index, in as many lines as they need. */
export function withList(overlay: Image, labels: LabelMap, classes: readonly ClassInfo[]): Image {
  const { width } = overlay;
  const scale = letterScale(overlay);
  const seen = new Set(labels.data);
  const present = classes.filter((_, k) => seen.has(k));
  const line = (textRows + 4) * scale;
  const lines: { readonly left: number; readonly line: number }[] = [];
  let [left, row] = [2 * scale, 0];
  for (const { name } of present) {
    const entry = (textRows + 6 + textPixels(name)[0].length) * scale;
    if (left > 2 * scale && left + entry > width) [left, row] = [2 * scale, row + 1];
    lines.push({ left, line: row });
    left += entry + 4 * scale;
  }
  const height = overlay.height + (present.length === 0 ? 0 : (row + 1) * line);
  const data = new Uint8Array(3 * width * height).fill(255);
  data.set(overlay.data);
  const picture = { width, height, data };
  for (const [i, { name, color }] of present.entries()) {
    const top = overlay.height + lines[i].line * line + 2 * scale;
    fill(picture, { left: lines[i].left, top, side: textRows * scale, color });
    drawText(picture, name, { left: lines[i].left + (textRows + 3) * scale, top: top + scale, scale, color: black });
  }
  return picture;
}

function fill(
  { width, height, data }: Image,
  {
    left,
    top,
    side,
    color,
  }: { readonly left: number; readonly top: number; readonly side: number; readonly color: Color },
): void {
  for (let y = top; y < Math.min(height, top + side); y++) {
    for (let x = left; x < Math.min(width, left + side); x++) data.set(color, 3 * (y * width + x));
  }
}
