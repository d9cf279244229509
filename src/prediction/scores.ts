/** Class scores of an image at one scale, in one piece or in tiles, so that memory is bounded whatever the image. */
import { cropImage } from "../image/crop.ts";
import type { Image } from "../image/image.ts";
import type { Rectangle, ScoreMap } from "./enlarge.ts";
import type { ModelCard } from "./model.ts";
import type { PipelinePrograms } from "./programs.ts";
import { spans, windowsPerTile } from "./tiles.ts";
import { paddedSize, workingSize } from "./windows.ts";

export interface ScoreOptions {
  readonly programs: PipelinePrograms;
  readonly card: ModelCard;
  /** Most scores that are computed in one piece. */
  readonly tileElements: number;
}

/** Larger photographs are scaled first and their labels enlarged on the host: the graph would hold copies of both. */
const maxPixels = 16e6;

/** True where the image is small enough, and its scores at this scale few enough, for one run of the graph. */
export function fitsOnePiece({ card, tileElements }: ScoreOptions, image: Image, shortSide: number): boolean {
  if (image.width * image.height > maxPixels) return false;
  const [height, width] = paddedSize(workingSize(image.height, image.width, shortSide), card.window);
  const oneWindow = height === card.window[0] && width === card.window[1];
  return oneWindow || card.classes.length * height * width <= tileElements;
}

/**
 * Calls `use` with the parts of the image's scores, one after another. `used` is the part of a map that is decided by
 * it, in pixels of the working image; the parts cover it without overlap.
 */
export async function eachScoreMap(
  options: ScoreOptions,
  image: Image,
  shortSide: number,
  use: (map: ScoreMap, used: Rectangle) => void | Promise<void>,
): Promise<void> {
  const { programs, card, tileElements } = options;
  const [height, width] = workingSize(image.height, image.width, shortSide);
  if (fitsOnePiece(options, image, shortSide)) {
    const { probabilities } = await programs.run(image, shortSide, ["probabilities"]);
    const data = probabilities.data as Float32Array;
    const whole = { top: 0, left: 0, bottom: height, right: width };
    return use({ height, width, top: 0, left: 0, rows: height, columns: width, data }, whole);
  }
  const ownSize = height === image.height && width === image.width;
  const scaled = ownSize ? image : await programs.scale(image, shortSide);
  const fits = fitsOnePiece(options, scaled, 0);
  const windows = fits ? Number.POSITIVE_INFINITY : windowsPerTile(card.classes.length, card.window, tileElements);
  for (const down of spans(height, card.window[0], windows)) {
    for (const across of spans(width, card.window[1], windows)) {
      const [rows, columns] = [down.to - down.from, across.to - across.from];
      const tile = cropImage(scaled, { top: down.from, left: across.from, height: rows, width: columns });
      const { probabilities } = await programs.run(tile, 0, ["probabilities"]);
      const data = probabilities.data as Float32Array;
      const used = { top: down.first, bottom: down.end, left: across.first, right: across.end };
      await use({ height, width, top: down.from, left: across.from, rows, columns, data }, used);
    }
  }
}

/** The image's scores at one scale as one map, put together from tiles where need be. */
export async function wholeScoreMap(options: ScoreOptions, image: Image, shortSide: number): Promise<ScoreMap> {
  let whole: ScoreMap | undefined;
  const classes = options.card.classes.length;
  await eachScoreMap(options, image, shortSide, (map, used) => {
    const { height, width } = map;
    if (map.rows === height && map.columns === width) {
      whole = map;
      return;
    }
    whole ??= {
      height,
      width,
      top: 0,
      left: 0,
      rows: height,
      columns: width,
      data: new Float32Array(classes * height * width),
    };
    for (let k = 0; k < classes; k++) {
      for (let y = used.top; y < used.bottom; y++) {
        const from = (k * map.rows + y - map.top) * map.columns - map.left;
        whole.data.set(map.data.subarray(from + used.left, from + used.right), (k * height + y) * width + used.left);
      }
    }
  });
  return whole!;
}
