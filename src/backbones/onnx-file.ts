/** ONNX files that recipes name as their encoder: by what is in them, so that none passes for another. */
import { hexDigest } from "../array/digest.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { InputError } from "../errors.ts";
import { decodeModel, encodeModel } from "../onnx/wire.ts";
import { addEncoder } from "./encoders.ts";
import {
  type OnnxEncoderOptions,
  type OnnxNormalization,
  onnxEncoder,
  onnxNormalizations,
  writeEncoder,
} from "./onnx-encoder.ts";

/** An encoder that was read from an ONNX file, as methods take it. */
export interface OnnxEncoderFile {
  readonly kind: "onnx";
  /** The file's name, for messages. */
  readonly where: string;
  /** What recipes call it: `onnx-` and the first digits of the SHA-256 of its part that is used. */
  readonly encoder: string;
  /** Where its parameters begin. */
  readonly tensors: Named<NdArray>;
  /** What users should know, a line each. */
  readonly notes: readonly string[];
}

const prefix = "onnx-";

/** Whether an encoder's name is that of one that was read from an ONNX file. */
export function isOnnxEncoder(name: unknown): name is string {
  return typeof name === "string" && name.startsWith(prefix);
}

/** Key of an ONNX file's metadata under which the values of its pictures are told. */
const normalizationKey = "tessera.normalization";

/**
 * The part of an ONNX model that gives feature maps, by a name that `findEncoder` knows from now on. Throws InputError as
 * `onnxEncoder`.
 */
export async function takeOnnxEncoder(bytes: Uint8Array, options: OnnxEncoderOptions): Promise<OnnxEncoderFile> {
  const { where } = options;
  const { weights, notes, normalization } = onnxEncoder(bytes, options);
  const part = decodeModel(writeEncoder(bytes, weights, options), where);
  const file = encodeModel({ ...part, metadata_props: [{ key: normalizationKey, value: normalization }] });
  return { ...(await restoreOnnxEncoder(file, where)), notes };
}

/** An encoder that `takeOnnxEncoder` took, from `Encoder.file` of it. Throws InputError for other files. */
export async function restoreOnnxEncoder(file: Uint8Array, where: string): Promise<OnnxEncoderFile> {
  const { metadata_props = [] } = decodeModel(file, where);
  const told = metadata_props.find(({ key }) => key === normalizationKey)?.value ?? "";
  if (!Object.hasOwn(onnxNormalizations, told)) {
    throw new InputError(
      `${where}: expected an encoder that tessera took from an ONNX file, got another model. Restore the file.`,
    );
  }
  const opened = onnxEncoder(file, {
    where,
    features: outputsOf(file, where),
    normalization: told as OnnxNormalization,
  });
  const { size, batch, weights, notes } = opened;
  if (batch !== null && batch !== 1) {
    throw new InputError(
      `${where}: expected a model for any batch, or for one picture, got one for ${batch} at once alone. Export it with an open batch.`,
    );
  }
  const encoder = `${prefix}${(await hexDigest(file)).slice(0, 12)}`;
  addEncoder(encoder, {
    ...opened.encoder,
    file,
    ...(size !== null && { size }),
    ...(batch !== null && { batch }),
  });
  return { kind: "onnx", where, encoder, tensors: weights, notes };
}

/** `Encoder.file` with other weights, as an ONNX model whose outputs are the features; licence: of the weights. */
export function writeOnnxEncoder(
  file: Uint8Array,
  weights: Named<NdArray>,
  { where, licence }: { readonly where: string; readonly licence?: string | undefined },
): Uint8Array {
  const model = decodeModel(writeEncoder(file, weights, { where, features: outputsOf(file, where) }), where);
  const stated = licence === undefined ? [] : [{ key: "licence", value: licence }];
  return encodeModel({ ...model, metadata_props: [...(model.metadata_props ?? []), ...stated] });
}

function outputsOf(file: Uint8Array, where: string): string[] {
  return decodeModel(file, where).graph?.output?.map(({ name = "" }) => name) ?? [];
}
