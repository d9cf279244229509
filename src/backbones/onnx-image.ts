/** ONNX graphs with one picture as input, read for pictures of any size. */
import { InputError } from "../errors.ts";
import { input, type Tensor, type TensorType } from "../graph/tensor.ts";
import { type ProtoOptions, type ReadProto, readProto } from "../onnx/read.ts";
import { dataTypeOf } from "../onnx/tensor-proto.ts";
import { type ModelProto, toNumber, type ValueInfoProto } from "../onnx/wire.ts";
import { cast, clip, round, transpose } from "../ops/index.ts";
import type { Pictures } from "./onnx-maps.ts";

/** The input of a graph that takes the picture. */
export interface ImageInput {
  readonly name: string;
  readonly dtype: "float32" | "uint8";
  readonly channelsLast: boolean;
  /** What the file says of batch, height and width; null where it leaves them open. */
  readonly batch: number | null;
  readonly height: number | null;
  readonly width: number | null;
}

/** Throws InputError where no input of the model is a picture of three channels. */
export function imageInputOf({ graph }: ModelProto, where: string): ImageInput {
  const initialized = new Set((graph?.initializer ?? []).map(({ name }) => name));
  const fed = (graph?.input ?? []).filter(({ name }) => !initialized.has(name));
  for (const info of fed) {
    const sizes = sizesOf(info);
    const type = info.type?.tensor_type?.elem_type;
    const dtype = type === dataTypeOf("uint8") ? "uint8" : "float32";
    if (dtype === "float32" && type !== dataTypeOf("float16") && type !== dataTypeOf("float32")) continue;
    if (sizes.length !== 4) continue;
    const channelsLast = sizes[1] !== 3 && sizes[3] === 3;
    if (!channelsLast && sizes[1] !== 3 && sizes[1] !== null) continue;
    const [height, width] = channelsLast ? [sizes[1], sizes[2]] : [sizes[2], sizes[3]];
    return { name: info.name ?? "", dtype, channelsLast, batch: sizes[0], height, width };
  }
  const got = fed.map((info) => `${info.name} [${sizesOf(info).map((size) => size ?? "open")}]`).join(", ");
  throw new InputError(
    `${where}: expected an input of pictures, float32 or uint8 with four axes, one of them of 3 channels, got ${got || "none"}. Use a model of color pictures.`,
  );
}

function sizesOf({ type }: ValueInfoProto): (number | null)[] {
  return (type?.tensor_type?.shape?.dim ?? []).map(({ dim_value, dim_param = "" }) =>
    dim_param !== "" || dim_value === undefined || toNumber(dim_value) < 1 ? null : toNumber(dim_value),
  );
}

/** Axes of height and width. */
export function axesOf({ channelsLast }: ImageInput): readonly [number, number] {
  return channelsLast ? [1, 2] : [2, 3];
}

/** x: [B, 3, H, W] float32 → what the input takes. */
export function asInput(x: Tensor, { dtype, channelsLast }: ImageInput): Tensor {
  const bytes = dtype === "uint8" ? cast(clip(round(x), { min: 0, max: 255 }), "uint8") : x;
  return channelsLast ? transpose(bytes, [0, 2, 3, 1]) : bytes;
}

/** A picture to look at the graph with. */
export function placeholder({ dtype, channelsLast }: ImageInput, { batch, height, width }: Pictures): Tensor {
  return input("image", channelsLast ? [batch, height, width, 3] : [batch, 3, height, width], dtype);
}

/** Reads a model for the picture `image`, whatever size the file says that pictures have. */
export function readFor(model: ModelProto, own: ImageInput, image: Tensor, options: ProtoOptions): ReadProto {
  const graph = model.graph!;
  const pictures = picturesOf(image, own);
  const asDeclared = (["batch", "height", "width"] as const).every(
    (axis) => own[axis] === null || own[axis] === pictures[axis],
  );
  const described = (infos: readonly ValueInfoProto[] | undefined) => (asDeclared ? infos : infos?.map(withoutShape));
  const sized = graph.input?.map((info) => (info.name === own.name ? withShape(info, image) : info));
  const read = { ...graph, input: sized, output: described(graph.output), value_info: described(graph.value_info) };
  return readProto({ ...model, graph: read }, { ...options, inputs: { [own.name]: image } });
}

export function picturesOf({ shape }: Tensor, own: ImageInput): Pictures {
  const [h, w] = axesOf(own);
  return { batch: shape[0], height: shape[h], width: shape[w] };
}

function withShape(info: ValueInfoProto, { dtype, shape }: TensorType): ValueInfoProto {
  const dim = shape.map((size) => ({ dim_value: size }));
  return { ...info, type: { tensor_type: { elem_type: dataTypeOf(dtype), shape: { dim } } } };
}

function withoutShape(info: ValueInfoProto): ValueInfoProto {
  const tensor = info.type?.tensor_type;
  return tensor === undefined ? info : { ...info, type: { tensor_type: { elem_type: tensor.elem_type } } };
}

/** Whether what a node gives can have no gradient although it is a float. */
export function stopsGradient({ dtype, source }: Tensor): boolean {
  return dtype.startsWith("float") && source.kind === "node" && source.gradient === null;
}
