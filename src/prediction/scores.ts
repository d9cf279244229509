/** Class scores of an image at one scale, in one piece or window by window, so that memory is bounded whatever the image. */
import { cropImage } from "../image/crop.ts";
import { flipImage } from "../image/flip.ts";
import type { Image } from "../image/image.ts";
import type { Rectangle, ScoreMap } from "./enlarge.ts";
import type { ModelCard } from "./model.ts";
import type { PipelinePrograms } from "./programs.ts";
import { type Span, spans, windowsPerStrip } from "./tiles.ts";
import { blendShares, paddedSize, type Windowing, windowings, windowStarts, workingSize } from "./windows.ts";

export interface ScoreOptions {
  readonly programs: PipelinePrograms;
  readonly card: ModelCard;
  readonly windowing: Windowing;
  /** Most scores that are computed in one piece. */
  readonly pieceElements: number;
  /**
   * Photographs of more pixels are scaled first, and their labels enlarged on the host: the graph would hold several
   * copies of both.
   */
  readonly piecePixels: number;
}

/**
 * True where the image is small enough, and its scores at this scale few enough, for one run of the graph. The graph has
 * one windowing built in; with another it runs window by window, which are all the same to it.
 */
export function fitsOnePiece(
  { card, windowing, pieceElements, piecePixels }: ScoreOptions,
  image: Image,
  shortSide: number,
): boolean {
  if (image.width * image.height > piecePixels) return false;
  const [height, width] = paddedSize(workingSize(image.height, image.width, shortSide, card.longSide), card.window);
  if (height === card.window[0] && width === card.window[1]) return true;
  return windowing === windowings[card.windowing] && card.classes.length * height * width <= pieceElements;
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
  const { programs, card, windowing, pieceElements } = options;
  const [height, width] = workingSize(image.height, image.width, shortSide, card.longSide);
  if (fitsOnePiece(options, image, shortSide)) {
    const { probabilities } = await programs.run(image, shortSide, ["probabilities"]);
    const data = probabilities.data as Float32Array;
    const whole = { top: 0, left: 0, bottom: height, right: width };
    return use({ height, width, top: 0, left: 0, rows: height, columns: width, data }, whole);
  }
  const ownSize = height === image.height && width === image.width;
  const scaled = ownSize ? image : await programs.scale(image, shortSide);
  if (fitsOnePiece(options, scaled, 0)) {
    const { probabilities } = await programs.run(scaled, 0, ["probabilities"]);
    const data = probabilities.data as Float32Array;
    const whole = { top: 0, left: 0, bottom: height, right: width };
    return use({ height, width, top: 0, left: 0, rows: height, columns: width, data }, whole);
  }
  const windows = windowsPerStrip(card.classes.length, card.window, pieceElements, windowing);
  for (const strip of spans(width, card.window[1], windows, windowing)) await eachBand(options, scaled, strip, use);
}

/**
 * One strip from top to bottom: windows are computed one by one and blended here, with the graph's own arithmetic.
 * Rows that no later window touches are handed to `use` and dropped.
 */
async function eachBand(
  { programs, card, windowing }: ScoreOptions,
  image: Image,
  strip: Span,
  use: (map: ScoreMap, used: Rectangle) => void | Promise<void>,
): Promise<void> {
  const classes = card.classes.length;
  const logits = card.averages === "logits";
  const { height, width } = image;
  const columns = strip.to - strip.from;
  const [windowHeight, windowWidth] = [Math.min(height, card.window[0]), Math.min(columns, card.window[1])];
  const tops = windowStarts(height, windowHeight, windowing);
  const lefts = windowStarts(columns, windowWidth, windowing);
  const sharesDown = blendShares(height, windowHeight, windowing);
  const sharesAcross = blendShares(columns, windowWidth, windowing);
  const scoresOf = (row: number, column: number) => {
    const place = { top: tops[row], left: strip.from + lefts[column], height: windowHeight, width: windowWidth };
    const result = programs.run(cropImage(image, place), 0, ["probabilities"]);
    // Awaited later; until then a failure is not "unhandled".
    result.catch(() => {});
    return result;
  };

  const rows = windowHeight + 1; // one row above the window: the neighbour of what was used before
  const sum = new Float32Array(classes * rows * columns);
  const band = new Float32Array(classes * windowHeight * columns);
  let top = 0;
  let first = 0;
  let ahead: ReturnType<typeof scoresOf> | undefined = scoresOf(0, 0);
  for (let row = 0; row < tops.length; row++) {
    band.fill(0);
    for (let column = 0; column < lefts.length; column++) {
      const { probabilities } = await ahead!;
      const next = column + 1 < lefts.length ? [row, column + 1] : [row + 1, 0];
      ahead = next[0] < tops.length ? scoresOf(next[0], next[1]) : undefined;
      const data = probabilities.data as Float32Array;
      if (logits) toLogs(data);
      addColumns(band, data, { columns, left: lefts[column], width: windowWidth, shares: sharesAcross[column] });
    }
    addRows(sum, band, { classes, rows, columns, top: tops[row] - top, height: windowHeight, shares: sharesDown[row] });
    const last = row === tops.length - 1;
    const end = last ? height : tops[row + 1] - 1;
    // Rows that later windows touch are not what they will be yet, and are not looked at.
    const data = logits ? softmaxOf(sum, classes) : sum;
    const map = { height, width, top, left: strip.from, rows, columns, data };
    await use(map, { top: first, bottom: end, left: strip.first, right: strip.end });
    if (last) return;
    dropRows(sum, { classes, rows, columns, count: end - top });
    top = end;
    first = end;
  }
}

/** Probabilities as logits: what these are up to a number that all classes share, which softmax takes away. */
function toLogs(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) data[i] = Math.log(Math.max(data[i], leastProbability));
}

/** Above 0 in single precision. */
const leastProbability = 1e-38;

/** Of numbers [K, …] over their first axis. */
function softmaxOf(data: Float32Array, classes: number): Float32Array {
  const result = new Float32Array(data.length);
  const plane = data.length / classes;
  for (let at = 0; at < plane; at++) {
    let largest = data[at];
    for (let k = 1; k < classes; k++) largest = Math.max(largest, data[k * plane + at]);
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += Math.exp(data[k * plane + at] - largest);
    for (let k = 0; k < classes; k++) result[k * plane + at] = Math.exp(data[k * plane + at] - largest) / sum;
  }
  return result;
}

/** band[..., left + x] += data[..., x] · shares[x], rounded as the graph's Mul and Add round. */
function addColumns(
  band: Float32Array,
  data: Float32Array,
  { columns, left, width, shares }: { columns: number; left: number; width: number; shares: Float32Array },
): void {
  for (let from = 0, to = left; from < data.length; from += width, to += columns) {
    for (let x = 0; x < width; x++) band[to + x] = band[to + x] + Math.fround(data[from + x] * shares[x]);
  }
}

/** sum[k, top + y, :] += band[k, y, :] · shares[y]. */
function addRows(
  sum: Float32Array,
  band: Float32Array,
  size: { classes: number; rows: number; columns: number; top: number; height: number; shares: Float32Array },
): void {
  const { classes, rows, columns, top, height, shares } = size;
  for (let k = 0; k < classes; k++) {
    for (let y = 0; y < height; y++) {
      const from = (k * height + y) * columns;
      const to = (k * rows + top + y) * columns;
      for (let x = 0; x < columns; x++) sum[to + x] = sum[to + x] + Math.fround(band[from + x] * shares[y]);
    }
  }
}

/** Moves each class's rows up by `count` and clears what follows them. */
function dropRows(
  sum: Float32Array,
  { classes, rows, columns, count }: { classes: number; rows: number; columns: number; count: number },
): void {
  for (let k = 0; k < classes; k++) {
    const plane = sum.subarray(k * rows * columns, (k + 1) * rows * columns);
    plane.copyWithin(0, count * columns);
    plane.fill(0, Math.max(0, rows - count) * columns);
  }
}

/** Scores of the mirrored image, themselves still mirrored. A large photograph is scaled before it is copied. */
export async function mirroredScoreMap(options: ScoreOptions, image: Image, shortSide: number): Promise<ScoreMap> {
  if (image.width * image.height <= options.piecePixels) return wholeScoreMap(options, flipImage(image), shortSide);
  return wholeScoreMap(options, flipImage(await options.programs.scale(image, shortSide)), 0);
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
