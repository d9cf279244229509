import type { OnnxNormalization } from "../backbones/onnx-encoder.ts";
import { takeOnnxEncoder } from "../backbones/onnx-file.ts";
import { InputError, UsageError } from "../errors.ts";
import type { Method, ResolvedRecipe } from "../methods/method.ts";
import type { Trained } from "../methods/stage.ts";
import { externalLocations } from "../onnx/external.ts";
import { joinPath } from "../platform/join-path.ts";
import type { Platform } from "../platform/platform.ts";
import { openWeights } from "../weights/read-weights.ts";
import { type OpenOptions, openTrained, stateOf } from "./run.ts";

export interface OpenEncoderOptions extends OpenOptions {
  /** Of an ONNX file: names of the tensors that are taken. Default: one for each stride, found. */
  readonly features?: readonly string[] | undefined;
  /** Of an ONNX file: values of the pictures that it was trained on. Default: ImageNet's, or bytes where it takes bytes. */
  readonly normalization?: OnnxNormalization | undefined;
  /** Of the weights. */
  readonly licence?: string | undefined;
}

/**
 * A pretrained encoder for a recipe to begin with: that of another run, of a published file of weights (one, or its parts), or
 * of an ONNX model.
 *
 * source: folder of a run, or files. Throws InputError for files of other networks and damaged ones, and where the recipe's
 * network has no encoder that could be another's.
 */
export async function openEncoder(
  platform: Platform,
  source: string | readonly string[],
  { method, recipe }: ResolvedRecipe,
  options: OpenEncoderOptions = {},
): Promise<Trained> {
  const files = typeof source === "string" ? [source] : source;
  const [where] = files;
  const kind = await platform.exists(where);
  const isOnnx = /\.onnx$/i.test(where);
  for (const key of ["features", "normalization"] as const) {
    if (options[key] === undefined || (kind === "file" && isOnnx)) continue;
    throw new UsageError(`${where}: expected an ONNX file to take --${key} of, got something else. Leave it out.`);
  }
  if (kind === "folder" && (await stateOf(platform, where)) === "run") return encoderOfRun(platform, where, options);
  if (kind !== "file") {
    throw new InputError(
      `${where}: expected a file of weights, an ONNX file or a run, got ${kind === "folder" ? "another folder" : "nothing there"}. See docs/encoders.md.`,
    );
  }
  const take = (method as Method).encoder;
  if (take === undefined) {
    throw new InputError(
      `${where}: expected a recipe whose encoder can be given, got ${recipe.name}. Try --recipe unet-mobilenet.`,
    );
  }
  const file = isOnnx ? await openOnnx(platform, where, options) : await openParts(platform, files);
  const { licence } = options;
  return { ...take.call(method, file, recipe), source: where, ...(licence !== undefined && { licence }) };
}

async function encoderOfRun(platform: Platform, folder: string, options: OpenOptions): Promise<Trained> {
  const trained = await openTrained(platform, folder, options);
  const weights = Object.entries(trained.weights).filter(([name]) => name.startsWith("encoder."));
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
  { features, normalization, onNote = () => {} }: OpenEncoderOptions,
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
