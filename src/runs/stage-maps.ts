/** What a pass keeps beside its labels for whoever wants it: `maps/STAGE/NAME.png` or `.npy`. */
import { requireArray } from "../array/check-arrays.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError, isObject, shown } from "../errors.ts";
import type { Color, LabelMap } from "../image/image.ts";
import type { Platform } from "../platform/platform.ts";
import { writeNpy } from "../weights/npy.ts";

/** Where the maps of a stage lie. */
export function mapsFolder(run: string, stage: string): string {
  return `${run}/maps/${stage}`;
}

const greys = Array.from({ length: 256 }, (_, value): Color => [value, value, value]);

/** Throws InputError, which begins with `where`, for what is neither a map of bytes nor an array. */
export async function writeMaps(
  platform: Pick<Platform, "encodeIndexedPng" | "writeFile">,
  folder: string,
  maps: Named<LabelMap | NdArray>,
  where: string,
): Promise<void> {
  for (const [name, map] of Object.entries(maps)) {
    if (isArrayLike(map)) {
      requireArray(map, `${where}: ${name}`);
      await platform.writeFile(`${folder}/${name}.npy`, writeNpy(map));
      continue;
    }
    if (!(map?.data instanceof Uint8Array && map.data.length === map.width * map.height)) {
      throw new InputError(`${where}: expected maps of bytes or arrays, got ${shown(map)} as ${name}. Correct visit.`);
    }
    await platform.writeFile(`${folder}/${name}.png`, await platform.encodeIndexedPng({ ...map, palette: greys }));
  }
}

function isArrayLike(map: LabelMap | NdArray): map is NdArray {
  return isObject(map) && "dtype" in map;
}
