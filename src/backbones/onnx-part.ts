/** The part of an ONNX model that gives feature maps. */
import { show } from "../array/shape.ts";
import { InputError, nearest } from "../errors.ts";
import type { Tensor } from "../graph/tensor.ts";
import { opsetOf } from "../onnx/declared.ts";
import { type FreeGraph, freeSizes } from "../onnx/free-sizes.ts";
import type { ProtoOptions } from "../onnx/read.ts";
import { dependents, graphBefore } from "../onnx/subgraph.ts";
import type { ExternalReader } from "../onnx/tensor-proto.ts";
import { type TrainableModel, trainableModel } from "../onnx/trainable.ts";
import { rolesOf } from "../onnx/weight-roles.ts";
import { decodeModel, type GraphProto, type ModelProto, type NodeProto } from "../onnx/wire.ts";
import { type FoundFeature, findFeatures } from "./onnx-features.ts";
import { axesOf, type ImageInput, imageInputOf, placeholder, readFor, stopsGradient } from "./onnx-image.ts";
import { layoutOf, type Pictures } from "./onnx-maps.ts";

export interface EncoderPart extends TrainableModel {
  readonly image: ImageInput;
  /** The largest map first. */
  readonly features: readonly FoundFeature[];
  /** Pictures of the size that the file was made for, or that it was looked at with. */
  readonly own: Pictures;
  readonly mixed: FreeGraph["mixed"];
  /** Why what comes after the features cannot be read; null where it can. */
  readonly lost: string | null;
  /** How many nodes of the model are behind the features. */
  readonly dropped: number;
}

export interface OnnxFileOptions {
  /** What to call the file in messages. */
  readonly where: string;
  /** Names of tensors (or of nodes, for their first output) that are taken. Default: one for each stride, found. */
  readonly features?: readonly string[];
  /** Reads tensors that are stored in files beside the model. */
  readonly external?: ExternalReader;
}

/** Throws InputError where a model has no such features, or something before them that cannot be trained. */
export function encoderPart(bytes: Uint8Array, { where, features, external }: OnnxFileOptions): EncoderPart {
  const decoded = decodeModel(bytes, where);
  const image = imageInputOf(decoded, where);
  const { model, arrays } = trainableModel(decoded, { where, external, image: image.name });
  const graph = model.graph!;
  const looks = (whole: ModelProto, pictures: Pictures) => look(whole, image, pictures, { where, arrays });

  let best: Look | null = null;
  for (const pictures of sizesFor(image)) {
    const next = looks(model, pictures);
    if (best === null || next.unread < best.unread) best = next;
    if (best.unread === 0) break;
  }
  const first = best!;
  const shape = placeholder(image, first.pictures).shape;
  const own = { name: image.name, shape, axes: axesOf(image), opset: opsetOf(model.opset_import ?? [], where) };
  const free = freeSizes(graph, own, first.tensors);
  const larger = rounded(first.pictures);
  const second = larger === null ? null : looks({ ...model, graph: free.graph }, larger);
  const isFree = second !== null && second.unread <= first.unread && free.mixed(second.tensors) === null;
  const view = isFree ? second : first;
  const list = features === undefined ? automatic(graph, image, view) : named(graph, image, features, view, where);
  const lost = firstLoss(graph, image, view);
  const deepest = list.at(-1)?.layout.stride ?? 0;
  if (features === undefined && deepest < 14) {
    const sides = `${view.pictures.height} × ${view.pictures.width}`;
    throw new InputError(
      deepest === 0 && lost !== null
        ? lost
        : `${where}: expected maps down to stride 16 or 32 of pictures ${sides}, got ${deepest === 0 ? "none" : `none beyond stride ${deepest}`}. ${lost ?? "Name tensors that are maps."}`,
    );
  }
  const names = [...new Set(list.map(({ name }) => name))];
  const part = graphBefore(free.graph, names);
  const kept = new Set(part.node?.flatMap(({ output = [] }) => output));
  return {
    model: { ...model, graph: part },
    arrays,
    image,
    features: list,
    own: view.pictures,
    mixed: free.mixed,
    lost,
    dropped: graph.node?.filter(({ output }) => !output?.some((name) => kept.has(name))).length ?? 0,
  };
}

/** Sides to look at a file with that leaves them open; vision transformers have positions for one of these. */
const usual = [
  [256, 320],
  [224, 224],
  [384, 384],
  [512, 512],
  [518, 518],
  [336, 336],
  [448, 448],
  [640, 640],
] as const;

function sizesFor({ batch, height, width }: ImageInput): Pictures[] {
  const sizes = height !== null && width !== null ? [[height, width]] : usual;
  return sizes.map(([h, w]) => ({ batch: batch ?? 1, height: height ?? h, width: width ?? w }));
}

/**
 * Sides that all strides divide, and large enough that no map of them is a single pixel, as what is pooled is; null where
 * they are so.
 */
function rounded({ batch, height, width }: Pictures): Pictures | null {
  const [h, w] = [height, width].map((side) => Math.max(128, 32 * Math.ceil(side / 32)));
  return h === height && w === width ? null : { batch, height: h, width: w };
}

/** A graph as it is for pictures of one size. */
interface Look {
  readonly pictures: Pictures;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Tensors that features cannot be behind, with the reason. */
  readonly lost: ReadonlyMap<string, string>;
  /** How many tensors cannot be read. */
  readonly unread: number;
}

function look(model: ModelProto, image: ImageInput, pictures: Pictures, options: ProtoOptions): Look {
  const unread = new Map<string, InputError>();
  const { tensors } = readFor(model, image, placeholder(image, pictures), { ...options, unread });
  const graph = model.graph!;
  const where = options.where ?? "onnx";
  const weights = [...rolesOf(graph, where)].flatMap(([name, role]) => (role === "parameter" ? [name] : []));
  const learned = dependents(graph, weights);
  const lost = new Map<string, string>();
  for (const node of graph.node ?? []) {
    const outputs = (node.output ?? []).filter((name) => name !== "");
    const earlier = node.input?.find((name) => lost.has(name));
    const unreadable = outputs.map((name) => unread.get(name)?.message).find((message) => message !== undefined);
    const place = `${where} node ${node.name} (${node.op_type})`;
    const reason =
      earlier === undefined
        ? (quantization(node, place) ?? unreadable ?? stop(node, tensors, learned, place))
        : lost.get(earlier);
    if (reason != null) for (const name of outputs) lost.set(name, reason);
  }
  return { pictures, tensors, lost, unread: unread.size };
}

const quantized = /^Q(Linear|Attention|Gemm|MoE|Ordered)|Quantize|Dequantize|Integer|NBits|Bnb4/;

function quantization({ op_type = "" }: NodeProto, place: string): string | null {
  if (!quantized.test(op_type)) return null;
  return `${place}: expected operators of floats, got one of a quantized model, which cannot be trained. Export the model without quantization.`;
}

/** Why nothing learns that is behind a node, although it can be read; null where it does. */
function stop(
  { input = [], output = [] }: NodeProto,
  tensors: ReadonlyMap<string, Tensor>,
  learned: ReadonlySet<string>,
  place: string,
): string | null {
  const stops = output.some((name) => tensors.has(name) && stopsGradient(tensors.get(name)!));
  // Masks and indices are constants to a gradient anyway.
  const carries = (name: string) => learned.has(name) && tensors.get(name)?.dtype === "float32";
  if (!stops || !input.some(carries)) return null;
  return `${place}: expected an operator with a gradient, got one without, behind which nothing learns. Take features before it.`;
}

function firstLoss(graph: GraphProto, { name }: ImageInput, { lost }: Look): string | null {
  const moving = dependents(graph, [name]);
  for (const node of graph.node ?? []) {
    const output = node.output?.find((each) => lost.has(each));
    if (output !== undefined && moving.has(output)) return lost.get(output)!;
  }
  return null;
}

function automatic(graph: GraphProto, image: ImageInput, { tensors, lost, pictures }: Look): FoundFeature[] {
  return findFeatures(graph, image.name, tensors, pictures, (name) => !lost.has(name));
}

/** Any stride up to this may be named. */
const largestStride = 64;

/** Throws InputError for names that the graph does not have, and for tensors that are no maps. */
function named(
  graph: GraphProto,
  image: ImageInput,
  wanted: readonly string[],
  { tensors, lost, pictures }: Look,
  where: string,
): FoundFeature[] {
  const moving = dependents(graph, [image.name]);
  const nodes = new Map((graph.node ?? []).map(({ name = "", output }) => [name, output?.[0] ?? ""]));
  const strides = Array.from({ length: largestStride }, (_, i) => i + 1);
  const found: FoundFeature[] = [];
  for (const given of wanted) {
    const name = moving.has(given) ? given : (nodes.get(given) ?? "");
    if (!moving.has(name)) {
      const near = nearest(given, [...moving, ...nodes.keys()]);
      throw new InputError(
        `${where}: expected names of tensors that depend on the picture, got "${given}". ${near === undefined ? "Look at the model for its names" : `Did you mean ${near}`}${near === undefined ? "." : "?"}`,
      );
    }
    if (lost.has(name)) throw new InputError(lost.get(name)!);
    const { shape = [] } = tensors.get(name) ?? {};
    const layout = tensors.get(name)?.dtype === "float32" ? layoutOf(shape, pictures, strides) : null;
    if (layout === null) {
      const sides = show([pictures.height, pictures.width]);
      throw new InputError(
        `${where}: expected maps [B, C, H/s, W/s], [B, H/s, W/s, C] or [B, tokens, C] of a stride s up to ${largestStride}, got ${name} of ${show(shape)} for pictures ${sides}. Name another tensor.`,
      );
    }
    found.push({ name, layout });
  }
  return found.sort((a, b) => a.layout.stride - b.layout.stride);
}
