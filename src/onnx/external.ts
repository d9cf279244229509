/** Models whose weights are in a second file: an .onnx file itself holds at most 2 GB. */
import type { Graph } from "../graph/graph.ts";
import { placeOf } from "./tensor-proto.ts";
import { decodeModel, encodeModel, type TensorProto } from "./wire.ts";
import { graphProto, modelProto, type WriteOptions, type WrittenModel } from "./write.ts";

export interface ExternalOptions extends WriteOptions {
  /** Name of the second file, in the same folder as the model. */
  readonly dataFile: string;
  /** Writes the next bytes of the second file; called one after the other. */
  readonly append: (bytes: Uint8Array) => Promise<void> | void;
}

/** Smaller tensors stay in the model. */
const smallest = 1024;
/** Tensors start at multiples of this, so that the file can be mapped into memory. */
const alignment = 4096;

/**
 * A lowered graph as an ONNX model with its weights, larger ones, in a second file. Returns the bytes of the model; the
 * second file is handed to `append` tensor by tensor, so that it is never in memory as a whole.
 */
export async function writeModelFiles(
  graph: Graph,
  { dataFile, append, ...options }: ExternalOptions,
): Promise<WrittenModel> {
  const written = graphProto(graph, options);
  let offset = 0;
  const initializer: TensorProto[] = [];
  for (const tensor of written.graph.initializer ?? []) {
    const { raw_data: bytes = new Uint8Array(), ...rest } = tensor;
    if (bytes.length < smallest) {
      initializer.push(tensor);
      continue;
    }
    const gap = (alignment - (offset % alignment)) % alignment;
    if (gap > 0) await append(new Uint8Array(gap));
    await append(bytes);
    offset += gap;
    const external_data = [
      { key: "location", value: dataFile },
      { key: "offset", value: String(offset) },
      { key: "length", value: String(bytes.length) },
    ];
    initializer.push({ ...rest, data_location: 1, external_data });
    offset += bytes.length;
  }
  const { inputs, variables } = written;
  const model = modelProto({ ...written, graph: { ...written.graph, initializer } }, options);
  return { bytes: encodeModel(model), inputs, variables };
}

/** Files beside a model in which its weights are. Throws InputError where they would lie elsewhere. */
export function externalLocations(bytes: Uint8Array, where: string): string[] {
  const stored = decodeModel(bytes, where).graph?.initializer?.filter(({ data_location }) => data_location === 1) ?? [];
  return [...new Set(stored.map((tensor) => placeOf(tensor, `${where} ${tensor.name}`).location))];
}
