import { requireArray } from "../array/check-arrays.ts";
import { ndarray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import type { SemanticModel } from "../methods/model.ts";
import { addEnlarged, type ScoreMap } from "./enlarge.ts";
import type { PipelinePrograms } from "./programs.ts";

/**
 * The mean scores of all views, at the size of the largest map, as the model's method makes them better. maps: whole ones,
 * each a sum over the views of one scale, with the shorter side that was asked for; views: how many there are in all.
 */
export async function refinedScores(
  programs: PipelinePrograms,
  image: Image,
  shortSides: readonly number[],
  maps: readonly ScoreMap[],
  views: number,
  refine: NonNullable<SemanticModel["refine"]>,
): Promise<ScoreMap> {
  const largest = maps.reduce((best, map, index) => (map.height > maps[best].height ? index : best), 0);
  const others = maps.filter((_, index) => index !== largest);
  const { height, width, data } = maps[largest];
  const classes = data.length / (height * width);
  const sum = Float32Array.from(data);
  for (const other of others) addEnlarged(sum, [height, width], other, classes);
  const mean = sum.map((value) => value / views);
  const same = height === image.height && width === image.width;
  const scaled = same ? image : await programs.scale(image, shortSides[largest]);
  const better = await refine(ndarray("float32", [classes, height, width], mean), scaled);
  requireArray(better, "refine of the model");
  if (String(better.shape) !== `${classes},${height},${width}` || better.dtype !== "float32") {
    throw new InputError(
      `refine of the model: expected float32 [${classes}, ${height}, ${width}], got ${better.dtype} [${better.shape}]. Correct the method.`,
    );
  }
  return { ...maps[largest], data: better.data as Float32Array };
}
