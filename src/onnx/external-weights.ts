/** Models whose weights are in a second file: an .onnx file itself holds at most 2 GB. */
import { placeOf } from "./tensor-proto.ts";
import { decodeModel, type GraphProto, type ModelProto, type NodeProto, type TensorProto } from "./wire.ts";

/** Weights begin at multiples of this in their file, so that it can be mapped into memory. */
const alignment = 4096;
/** Smaller constants stay in the model: shape inference reads them there. */
const minBytes = 1024;

/** Bytes of all numbers in a model, those of loop bodies included. */
export function weightBytes({ graph }: ModelProto): number {
  let bytes = 0;
  const visit = (part: GraphProto) => {
    for (const { raw_data } of part.initializer ?? []) bytes += raw_data?.length ?? 0;
    for (const { attribute } of part.node ?? []) {
      for (const { g, t } of attribute ?? []) {
        bytes += t?.raw_data?.length ?? 0;
        if (g !== undefined) visit(g);
      }
    }
  };
  if (graph !== undefined) visit(graph);
  return bytes;
}

/**
 * A model whose large weights are in a second file, as ONNX has it for models above 2 GB: the model without them, and
 * the content of the file `location`, which lies beside the model's.
 */
export function moveWeights(model: ModelProto, location: string): { model: ModelProto; pieces: Uint8Array[] } {
  const pieces: Uint8Array[] = [];
  let offset = 0;
  const moved = (tensor: TensorProto): TensorProto => {
    const { raw_data, ...rest } = tensor;
    if (raw_data === undefined || raw_data.length < minBytes) return tensor;
    const gap = (alignment - (offset % alignment)) % alignment;
    if (gap > 0) pieces.push(new Uint8Array(gap));
    pieces.push(raw_data);
    const entries = { location, offset: String(offset + gap), length: String(raw_data.length) };
    offset += gap + raw_data.length;
    return {
      ...rest,
      data_location: 1,
      external_data: Object.entries(entries).map(([key, value]) => ({ key, value })),
    };
  };
  const ofNode = (node: NodeProto): NodeProto => ({
    ...node,
    attribute: node.attribute?.map((attribute) =>
      attribute.g === undefined ? attribute : { ...attribute, g: ofGraph(attribute.g) },
    ),
  });
  const ofGraph = (graph: GraphProto): GraphProto => ({
    ...graph,
    initializer: graph.initializer?.map(moved),
    node: graph.node?.map(ofNode),
  });
  return { model: { ...model, graph: model.graph === undefined ? undefined : ofGraph(model.graph) }, pieces };
}

/** Files beside a model in which its weights are. Throws InputError where they would lie elsewhere. */
export function externalLocations(bytes: Uint8Array, where: string): string[] {
  const stored = decodeModel(bytes, where).graph?.initializer?.filter(({ data_location }) => data_location === 1) ?? [];
  return [...new Set(stored.map((tensor) => placeOf(tensor, `${where} ${tensor.name}`).location))];
}
