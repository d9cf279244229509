/** Small models written the way that other programs' exporters write theirs: names, operators, layouts, baked sizes. */
import { float32, fromNumbers, type NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { tensorProto, valueInfo } from "../../src/onnx/tensor-proto.ts";
import {
  type AttributeProto,
  attributeType,
  decodeModel,
  encodeModel,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from "../../src/onnx/wire.ts";
import { nodeBackend } from "../../src/runtime/node.ts";

type Value = number | readonly number[] | string | { readonly float: number };

export function attribute(name: string, value: Value): AttributeProto {
  if (typeof value === "number") return { name, type: attributeType.int, i: value };
  if (typeof value === "string") return { name, type: attributeType.string, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: attributeType.float, f: value.float };
  return { name, type: attributeType.ints, ints: [...value] };
}

/** Weights of deviation `scale`, drawn by name. */
export function drawn(shape: readonly number[], name: string, scale = 0.3, mean = 0): NdArray {
  const data = new Random(3, name).fillNormal(new Float32Array(sizeOf(shape)));
  return float32(
    shape,
    data.map((value) => value * scale + mean),
  );
}

export class GraphFile {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];

  weight(name: string, array: NdArray): string {
    this.initializers.push(tensorProto(array, name));
    return name;
  }

  integers(name: string, ...values: number[]): string {
    return this.weight(name, fromNumbers("int64", [values.length], values));
  }

  node(
    op_type: string,
    input: readonly string[],
    output: string,
    attributes: Readonly<Record<string, Value>> = {},
    name = "",
  ): string {
    const list = Object.entries(attributes).map(([key, value]) => attribute(key, value));
    this.nodes.push({ op_type, name, input, output: [output], attribute: list });
    return output;
  }

  /** sizes: numbers, or names of axes that are open. */
  model(
    producer_name: string,
    opset: number,
    input: { name: string; sizes: readonly (number | string)[]; dtype?: NdArray["dtype"] },
    outputs: readonly string[],
  ): Uint8Array {
    const { type } = valueInfo(input.name, { dtype: input.dtype ?? "float32", shape: [] });
    const dim = input.sizes.map((size) => (typeof size === "string" ? { dim_param: size } : { dim_value: size }));
    return encodeModel({
      ir_version: 8,
      producer_name,
      producer_version: "2.1.0",
      opset_import: [{ domain: "", version: opset }],
      graph: {
        name: "main_graph",
        node: this.nodes,
        initializer: this.initializers,
        input: [{ name: input.name, type: { tensor_type: { ...type!.tensor_type, shape: { dim } } } }],
        output: outputs.map((name) => ({ name, type: { tensor_type: { elem_type: 1 } } })),
      },
    });
  }
}

/** A residual network of two convolutions a block, as `torch.onnx.export` writes it: batch norms are folded. */
export function torchScriptResNet(sizes: readonly (number | string)[] = ["batch", 3, "height", "width"]): Uint8Array {
  const file = new GraphFile();
  let number = 190;
  const conv = (x: string, place: string, [from, to]: [number, number], kernel: number, stride: number) => {
    number += 3;
    const weights = [
      file.weight(`onnx::Conv_${number}`, drawn([to, from, kernel, kernel], `w${number}`)),
      file.weight(`onnx::Conv_${number + 1}`, drawn([to], `b${number}`)),
    ];
    const pads = Array(4).fill((kernel - 1) / 2);
    const settings = { dilations: [1, 1], group: 1, kernel_shape: [kernel, kernel], pads, strides: [stride, stride] };
    return file.node("Conv", [x, ...weights], `${place}/Conv_output_0`, settings, `${place}/Conv`);
  };
  const relu = (x: string, place: string) => file.node("Relu", [x], `${place}/Relu_output_0`, {}, `${place}/Relu`);
  let x = relu(conv("input", "/conv1", [3, 4], 7, 2), "/relu");
  const window = { ceil_mode: 0, kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] };
  x = file.node("MaxPool", [x], "/maxpool/MaxPool_output_0", window, "/maxpool/MaxPool");
  let channels = 4;
  for (const [i, width] of [4, 6, 8, 10].entries()) {
    const place = `/layer${i + 1}/layer${i + 1}.0`;
    const stride = i === 0 ? 1 : 2;
    const inner = relu(conv(x, `${place}/conv1`, [channels, width], 3, stride), `${place}/relu`);
    const branch = conv(inner, `${place}/conv2`, [width, width], 3, 1);
    const beside = i === 0 ? x : conv(x, `${place}/downsample/downsample.0`, [channels, width], 1, stride);
    const sum = file.node("Add", [branch, beside], `${place}/Add_output_0`, {}, `${place}/Add`);
    x = relu(sum, `${place}/relu_1`);
    channels = width;
  }
  const pooled = file.node("GlobalAveragePool", [x], "/avgpool/GlobalAveragePool_output_0");
  const flat = file.node("Flatten", [pooled], "/Flatten_output_0", { axis: 1 }, "/Flatten");
  const head = [file.weight("fc.weight", drawn([7, 10], "fc")), file.weight("fc.bias", drawn([7], "fc.bias"))];
  file.node("Gemm", [flat, ...head], "output", { transB: 1 }, "/fc/Gemm");
  return file.model("pytorch", 17, { name: "input", sizes }, ["output"]);
}

/** Batch norms as they are, sigmoid gates, numbers as names: `torch.onnx.export(dynamo=True)`. */
export function dynamoNet(sizes: readonly (number | string)[] = [1, 3, 64, 96]): Uint8Array {
  const file = new GraphFile();
  let x = "x";
  let from = 3;
  for (const [i, to] of [4, 6, 8, 10, 12].entries()) {
    const place = `blocks.${i}`;
    const weight = file.weight(`${place}.conv.weight`, drawn([to, from, 3, 3], place));
    const norm = [
      file.weight(`${place}.bn.weight`, drawn([to], `${place}g`, 0.1, 1)),
      file.weight(`${place}.bn.bias`, drawn([to], `${place}b`)),
      file.weight(`${place}.bn.running_mean`, drawn([to], `${place}m`, 0.1)),
      file.weight(`${place}.bn.running_var`, drawn([to], `${place}v`, 0.02, 1)),
    ];
    const settings = { auto_pad: "NOTSET", group: 1, pads: [1, 1, 1, 1], strides: [2, 2], dilations: [1, 1] };
    const convolved = file.node("Conv", [x, weight], i === 0 ? "conv2d" : `conv2d_${i}`, settings, `node_Conv_${i}`);
    const normal = file.node("BatchNormalization", [convolved, ...norm], `getitem_${3 * i}`, {
      epsilon: { float: 1e-5 },
      momentum: { float: 0.9 },
    });
    const gate = file.node("Sigmoid", [normal], `val_${11 + i}`);
    x = file.node("Mul", [normal, gate], i === 0 ? "silu" : `silu_${i}`);
    from = to;
  }
  const mean = file.node("ReduceMean", [x, file.integers("val_30", 2, 3)], "mean", { keepdims: 0 });
  const head = [file.weight("head.weight", drawn([5, 12], "head")), file.weight("head.bias", drawn([5], "hb"))];
  file.node("Gemm", [mean, ...head], "linear", { transB: 1 });
  return file.model("pytorch", 18, { name: "x", sizes }, ["linear"]);
}

/** A vision transformer of one block; exported for one batch of pictures of one size, which its shapes say in numbers. */
export function dynamoVit(
  sizes: readonly (number | string)[] = [1, 3, 64, 96],
  [rows, columns]: readonly [number, number] = [64, 96],
): Uint8Array {
  const [width, heads, count] = [8, 2, (rows / 16) * (columns / 16)];
  const batch = typeof sizes[0] === "number" ? sizes[0] : 1;
  const file = new GraphFile();
  const patch = [
    file.weight("patch_embed.proj.weight", drawn([width, 3, 16, 16], "p", 0.1)),
    file.weight("patch_embed.proj.bias", drawn([width], "pb")),
  ];
  const map = file.node("Conv", ["x", ...patch], "conv2d", { strides: [16, 16], kernel_shape: [16, 16] });
  const flat = file.node("Reshape", [map, file.integers("val_2", batch, width, count)], "view");
  const patches = file.node("Transpose", [flat], "transpose", { perm: [0, 2, 1] });
  const all = file.node("Concat", [file.weight("cls_token", drawn([batch, 1, width], "cls")), patches], "cat", {
    axis: 1,
  });
  const tokens = file.node("Add", [all, file.weight("pos_embed", drawn([1, count + 1, width], "pos"))], "add");
  const norm = (x: string, place: string, name: string) =>
    file.node(
      "LayerNormalization",
      [
        x,
        file.weight(`${place}.weight`, drawn([width], place, 0.1, 1)),
        file.weight(`${place}.bias`, drawn([width], name)),
      ],
      name,
      { axis: -1, epsilon: { float: 1e-6 } },
    );
  const linear = (x: string, place: string, from: number, to: number, name: string) => {
    const product = file.node("MatMul", [x, file.weight(`${place}.weight_t`, drawn([from, to], place))], `${name}_mm`);
    return file.node("Add", [product, file.weight(`${place}.bias`, drawn([to], `${place}b`))], name);
  };
  const qkv = linear(norm(tokens, "blocks.0.norm1", "layer_norm"), "blocks.0.attn.qkv", width, 3 * width, "linear");
  const parts = file.node(
    "Reshape",
    [qkv, file.integers("val_9", batch, count + 1, 3, heads, width / heads)],
    "view_1",
  );
  const turned = file.node("Transpose", [parts], "permute", { perm: [2, 0, 3, 1, 4] });
  const [q, k, v] = [0, 1, 2].map((i) => {
    const index = file.weight(`val_1${i}`, fromNumbers("int64", [], [i]));
    return file.node("Gather", [turned, index], i === 0 ? "select" : `select_${i}`, { axis: 0 });
  });
  const scores = file.node("MatMul", [q, file.node("Transpose", [k], "transpose_1", { perm: [0, 1, 3, 2] })], "matmul");
  const scaled = file.node("Mul", [scores, file.weight("val_20", fromNumbers("float32", [], [0.5]))], "mul");
  const mixed = file.node("MatMul", [file.node("Softmax", [scaled], "softmax", { axis: -1 }), v], "matmul_1");
  const back = file.node("Transpose", [mixed], "transpose_2", { perm: [0, 2, 1, 3] });
  const joined = file.node("Reshape", [back, file.integers("val_30", batch, count + 1, width)], "view_2");
  const sum = file.node("Add", [tokens, linear(joined, "blocks.0.attn.proj", width, width, "linear_1")], "add_1");
  const last = norm(sum, "norm", "layer_norm_1");
  const first = file.node("Gather", [last, file.weight("val_40", fromNumbers("int64", [], [0]))], "select_3", {
    axis: 1,
  });
  const head = [file.weight("head.weight", drawn([5, width], "h")), file.weight("head.bias", drawn([5], "hb"))];
  file.node("Gemm", [first, ...head], "linear_2", { transB: 1 });
  return file.model("pytorch", 18, { name: "x", sizes }, ["linear_2"]);
}

/** Channels last at both ends, a picture prepared within the graph, paddings of TensorFlow: tf2onnx on a Keras model. */
export function tensorFlowNet(dtype: "float32" | "uint8" = "float32"): Uint8Array {
  const root = "StatefulPartitionedCall/model";
  const file = new GraphFile();
  let x = "input_1:0";
  if (dtype === "uint8") x = file.node("Cast", [x], `${root}/Cast:0`, { to: 1 });
  const scale = file.weight(`${root}/rescaling/mul/y:0`, float32([1, 1, 1, 3], [1 / 127, 1 / 128, 1 / 129]));
  const offset = file.weight(`${root}/rescaling/sub/y:0`, float32([3], [1, 1.1, 0.9]));
  x = file.node("Sub", [file.node("Mul", [x, scale], `${root}/rescaling/mul:0`), offset], `${root}/rescaling/sub:0`);
  x = file.node("Transpose", [x], `${root}/Conv1/Conv2D__6:0`, { perm: [0, 3, 1, 2] }, `${root}/Conv1/Conv2D__6`);
  const [low, high] = [0, 6].map((value) => file.weight(`const_${value}`, fromNumbers("float32", [], [value])));
  let from = 3;
  for (const [i, to] of [4, 6, 8, 10, 12].entries()) {
    const place = `${root}/block_${i}`;
    const weights = [
      file.weight(`${place}/Conv2D/ReadVariableOp:0`, drawn([to, from, 3, 3], place)),
      file.weight(`${place}/BiasAdd/ReadVariableOp:0`, drawn([to], `${place}b`)),
    ];
    const pads = file.integers(`${place}/pads`, 0, 0, 0, 0, 0, 0, 1, 1);
    const padded = file.node("Pad", [x, pads], `${place}/Pad:0`, { mode: "constant" }, `${place}/Pad`);
    const settings = { strides: [2, 2], kernel_shape: [3, 3], dilations: [1, 1], group: 1 };
    const convolved = file.node("Conv", [padded, ...weights], `${place}/BiasAdd:0`, settings, `${place}/BiasAdd`);
    x = file.node("Clip", [convolved, low, high], `${place}/Relu6:0`, {}, `${place}/Relu6`);
    from = to;
  }
  x = file.node("Transpose", [x], `${root}/last__40:0`, { perm: [0, 2, 3, 1] }, `${root}/last__40`);
  file.node("ReduceMean", [x], "Identity:0", { axes: [1, 2], keepdims: 0 }, `${root}/gap/Mean`);
  return file.model("tf2onnx", 13, { name: "input_1:0", dtype, sizes: ["unk__1", 64, 64, 3] }, ["Identity:0"]);
}

/** All weights are nodes `Constant`, hard swishes are taken apart: Paddle2ONNX. */
export function paddleNet(): Uint8Array {
  const file = new GraphFile();
  const constants: NodeProto[] = [];
  const held = (name: string, array: NdArray) => {
    const value = { name: "value", type: attributeType.tensor, t: tensorProto(array) };
    constants.push({ op_type: "Constant", input: [], output: [name], attribute: [value] });
    return name;
  };
  const [three, six, zero] = [3, 6, 0].map((value) => held(`p2o.helper.constant.${value}`, float32([], [value])));
  let x = "x";
  let from = 3;
  for (const [i, to] of [4, 6, 8, 10, 12].entries()) {
    const weight = held(`conv2d_${i}.w_0`, drawn([to, from, 3, 3], `w${i}`));
    const settings = { dilations: [1, 1], group: 1, kernel_shape: [3, 3], pads: [1, 1, 1, 1], strides: [2, 2] };
    const convolved = file.node("Conv", [x, weight], `conv2d_${20 + i}.tmp_0`, settings);
    const norm = ["w_0", "b_0", "w_1", "w_2"].map((part) =>
      held(`batch_norm2d_${i}.${part}`, drawn([to], `${part}${i}`, 0.05, part === "w_2" || part === "w_0" ? 1 : 0)),
    );
    const normal = file.node("BatchNormalization", [convolved, ...norm], `batch_norm_${i}.tmp_2`, {
      epsilon: { float: 1e-5 },
      momentum: { float: 0.9 },
    });
    const shifted = file.node("Add", [normal, three], `p2o.Add.${i}`);
    const cut = file.node("Clip", [shifted, zero, six], `p2o.Clip.${i}`);
    x = file.node("Div", [file.node("Mul", [normal, cut], `p2o.Mul.${i}`), six], `hardswish_${i}.tmp_0`);
    from = to;
  }
  const pooled = file.node("GlobalAveragePool", [x], "p2o.GlobalAveragePool.0");
  file.node("HardSigmoid", [pooled], "hardsigmoid_0.tmp_0", { alpha: { float: 0.2 }, beta: { float: 0.5 } });
  file.nodes.unshift(...constants);
  const sizes = ["p2o.DynamicDimension.0", 3, "p2o.DynamicDimension.1", "p2o.DynamicDimension.2"];
  return file.model("", 11, { name: "x", sizes }, ["hardsigmoid_0.tmp_0"]);
}

/** The same file with something changed. */
export function changed(bytes: Uint8Array, change: (model: ModelProto) => ModelProto): Uint8Array {
  return encodeModel(change(decodeModel(bytes)));
}

/** What ONNX Runtime itself makes of a file, with these tensors as outputs and, where wanted, other sizes as inputs. */
export async function runtimeValues(
  bytes: Uint8Array,
  feeds: Readonly<Record<string, NdArray>>,
  outputs: readonly string[],
): Promise<Readonly<Record<string, NdArray>>> {
  const output = outputs.map((name) => ({ name, type: { tensor_type: { elem_type: 1 } } }));
  const plain = changed(bytes, (model) => ({ ...model, graph: { ...model.graph, output, value_info: [] } }));
  const session = await nodeBackend.create(plain, { device: "cpu", threads: 1, use: "training" });
  try {
    return await session.run(feeds, Object.fromEntries(outputs.map((name) => [name, null])));
  } finally {
    await session.release();
  }
}
