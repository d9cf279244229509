/**
 * The ONNX file format: those messages of `onnx.proto` (IR version 9) that we write or read, as protocol buffers.
 * Field names and numbers are ONNX's own; fields that are not listed here are skipped when a file is read.
 */
import type protobuf from "protobufjs/light.js";
import { InputError } from "../errors.ts";
import { type Messages, messageTypes } from "../platform/protobuf.ts";

/** A 64-bit integer: a number to write; digits as the decoder gives them, because numbers are exact to 2⁵³ only. */
export type Integer = number | string;

export interface TensorProto {
  dims?: readonly Integer[];
  data_type?: number;
  float_data?: readonly number[];
  int32_data?: readonly number[];
  int64_data?: readonly Integer[];
  double_data?: readonly number[];
  uint64_data?: readonly Integer[];
  string_data?: readonly Uint8Array[];
  name?: string;
  raw_data?: Uint8Array;
  external_data?: readonly StringEntry[];
  /** 0 in this file, 1 in another one. */
  data_location?: number;
}

export interface StringEntry {
  key?: string;
  value?: string;
}

export interface AttributeProto {
  name?: string;
  type?: number;
  f?: number;
  i?: Integer;
  s?: Uint8Array;
  t?: TensorProto;
  g?: GraphProto;
  floats?: readonly number[];
  ints?: readonly Integer[];
  strings?: readonly Uint8Array[];
  tensors?: readonly TensorProto[];
  graphs?: readonly GraphProto[];
}

export interface NodeProto {
  input?: readonly string[];
  output?: readonly string[];
  name?: string;
  op_type?: string;
  domain?: string;
  attribute?: readonly AttributeProto[];
}

export interface ValueInfoProto {
  name?: string;
  type?: TypeProto;
}

export interface TypeProto {
  tensor_type?: {
    elem_type?: number;
    shape?: { dim?: readonly { dim_value?: Integer; dim_param?: string }[] };
  };
  sequence_type?: { elem_type?: TypeProto };
}

export interface GraphProto {
  node?: readonly NodeProto[];
  name?: string;
  initializer?: readonly TensorProto[];
  sparse_initializer?: readonly object[];
  input?: readonly ValueInfoProto[];
  output?: readonly ValueInfoProto[];
  value_info?: readonly ValueInfoProto[];
}

export interface ModelProto {
  ir_version?: Integer;
  producer_name?: string;
  producer_version?: string;
  doc_string?: string;
  graph?: GraphProto;
  opset_import?: readonly { domain?: string; version?: Integer }[];
  metadata_props?: readonly StringEntry[];
  functions?: readonly object[];
}

/** Values of `AttributeProto.type`. */
export const attributeType = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  sparseTensor: 11,
} as const;

const messages: Messages = {
  StringEntry: { key: "string 1", value: "string 2" },
  Opset: { domain: "string 1", version: "int64 2" },
  Dimension: { dim_value: "int64 1", dim_param: "string 2" },
  Shape: { dim: "*Dimension 1" },
  TensorType: { elem_type: "int32 1", shape: "Shape 2" },
  SequenceType: { elem_type: "Type 1" },
  Type: { tensor_type: "TensorType 1", sequence_type: "SequenceType 4" },
  ValueInfo: { name: "string 1", type: "Type 2" },
  Tensor: {
    dims: "*int64 1",
    data_type: "int32 2",
    float_data: "*float 4",
    int32_data: "*int32 5",
    string_data: "*bytes 6",
    int64_data: "*int64 7",
    name: "string 8",
    raw_data: "bytes 9",
    double_data: "*double 10",
    uint64_data: "*uint64 11",
    external_data: "*StringEntry 13",
    data_location: "int32 14",
  },
  Sparse: {},
  Function: {},
  Attribute: {
    name: "string 1",
    f: "float 2",
    i: "int64 3",
    s: "bytes 4",
    t: "Tensor 5",
    g: "Graph 6",
    floats: "*float 7",
    ints: "*int64 8",
    strings: "*bytes 9",
    tensors: "*Tensor 10",
    graphs: "*Graph 11",
    type: "int32 20",
  },
  Node: {
    input: "*string 1",
    output: "*string 2",
    name: "string 3",
    op_type: "string 4",
    attribute: "*Attribute 5",
    domain: "string 7",
  },
  Graph: {
    node: "*Node 1",
    name: "string 2",
    initializer: "*Tensor 5",
    input: "*ValueInfo 11",
    output: "*ValueInfo 12",
    value_info: "*ValueInfo 13",
    sparse_initializer: "*Sparse 15",
  },
  Model: {
    ir_version: "int64 1",
    producer_name: "string 2",
    producer_version: "string 3",
    doc_string: "string 6",
    graph: "Graph 7",
    opset_import: "*Opset 8",
    metadata_props: "*StringEntry 14",
    functions: "*Function 25",
  },
};

let modelMessage: protobuf.Type | undefined;

/** Built at first use: the command line starts without it. */
function schema(): protobuf.Type {
  if (modelMessage !== undefined) return modelMessage;
  modelMessage = messageTypes(messages).lookupType("Model");
  return modelMessage;
}

/** A model as the bytes of an .onnx file; at most 2 GB, the limit of protocol buffers. */
export function encodeModel(model: ModelProto): Uint8Array {
  return schema().encode(model).finish();
}

/** The bytes of an .onnx file as a model. Throws InputError when they are not one. `where` names the file in messages. */
export function decodeModel(bytes: Uint8Array, where = "onnx"): ModelProto {
  let model: ModelProto;
  try {
    // As plain objects, absent fields are absent; messages of the library would have defaults in their place.
    model = schema().toObject(schema().decode(bytes), { longs: String });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new InputError(
      `${where}: expected an ONNX model, got ${bytes.length} bytes that do not decode (${reason}). The file may be cut short or of another kind.`,
    );
  }
  if (!model.graph || (model.opset_import ?? []).length === 0) {
    throw new InputError(`${where}: expected an ONNX model, got a file without a graph. Is it another kind of file?`);
  }
  return model;
}

/** Reads a 64-bit integer; what is beyond 2⁵³ is rounded, as for the "to the end" of an old Slice. */
export function toNumber(value: Integer | undefined): number {
  return Number(value ?? 0);
}
