import type { OnnxNormalization } from "../backbones/onnx-encoder.ts";
import { type OnnxEncoderFile, takeOnnxEncoder } from "../backbones/onnx-file.ts";
import { InputError, UsageError } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import { inEncoder } from "../networks/transfer.ts";
import { externalLocations } from "../onnx/external-weights.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { checkpointIndex } from "../weights/checkpoint-path.ts";
import { openWeights, type WeightFile } from "../weights/read-weights.ts";
import { type OpenOptions, openTrained } from "./open-run.ts";
import { stateOf } from "./run.ts";

export interface ReadEncoderOptions extends OpenOptions {
  /** Of an ONNX file: names of the tensors that are taken. Default: one for each stride, found. */
  readonly features?: readonly string[] | undefined;
  /** Of an ONNX file: values of the pictures that it was trained on. Default: ImageNet's, or bytes where it takes bytes. */
  readonly normalization?: OnnxNormalization | undefined;
  /** Of the weights. */
  readonly licence?: string | undefined;
}

/** A pretrained encoder that was read, before it is known which network takes it. */
export type ReadEncoder =
  | { readonly kind: "run"; readonly trained: Trained }
  | {
      readonly kind: "file";
      readonly file: WeightFile | OnnxEncoderFile;
      readonly source: string;
      readonly licence: string | undefined;
    };

/**
 * Reads a pretrained encoder: that of another run, of a published file of weights (one, or its parts), or of an ONNX model.
 *
 * source: folder of a run, or files. Throws InputError for what is none of these, and damaged files.
 */
export async function readEncoder(
  platform: Platform,
  source: string | readonly string[],
  options: ReadEncoderOptions = {},
): Promise<ReadEncoder> {
  const files = typeof source === "string" ? [source] : source;
  const [where] = files;
  const kind = await platform.exists(where);
  const isOnnx = /\.onnx$/i.test(where);
  for (const key of ["features", "normalization"] as const) {
    if (options[key] === undefined || (kind === "file" && isOnnx)) continue;
    throw new UsageError(`${where}: expected an ONNX file to take --${key} of, got something else. Leave it out.`);
  }
  if (kind === "folder" && (await stateOf(platform, where)) === "run") {
    return { kind: "run", trained: await encoderOfRun(platform, where, options) };
  }
  const isCheckpoint = !isOnnx && (await checkpointIndex(platform, where)) !== null;
  if (kind !== "file" && !isCheckpoint) {
    throw new InputError(
      `${where}: expected a file of weights, an ONNX file or a run, got ${kind === "folder" ? "another folder" : "nothing there"}. See docs/encoders.md.`,
    );
  }
  const file = isOnnx ? await openOnnx(platform, where, options) : await openParts(platform, files);
  return { kind: "file", file, source: where, licence: options.licence };
}

/**
 * What a recipe begins with, of an encoder that was read. Throws InputError where it is of another network than the recipe's,
 * or that network has no encoder that could be another's.
 */
export function encoderFor(read: ReadEncoder, { method, recipe }: ResolvedRecipe): Trained {
  if (read.kind === "run") return read.trained;
  const { file, source, licence } = read;
  const taken = (method as Method).encoder?.(file, recipe);
  if (taken === undefined) {
    throw new InputError(
      `${source}: expected a recipe whose encoder can be given, got ${recipe.name}. Choose one that has the key encoder.`,
    );
  }
  return { ...taken, source, ...(licence !== undefined && { licence }) };
}

async function encoderOfRun(platform: Platform, folder: string, options: OpenOptions): Promise<Trained> {
  const trained = await openTrained(platform, folder, options);
  const weights = Object.entries(trained.weights).filter(([name]) => inEncoder(name));
  if (weights.length === 0) {
    throw new InputError(
      `${folder}: expected a run with an encoder, got one of ${trained.recipe.method} without. Choose another.`,
    );
  }
  return { ...trained, stage: "encoder", weights: Object.fromEntries(weights) };
}

async function openOnnx(
  platform: Platform,
  where: string,
  { features, normalization, onNote = () => {} }: ReadEncoderOptions,
) {
  const bytes = await platform.readFile(where);
  const beside = new Map<string, Uint8Array>();
  for (const location of externalLocations(bytes, where)) {
    beside.set(location, await platform.readFile(joinPath(where.replace(/[^/\\]*$/, "") || ".", location)));
  }
  const taken = await takeOnnxEncoder(bytes, {
    where,
    ...(features && { features }),
    ...(normalization && { normalization }),
    ...(beside.size > 0 && {
      external: (location, offset, length) => beside.get(location)!.subarray(offset, offset + length),
    }),
  });
  for (const note of taken.notes) onNote(`${where}: ${note}`);
  return taken;
}

/** Weights in several files, as large ones are published, are one. */
async function openParts(platform: Platform, files: readonly string[]) {
  const [first, ...others] = await Promise.all(files.map((file) => openWeights(platform, file)));
  return { ...first, tensors: Object.assign({}, first.tensors, ...others.map(({ tensors }) => tensors)) };
}
