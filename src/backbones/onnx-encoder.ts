/** Any ONNX file as an encoder: a plain model of another program gives feature maps and is trained on. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { Model, type Scope } from "../graph/scope.ts";
import { input, type Leaf, type Tensor } from "../graph/tensor.ts";
import { imagenetNormalization, type Normalization, symmetricNormalization } from "../nn/image-input.ts";
import type { Reader } from "../onnx/reading.ts";
import { tensorProto } from "../onnx/tensor-proto.ts";
import { encodeModel, type ValueInfoProto } from "../onnx/wire.ts";
import { add, batchNorm, mul } from "../ops/index.ts";
import type { Encoder, FeatureMap, Norms } from "./encoder.ts";
import { asInput, picturesOf, readFor } from "./onnx-image.ts";
import { mapOf, type Pictures } from "./onnx-maps.ts";
import { type EncoderPart, encoderPart, type OnnxFileOptions } from "./onnx-part.ts";

/** Values of pictures, by name: a file does not tell which it was trained with. */
export const onnxNormalizations = {
  imagenet: imagenetNormalization,
  symmetric: symmetricNormalization,
  /** Bytes as they are, 0 … 255. */
  none: { mean: [0, 0, 0], deviation: [1, 1, 1] },
  /** 0 … 1. */
  unit: { mean: [0, 0, 0], deviation: [255, 255, 255] },
} as const satisfies Named<Normalization>;

export type OnnxNormalization = keyof typeof onnxNormalizations;

export interface OnnxEncoderOptions extends OnnxFileOptions {
  /** Default: `imagenet`; `none` where the model takes bytes. */
  readonly normalization?: OnnxNormalization;
}

export interface OnnxEncoder {
  readonly encoder: Encoder;
  /** Where its parameters begin, under their names in its scope: those of the file. */
  readonly weights: Named<NdArray>;
  /** Names of the tensors taken, the largest map first. */
  readonly features: readonly string[];
  /** Values of pictures. */
  readonly normalization: OnnxNormalization;
  /** What users should know, a line each. */
  readonly notes: readonly string[];
  /** The only height and width that it can have; null where all multiples of its last stride will do. */
  readonly size: readonly [number, number] | null;
  /** The only batch that it can have; null where all will do. */
  readonly batch: number | null;
}

/**
 * The part of an ONNX model that gives feature maps, as an encoder. Its weights are those of the file; batch norms of the
 * file keep their running averages (norms `frozen`, the default here) or have statistics of the batch while training
 * (`batch`).
 *
 * Throws InputError, which names the node, where something before the features cannot be read or trained: quantized
 * models, control flow, operators without a gradient, domains of others.
 */
export function onnxEncoder(bytes: Uint8Array, options: OnnxEncoderOptions): OnnxEncoder {
  const { where } = options;
  const part = encoderPart(bytes, options);
  const { own, image, features } = part;
  const normalization = options.normalization ?? (image.dtype === "uint8" ? "none" : "imagenet");
  if (image.dtype === "uint8" && normalization !== "none") {
    throw new InputError(
      `${where}: expected normalization none, since the model takes bytes, got ${normalization}. Leave it out.`,
    );
  }
  const multiple = features.reduce((total, { layout }) => leastCommonMultiple(total, layout.stride), 1);
  const build = (scope: Scope, pictures: Pictures) =>
    featuresOf(part, scope, input("image", [pictures.batch, 3, pictures.height, pictures.width]), "frozen", where);
  const model = new Model();
  const maps = build(model.scope, own);
  // What stands in the way of other sizes shows when they are tried; both sides change, and differently.
  const refusal = (pictures: Pictures) => refused(() => build(new Model().scope, pictures));
  const otherSize = refusal({ ...own, height: own.height + multiple, width: own.width + 2 * multiple });
  const otherBatch = refusal({ ...own, batch: own.batch + 1 });
  const size = otherSize === null ? null : ([own.height, own.width] as const);
  const batch = otherBatch === null ? null : own.batch;

  const encoder: Encoder = {
    normalization: onnxNormalizations[normalization],
    multiple,
    dilates: false,
    published: [],
    features(scope, x, { norms = "frozen" }) {
      const [count, , height, width] = x.shape;
      const fits = (size === null || sameShape(size, [height, width])) && (batch === null || batch === count);
      if (fits) return featuresOf(part, scope, x, norms, where);
      const wanted = [
        size === null ? [] : `pictures of ${size[0]} × ${size[1]}`,
        batch === null ? [] : `batches of ${batch}`,
      ];
      throw new InputError(
        `${where}: expected ${wanted.flat().join(" in ")}, for which alone the file was made, got ${height} × ${width} in batches of ${count}. ${(size === null ? otherBatch : otherSize) ?? ""}`,
      );
    },
  };
  const weights = Object.fromEntries([...model.parameters.keys()].map((name) => [name, part.arrays.get(name)!]));
  const notes = notesOf(part, maps, { normalization, otherSize, otherBatch });
  return { encoder, weights, features: features.map(({ name }) => name), normalization, notes, size, batch };
}

/**
 * The same part of the file with other weights, under the names of `OnnxEncoder.weights`, as an ONNX model: nodes and
 * names are those of the file; its outputs are the features as they are there (maps, channels last, or tokens), its
 * input takes normalized pictures of any size and batch that the graph allows. Half floats have become float32.
 */
export function writeEncoder(bytes: Uint8Array, weights: Named<NdArray>, options: OnnxFileOptions): Uint8Array {
  const { where } = options;
  const { size, batch, weights: own } = onnxEncoder(bytes, options);
  const { model, arrays, image } = encoderPart(bytes, options);
  const graph = model.graph!;
  const initializer = (graph.initializer ?? []).map(({ name = "", ...rest }) => {
    const array = Object.hasOwn(own, name) ? weights[name] : arrays.get(name);
    if (Object.hasOwn(own, name) && (array === undefined || !sameShape(array.shape, own[name].shape))) {
      throw new InputError(
        `${where}: expected weights ${name} ${show(own[name].shape)}, got ${array === undefined ? "none" : show(array.shape)}. They are of another encoder.`,
      );
    }
    return array === undefined ? { name, ...rest } : tensorProto(array, name);
  });
  const open = { batch: batch === null, size: size === null };
  return encodeModel({
    ...model,
    graph: {
      ...graph,
      initializer,
      input: graph.input?.map((info) => (info.name === image.name ? openInput(info, image.channelsLast, open) : info)),
      output: graph.output?.map(({ name }) => ({ name, type: { tensor_type: { elem_type: 1 } } })),
      value_info: [],
    },
  });
}

/** The names of axes that may be of any size. */
function openInput(
  info: ValueInfoProto,
  channelsLast: boolean,
  { batch, size }: { batch: boolean; size: boolean },
): ValueInfoProto {
  const { elem_type, shape } = info.type?.tensor_type ?? {};
  const names = channelsLast ? ["batch", "height", "width", ""] : ["batch", "", "height", "width"];
  const dim = shape?.dim?.map((given, axis) => {
    const open = axis === 0 ? batch : size && names[axis] !== "";
    if (names[axis] === "") return { dim_value: 3 };
    return open ? { dim_param: names[axis] } : given;
  });
  return { ...info, type: { tensor_type: { elem_type, shape: { dim } } } };
}

function featuresOf(part: EncoderPart, scope: Scope, x: Tensor, norms: Norms, where: string): readonly FeatureMap[] {
  const { model, arrays, image, features, mixed } = part;
  const readers: Named<Reader> = norms === "batch" ? { BatchNormalization: batchStatistics(scope) } : {};
  const taken = asInput(x, image);
  const read = readFor(model, image, taken, { where, arrays, parameters: scope, readers });
  const wrong = mixed(read.tensors);
  if (wrong !== null) {
    throw new InputError(
      `${where} ${wrong}: expected a shape that follows the picture, got numbers in the file that hold for its own size. Use that size.`,
    );
  }
  const pictures = picturesOf(taken, image);
  return features.map(({ name, layout }) => ({
    stride: layout.stride,
    map: mapOf(read.tensors.get(name)!, layout, pictures, `${where} ${name}`),
  }));
}

/** Batch norms with statistics of the batch while training; ONNX's momentum is the share of the old value. */
function batchStatistics(scope: Scope): Reader {
  return (r) => {
    const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((i) => r.input(i));
    const isOurs = [mean, variance].every(({ source }) => source.kind === "variable");
    if (!scope.training || !isOurs || r.outputCount > 1) return null;
    const count = x.shape.reduce((product, size) => product * size, 1) / x.shape[1];
    if (count < 2) {
      throw new InputError(
        `${r.where}: expected at least two values per channel, got ${count}. Use a larger batch or picture.`,
      );
    }
    const now = batchNorm(x, gamma, beta, { epsilon: r.float("epsilon", 1e-5) });
    const kept = r.float("momentum", 0.9);
    const blend = ({ source }: Tensor, current: Tensor) => {
      const name = (source as Leaf).name.slice(scope.path === "" ? 0 : scope.path.length + 1);
      scope.update(name, add(mul(scope.latest(name), kept), mul(current, 1 - kept)));
    };
    blend(mean, now.mean);
    blend(variance, mul(now.variance, count / (count - 1)));
    return [now.y];
  };
}

function refused(build: () => unknown): string | null {
  try {
    build();
    return null;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

function notesOf(
  { model, image, dropped, lost, features }: EncoderPart,
  maps: readonly FeatureMap[],
  {
    normalization,
    otherSize,
    otherBatch,
  }: { normalization: string; otherSize: string | null; otherBatch: string | null },
): string[] {
  const { producer_name: producer = "", producer_version: version = "", graph } = model;
  const norms = graph?.node?.filter(({ op_type }) => op_type === "BatchNormalization").length ?? 0;
  const taken = maps.map(({ stride, map }, i) => `stride ${stride}: ${features[i].name}, ${map.shape[1]} channels`);
  return [
    ...(producer === "" ? [] : [`Written by ${producer} ${version}`.trim()]),
    ...taken,
    `Values of pictures: ${normalization}${image.channelsLast ? ", channels last" : ""}; the file does not tell`,
    norms === 0 ? "No batch norms: none, or folded into convolutions" : `${norms} batch norms`,
    ...(dropped > 0 ? [`${dropped} nodes behind the features are left out`] : []),
    ...(lost === null ? [] : [`Not used: ${lost}`]),
    ...(otherSize === null ? [] : [`Pictures of its own size only: ${otherSize}`]),
    ...(otherBatch === null ? [] : [`Batches of its own size only: ${otherBatch}`]),
  ];
}

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a * b) / divisor(a, b);
}
