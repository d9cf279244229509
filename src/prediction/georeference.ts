/** Where a photograph lies on the earth: by the tags of a GeoTIFF, or a world file beside it. */

import { lastPart } from "../platform/join-path.ts";
import { descriptionBytes } from "../platform/limits.ts";
import type { Platform } from "../platform/platform.ts";
import { readTiffFields } from "../platform/tiff-tags.ts";

export interface Georeference {
  /** X = a + b·x + c·y, Y = d + e·x + f·y of corner (x, y) of a pixel, in the order of GDAL: a, b, c, d, e, f. */
  readonly transform: readonly [number, number, number, number, number, number];
  /** The system of coordinates by its EPSG code; null where the file does not say it by one. */
  readonly epsg: number | null;
}

type Reader = Pick<Platform, "exists" | "readText" | "withFile" | "list">;

/** Undefined where neither file nor neighbour says it, or what they say is no invertible map. */
export async function georeferenceOf(platform: Reader, photograph: string): Promise<Georeference | undefined> {
  const own = /\.tiff?$/i.test(photograph) ? await ofTiff(platform, photograph) : undefined;
  const found = own ?? (await ofWorldFile(platform, photograph));
  if (found === undefined) return undefined;
  const [, b, c, , e, f] = found.transform;
  return found.transform.every(Number.isFinite) && b * f - c * e !== 0 ? found : undefined;
}

/** GeoTIFF 1.1 (OGC 19-008r4): scale and tie point, or a matrix; of keys the raster's type and the codes of the system. */
async function ofTiff(platform: Reader, photograph: string): Promise<Georeference | undefined> {
  const fields = await platform.withFile(photograph, (file) => readTiffFields(file, [33550, 33922, 34264, 34735]));
  const [scale, tie, matrix, keys = []] = [33550, 33922, 34264, 34735].map((tag) => fields?.get(tag));
  const directory = new Map<number, number>();
  for (let at = 4; at + 3 < keys.length; at += 4) if (keys[at + 1] === 0) directory.set(keys[at], keys[at + 3]);
  const epsg = [3072, 2048].map((key) => directory.get(key)).find((code) => code !== undefined && code < 32767) ?? null;
  // Of points the middle of a pixel is told, of areas its upper left corner.
  const half = directory.get(1025) === 2 ? 0.5 : 0;
  const placed = (b: number, c: number, e: number, f: number, X: number, Y: number, x: number, y: number) => ({
    transform: [X - b * (x + half) - c * (y + half), b, c, Y - e * (x + half) - f * (y + half), e, f] as const,
    epsg,
  });
  if (matrix !== undefined && matrix.length >= 16) {
    const [b, c, , X, e, f, , Y] = matrix;
    return placed(b, c, e, f, X, Y, 0, 0);
  }
  if (scale === undefined || scale.length < 2 || tie === undefined || tie.length < 6) return undefined;
  return placed(scale[0], 0, 0, -scale[1], tie[3], tie[4], tie[0], tie[1]);
}

/** Six lines: x scale, two of rotation, y scale, and the middle of the upper left pixel. `a.jpg` has a.jgw, a.jpgw or a.wld. */
async function ofWorldFile(platform: Reader, photograph: string): Promise<Georeference | undefined> {
  const name = lastPart(photograph);
  const dot = name.lastIndexOf(".");
  if (dot <= 0) return undefined;
  const [stem, ending] = [
    photograph.slice(0, photograph.length - name.length + dot),
    name.slice(dot + 1).toLowerCase(),
  ];
  const short = `${ending[0]}${ending.at(-1)}w`;
  for (const each of new Set([short, `${ending}w`, "wld"])) {
    for (const file of [`${stem}.${each}`, `${stem}.${each.toUpperCase()}`]) {
      if ((await platform.exists(file)) !== "file") continue;
      const numbers = (await platform.readText(file, descriptionBytes)).trim().split(/\s+/).map(Number);
      if (numbers.length !== 6 || !numbers.every(Number.isFinite)) continue;
      const [b, e, c, f, X, Y] = numbers;
      return { transform: [X - b / 2 - c / 2, b, c, Y - e / 2 - f / 2, e, f], epsg: null };
    }
  }
  return undefined;
}

/** A world file for a picture of the same pixels. */
export function worldFile({ transform: [a, b, c, d, e, f] }: Georeference): string {
  return `${[b, e, c, f, a + b / 2 + c / 2, d + e / 2 + f / 2].join("\n")}\n`;
}

export function placeOf({ transform: [a, b, c, d, e, f] }: Georeference, x: number, y: number): [number, number] {
  return [a + b * x + c * y, d + e * x + f * y];
}
