/** The compiled graphs of a segmenter: which are loaded, and when. */
import { fromNumbers, type Named, type NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import type { Image } from "../image/image.ts";
import { decodeModel, encodeModel, type ModelProto } from "../onnx/wire.ts";
import type { Engine, Program } from "../runtime/engine.ts";
import { ownShortSide, scalingFrom } from "./card.ts";
import { scaleAsInput, scalingModel } from "./pipeline/pipeline.ts";
import { workingSize } from "./windows.ts";

/** Runs the pipeline at any scale. */
export interface PipelinePrograms {
  /** What the model tells about itself. */
  readonly metadata: Named<string>;
  /**
   * Outputs of an image: of a semantic model labels [H, W] and probabilities [K, h, w]. fetch: only those; null: all.
   * `shortSide` as in `workingSize`.
   */
  run(image: Image, shortSide: number, fetch: readonly string[] | null): Promise<Record<string, NdArray>>;
  /** The image at its working size, scaled as the pipeline does. */
  scale(image: Image, shortSide: number): Promise<Image>;
  release(): Promise<void>;
}

/** An exported file: what messages call it, and its path or its bytes. */
export interface ExportedFile {
  readonly name: string;
  readonly content: Parameters<Engine["load"]>[0];
}

export interface ModelSource {
  /** Null for a model that is only in memory. */
  readonly file: ExportedFile | null;
  /** The model as messages, for other scales: asked for when first needed. */
  readonly model: () => Promise<ModelProto>;
}

/**
 * Loads the model. From a file it is first loaded as it stands, with its own scale; a second form in which the scale
 * is an input takes its place when an image needs another scale.
 */
export async function openPrograms(engine: Engine, source: ModelSource): Promise<PipelinePrograms> {
  let fixed = source.file === null ? null : await loadFile(engine, source.file);
  const whole = fixed === null ? await source.model() : null;
  const metadata = fixed?.metadata ?? metadataIn(whole);
  const scaling = scalingFrom(metadata);
  // Made to fit one window, an image has one size whatever is asked for.
  const fits = metadata.windowing === "none";
  const own = ownShortSide({ ...scaling, shortSide: Number(metadata.short_side) });
  let open = whole === null ? null : await engine.load(encodeModel(scaleAsInput(whole)), []);
  let scaler: Promise<Program> | null = null;

  const running = new Set<Promise<unknown>>();
  let switching: Promise<Program> | null = null;
  const anyScale = async (): Promise<Program> => {
    if (open !== null) return open;
    // Several images may ask at once; what runs on the first form is let finish before it goes.
    switching ??= (async () => {
      const bytes = encodeModel(scaleAsInput(await source.model()));
      await Promise.allSettled(running);
      const old = fixed;
      fixed = null;
      await old?.release();
      open = await engine.load(bytes, []);
      return open;
    })();
    return switching;
  };
  const start = async (image: Image, shortSide: number, fetch: readonly string[] | null) => {
    const same = (fits && shortSide !== 0) || (!fits && sameSize(image, shortSide, own, scaling.longSide));
    const asItStands = fixed !== null && switching === null && same;
    const program = asItStands ? fixed! : await anyScale();
    // The image stays the caller's: overlays are drawn on it.
    const fed = { ...imageFeed(image), ...(!asItStands && sideFeed(shortSide)) };
    const result = program.run(fed, { ...(fetch && { fetch }), keepFeeds: true });
    if (asItStands) {
      running.add(result);
      const done = () => running.delete(result);
      result.then(done, done);
    }
    return result;
  };
  const imageFeed = ({ height, width, data }: Image) => ({
    image: { dtype: "uint8" as const, shape: [height, width, 3], data },
  });
  const sideFeed = (shortSide: number) => ({ short_side: fromNumbers("int64", [], [shortSide]) });
  return {
    metadata,
    run: start,
    async scale(image, shortSide) {
      scaler ??= engine.load(encodeModel(scalingModel(scaling)), []);
      const { scaled } = await (await scaler).run({ ...imageFeed(image), ...sideFeed(shortSide) }, { keepFeeds: true });
      return { height: scaled.shape[0], width: scaled.shape[1], data: scaled.data as Uint8Array };
    },
    release: async () => {
      for (const program of [fixed, open, scaler]) await (await program)?.release();
      fixed = null;
      open = null;
      scaler = null;
    },
  };
}

/** Whether an image has one working size by both: single windows keep theirs, so the file's own form can run them. */
function sameSize({ height, width }: Image, shortSide: number, other: number, longSide: number): boolean {
  return (
    String(workingSize(height, width, shortSide, longSide)) === String(workingSize(height, width, other, longSide))
  );
}

function metadataIn(model: ModelProto | null): Named<string> {
  return Object.fromEntries(model?.metadata_props?.map(({ key = "", value = "" }) => [key, value]) ?? []);
}

async function loadFile(engine: Engine, { name, content }: ExportedFile): Promise<Program> {
  try {
    return await engine.load(content, []);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const reason = error.message.slice(0, 300);
    throw new InputError(
      `${name}: expected a model written by tessera export, got a file that does not load (${reason}). Export the run again.`,
    );
  }
}

/** Decodes an exported file for another scale. Throws InputError where its weights are in a second file. */
export function decodeWhole(bytes: Uint8Array, where: string): ModelProto {
  const model = decodeModel(bytes, where);
  if (hasExternalData(model)) {
    throw new InputError(
      `${where}: expected weights inside the file to change its scale, got a model above 2 GB with weights beside it. Use the run instead, or leave its scale as it is.`,
    );
  }
  return model;
}

function hasExternalData(model: ModelProto): boolean {
  const pending = [model.graph];
  while (pending.length > 0) {
    const graph = pending.pop();
    if (graph?.initializer?.some(({ data_location }) => data_location === 1)) return true;
    for (const { attribute } of graph?.node ?? []) for (const { g } of attribute ?? []) if (g) pending.push(g);
  }
  return false;
}
