/** Photographs to class maps with a trained model or an exported one. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError, shown } from "../errors.ts";
import type { Image, LabelMap } from "../image/image.ts";
import type { Method } from "../methods/method.ts";
import type { PredictionModel, SemanticModel } from "../methods/model.ts";
import { recipeFrom } from "../methods/resolve-recipe.ts";
import { modelOf } from "../methods/stages.ts";
import { parseJson } from "../platform/json.ts";
import type { Platform } from "../platform/platform.ts";
import { denseCrf } from "../refinement/dense-crf.ts";
import type { Engine } from "../runtime/engine.ts";
import { cardFrom, cardOf, ownShortSide } from "./card.ts";
import { type ClassScores, classScoresOf } from "./class-scores.ts";
import { type Detail, detailOf } from "./detail.ts";
import { addMirrored, outputOf, type Rectangle, type ScoreMap, writeLabels } from "./enlarge.ts";
import type { ModelCard, TrainedModel } from "./model.ts";
import { segmentPanoptic } from "./panoptic-segmenter.ts";
import { assemble } from "./pipeline/assemble.ts";
import { decodeWhole, type ExportedFile, openPrograms, type PipelinePrograms } from "./programs.ts";
import { refinedScores } from "./refine.ts";
import { eachScoreMap, fitsOnePiece, mirroredScoreMap, type ScoreOptions, wholeScoreMap } from "./scores.ts";
import type { Segmentation, SegmentOptions } from "./segmentation.ts";
import { type WholeImages, wholeImages } from "./whole-images.ts";
import { fittedShortSide, windowingOf, windowings, workingSize } from "./windows.ts";

export interface Segmenter {
  readonly card: ModelCard;
  /** Name of the run or file, for messages and records. */
  readonly source: string;
  /**
   * The class of every pixel, at the image's own size. The image is left as it is. Memory is bounded whatever its size:
   * large images are computed in strips, with the same averages as in one piece.
   */
  segment(image: Image, options?: SegmentOptions): Promise<Segmentation>;
  /** Frees the model; the engine stays open. */
  close(): Promise<void>;
}

export interface SegmenterOptions {
  /** Where the code of a panoptic model in a file is looked up. Default: our own methods. */
  readonly methods?: readonly Method[];
  /** Most class scores that are computed in one piece; smaller: less memory, more time. Default: 96 MB of them. */
  readonly pieceElements?: number;
  /** Photographs of more pixels are enlarged on the host, in less memory. Default: 16 million. */
  readonly piecePixels?: number;
}

const defaultPieceElements = 24 * 2 ** 20;
const defaultPiecePixels = 16e6;
/** Score maps of several scales are kept until all are there; together they may have this many numbers (2 GB). */
const maxKeptElements = 2 ** 29;
/** Output pixels written before others get their turn, in pixels times classes. */
const bandElements = 2 ** 23;

/** Opens a trained model. Throws InputError when its weights do not belong to its method and recipe. */
export async function openSegmenter(
  engine: Engine,
  trained: TrainedModel,
  options: SegmenterOptions = {},
): Promise<Segmenter> {
  const model = await assemble(engine, trained);
  const programs = await openPrograms(engine, { file: null, model: async () => model });
  const { method, recipe, task, source } = trained;
  const host = { model: modelOf({ method, recipe }, task), wholes: wholeImages(engine, trained) };
  return makeSegmenter(programs, cardOf(trained), host, source, options);
}

/** Opens a file written by `exportModel`. Throws InputError for other files. */
export async function openExported(
  engine: Engine,
  platform: Pick<Platform, "readFile" | "exists">,
  file: string,
  options: SegmenterOptions = {},
): Promise<Segmenter> {
  const found = await platform.exists(file);
  if (found !== "file") {
    const got = found === "folder" ? "a folder" : "no such file";
    throw new InputError(`${file}: expected a model written by tessera export, got ${got}. Check the path.`);
  }
  return openFile(engine, { name: file, content: { file } }, () => platform.readFile(file), options);
}

/** Opens the bytes of such a file; `name` is what messages call it. They must stay as they are. */
export function openExportedBytes(
  engine: Engine,
  bytes: Uint8Array,
  name: string,
  options: SegmenterOptions = {},
): Promise<Segmenter> {
  return openFile(engine, { name, content: bytes }, async () => bytes, options);
}

async function openFile(
  engine: Engine,
  file: ExportedFile,
  read: () => Promise<Uint8Array>,
  options: SegmenterOptions,
): Promise<Segmenter> {
  const { name } = file;
  const programs = await openPrograms(engine, { file, model: async () => decodeWhole(await read(), name) });
  try {
    const card = cardFrom(programs.metadata, name);
    const host = { model: modelIn(programs.metadata, card, name, options), wholes: null };
    return makeSegmenter(programs, card, host, name, options);
  } catch (error) {
    await programs.release();
    throw error;
  }
}

/** The host's part of a model in a file: none of a semantic one, whose graph is all there is. */
function modelIn(
  { settings = "" }: Named<string>,
  { kind, classes }: ModelCard,
  name: string,
  { methods }: SegmenterOptions,
): PredictionModel | null {
  if (kind === "semantic") return null;
  let value: unknown;
  try {
    value = parseJson(settings);
  } catch {
    throw new InputError(`${name}: expected metadata "settings", got ${shown(settings)}. Export the run again.`);
  }
  const { method, recipe } = recipeFrom(value, name, methods);
  return modelOf({ method, recipe }, { classes, frequencies: [] });
}

function makeSegmenter(
  programs: PipelinePrograms,
  card: ModelCard,
  { model, wholes }: { readonly model: PredictionModel | null; readonly wholes: WholeImages | null },
  source: string,
  { pieceElements = defaultPieceElements, piecePixels = defaultPiecePixels }: SegmenterOptions,
): Segmenter {
  const classes = card.classes.length;
  /** How an image's scores at one scale are computed. */
  const withScoring = <T>(
    image: Image,
    size: number,
    options: SegmentOptions,
    use: (scoring: ScoreOptions) => Promise<T>,
  ) => {
    const { windows = card.windowing } = options;
    if (windows !== "whole") {
      return use({ programs, card, windowing: windowingOf(windows), pieceElements, piecePixels });
    }
    if (wholes === null) {
      throw new InputError(
        `${source}: expected a run for whole photographs, got a file, whose windows have one size. Use the run, or leave windows out.`,
      );
    }
    const window = workingSize(image.height, image.width, size, card.longSide);
    const windowing = windowings.none;
    return wholes.with(window, (ofSize) =>
      use({ programs: ofSize, card: { ...card, window }, windowing, pieceElements, piecePixels }),
    );
  };
  return {
    card,
    source,
    async segment(image, options = {}) {
      checkImage(image);
      if (model?.kind === "panoptic") return segmentPanoptic(programs, card, model, image, options);
      const { height, width } = image;
      const whole = { top: 0, bottom: height, left: 0, right: width };
      const sizes = shortSides(image, card, options);
      const [only] = sizes;
      const refine = refinementOf(model, options.crf);
      const simple = sizes.length === 1 && !options.flip && refine === undefined;
      const scores = options.scores ? classScoresOf(classes) : undefined;
      const detail = detailOf(options.detail, image, classes);
      if (simple) {
        return withScoring(image, only, options, async (scoring) => {
          if (fitsOnePiece(scoring, image, only)) {
            const wanted = scores || detail ? null : ["labels"];
            const { labels, probabilities } = await scoring.programs.run(image, only, wanted);
            if (wanted === null) {
              scores?.add(wholeMap(probabilities));
              detail?.add([wholeMap(probabilities)], whole, 1);
            }
            return segmentation({ width, height, data: labels.data as Uint8Array }, classes, scores, detail);
          }
          const labels = { width, height, data: new Uint8Array(width * height) };
          await eachScoreMap(scoring, image, only, (map, used) => {
            scores?.add(map, used);
            const where = outputOf(used, map, height, width);
            detail?.add([map], where, 1);
            return writeInBands(labels, where, [map], classes);
          });
          return segmentation(labels, classes, scores, detail);
        });
      }
      const labels = { width, height, data: new Uint8Array(width * height) };
      checkMemory(image, sizes, card);
      let maps: ScoreMap[] = [];
      for (const size of sizes) {
        const found = await withScoring(image, size, options, async (scoring) => {
          const map = await wholeScoreMap(scoring, image, size);
          if (options.flip) {
            const mirrored = await mirroredScoreMap(scoring, image, size);
            addMirrored(map.data, mirrored.data, map.columns);
          }
          return map;
        });
        maps.push(found);
      }
      const views = options.flip ? 2 * maps.length : maps.length;
      if (refine !== undefined) maps = [await refinedScores(programs, image, sizes, maps, views, refine)];
      for (const map of maps) scores?.add(map);
      detail?.add(maps, whole, refine === undefined ? views : 1);
      await writeInBands(labels, whole, maps, classes);
      return segmentation(labels, classes, scores, detail);
    },
    async close() {
      await programs.release();
      await wholes?.release();
    },
  };
}

/** What is done to the scores on the host: what the user wants, else what the method does. */
function refinementOf(model: PredictionModel | null, crf: SegmentOptions["crf"]): SemanticModel["refine"] {
  if (crf === "none") return undefined;
  if (crf !== undefined) return (scores, image) => denseCrf(scores, image, crf);
  return model?.kind === "semantic" ? model.refine?.bind(model) : undefined;
}

/** What is asked of the pipeline: one `short_side` for each scale. */
function shortSides(image: Image, card: ModelCard, options: SegmentOptions): number[] {
  const { windowing, window, longSide } = card;
  const { shortSide, scales = [1] } = options;
  const fits = (options.windows ?? windowing) === "none";
  if (fits && (shortSide !== undefined || options.scales !== undefined)) {
    throw new InputError(
      "segment: expected no size where the whole image is made to fit one window, got a shorter side or scales. Leave them out.",
    );
  }
  if (shortSide !== undefined && (!Number.isInteger(shortSide) || shortSide < 0)) {
    throw new InputError(
      `segment: the shorter side must be a whole number of pixels, got ${shortSide}. Use 0 for the image's own size.`,
    );
  }
  if (scales.length === 0 || !scales.every((scale) => scale > 0 && scale <= 8)) {
    throw new InputError(
      `segment: scales must be above 0 and at most 8, got [${scales.join(", ")}]. Try 0.75, 1, 1.25.`,
    );
  }
  const wanted = fits ? fittedShortSide(image.height, image.width, window) : (shortSide ?? ownShortSide(card));
  const [height, width] = workingSize(image.height, image.width, wanted, longSide);
  return scales.map((scale) => (scale === 1 ? wanted : Math.max(1, Math.round(scale * Math.min(height, width)))));
}

function checkImage({ width, height, data }: Image): void {
  if (width < 1 || height < 1 || data.length !== 3 * width * height) {
    throw new InputError(
      `segment: expected 3 bytes for each of ${width}x${height} pixels, got ${data.length}. Pass a decoded RGB image.`,
    );
  }
}

function checkMemory(
  { height, width }: Image,
  sizes: readonly number[],
  { classes: { length: classes }, longSide }: ModelCard,
): void {
  let elements = 0;
  for (const size of sizes) {
    const [rows, columns] = workingSize(height, width, size, longSide);
    elements += classes * rows * columns;
  }
  if (elements > maxKeptElements) {
    throw new InputError(
      `segment: expected at most ${maxKeptElements} class scores over all scales, got ${elements} for ${width}x${height} pixels. Use fewer or smaller scales.`,
    );
  }
}

/** `writeLabels` a few rows at a time: progress and signals are served in between. */
async function writeInBands(
  { width, height, data }: LabelMap,
  where: Rectangle,
  maps: readonly ScoreMap[],
  classes: number,
): Promise<void> {
  const rows = Math.max(1, Math.floor(bandElements / (classes * Math.max(1, where.right - where.left))));
  for (let top = where.top; top < where.bottom; top += rows) {
    const bottom = Math.min(where.bottom, top + rows);
    writeLabels(data, [height, width], { ...where, top, bottom }, maps, classes);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** probabilities: [K, h, w]. */
function wholeMap({ shape: [, height, width], data }: NdArray): ScoreMap {
  return { height, width, top: 0, left: 0, rows: height, columns: width, data: data as Float32Array };
}

function segmentation(labels: LabelMap, classes: number, scores?: ClassScores, detail?: Detail): Segmentation {
  const areas = new Array<number>(classes).fill(0);
  const { data } = labels;
  for (let i = 0; i < data.length; i++) areas[data[i]]++;
  return { labels, areas, ...(scores && { scores: scores.means() }), ...detail?.found };
}
