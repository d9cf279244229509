/** Maps of segments in files, whatever tells their classes. */

import type { ClassInfo, SegmentMap } from "../data/sample.ts";
import { InputError, problem } from "../errors.ts";
import type { LabelMap } from "../image/image.ts";
import { segmentIdsOf } from "../metrics/segment-ids.ts";
import type { RawImage } from "../platform/platform.ts";
import type { AnnotatedIds, NumberedInstances, PanopticFile } from "./layout.ts";
import { instancesOf, type Numbered, numberedSegments, twoChannelsOf } from "./numbered-instances.ts";

/** raw: the decoded file; mask: what is in the mask that `panoptic` names, unused where it names none. Throws InputError naming the file. */
export function segmentsOf(
  raw: RawImage,
  panoptic: PanopticFile,
  classes: readonly ClassInfo[],
  mask?: LabelMap,
): SegmentMap {
  if ("segments" in panoptic) return annotatedSegments(raw, panoptic);
  return numberedSegments(numberedOf(raw, panoptic, classes, mask), panoptic.file, classes);
}

/** The class and the number of each pixel. Throws InputError naming the file. */
export function numberedOf(
  raw: RawImage,
  { file, mask: masked }: NumberedInstances,
  classes: readonly ClassInfo[],
  mask?: LabelMap,
): Numbered {
  return masked === undefined || mask === undefined ? twoChannelsOf(raw, file, classes) : instancesOf(raw, file, mask);
}

/** Every id of the file must be one of its annotation's; segments without a pixel are left out. */
function annotatedSegments(raw: RawImage, { file, segments }: AnnotatedIds): SegmentMap {
  const map = idsOf(raw, file);
  const known = new Set(segments.map(({ id }) => id)).add(0);
  const seen = new Set<number>();
  let last = 0;
  for (let pixel = 0; pixel < map.data.length; pixel++) {
    const id = map.data[pixel];
    if (id === last) continue;
    last = id;
    if (!known.has(id)) {
      const place = `${id} at column ${pixel % map.width}, row ${Math.floor(pixel / map.width)}`;
      // OpenCV writes blue first unless it is told otherwise.
      const swapped = Math.floor(id / 65_536) + (Math.floor(id / 256) % 256) * 256 + (id % 256) * 65_536;
      const remedy = known.has(swapped)
        ? "Its red and blue have changed places: save the picture with red first."
        : "Add the segment to the annotation, or make its pixels 0.";
      throw new InputError(problem(file, "expected ids of the annotation's segments, or 0", place, remedy));
    }
    seen.add(id);
  }
  return { ...map, segments: segments.filter(({ id }) => seen.has(id)) };
}

/** COCO's ids, or grey of 16 bits, as predict writes them too. */
function idsOf(raw: RawImage, file: string): Omit<SegmentMap, "segments"> {
  const { width, height, channels, bits, data } = raw;
  return channels === 1 && bits === 16 ? { width, height, data: Uint32Array.from(data) } : segmentIdsOf(raw, file);
}
