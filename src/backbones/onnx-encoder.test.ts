/** Files of other programs as encoders, in the style of their exporters, against ONNX Runtime's own run of the file. */
import { describe, expect, test } from "vitest";
import {
  changed,
  drawn,
  dynamoNet,
  dynamoVit,
  GraphFile,
  paddleNet,
  runtimeValues,
  tensorFlowNet,
  torchScriptResNet,
} from "../../test/support/exported.ts";
import { float32, fromNumbers, type Named, type NdArray, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { gradients } from "../autodiff/gradients.ts";
import { InputError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { decodeModel, type TensorProto } from "../onnx/wire.ts";
import { add, mean, mul, square } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { type OnnxEncoder, onnxEncoder, writeEncoder } from "./onnx-encoder.ts";

const where = "model.onnx";

/** Pictures [B, 3, H, W]. */
function pictures(batch: number, height: number, width: number, scale = 1): NdArray {
  return drawn([batch, 3, height, width], `pictures ${batch} ${height} ${width}`, scale);
}

/** [B, 3, H, W] → [B, H, W, 3]. */
function channelsLast({ shape: [batch, channels, height, width], data }: NdArray): NdArray {
  const pixels = height * width;
  const moved = new Float32Array(data.length);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < pixels; p++)
        moved[(b * pixels + p) * channels + c] = Number(data[(b * channels + c) * pixels + p]);
  return float32([batch, height, width, channels], moved);
}

async function mapsOf({ encoder }: OnnxEncoder, weights: Named<NdArray>, x: NdArray): Promise<readonly NdArray[]> {
  const maps = encoder.features(new Model().scope, input("x", x.shape), {});
  const values = await evaluate(Object.fromEntries(maps.map(({ map }, i) => [`${i}`, map])), { x, ...weights });
  return maps.map((_, i) => values[`${i}`]);
}

function expectNear(got: NdArray, expected: NdArray, tolerance = 1e-5): void {
  expect(got.shape).toEqual(expected.shape);
  const numbers = toNumbers(expected);
  const scale = Math.max(...numbers.map(Math.abs));
  expect(scale).toBeGreaterThan(0.01);
  const worst = toNumbers(got).reduce((most, value, i) => Math.max(most, Math.abs(value - numbers[i])), 0);
  expect(worst / scale).toBeLessThan(tolerance);
}

/** Features at this size are those of ONNX Runtime's run of the file, and of the file that is written. */
async function expectSame(bytes: Uint8Array, x: NdArray, name: string, layout = (array: NdArray) => array) {
  const made = onnxEncoder(bytes, { where });
  const maps = await mapsOf(made, made.weights, x);
  for (const file of [bytes, writeEncoder(bytes, made.weights, { where })]) {
    const values = await runtimeValues(file, { [name]: layout(x) }, made.features);
    for (const [i, feature] of made.features.entries()) {
      const last = values[feature].shape[1] !== maps[i].shape[1];
      expectNear(last ? channelsLast(maps[i]) : maps[i], values[feature]);
    }
  }
  return made;
}

describe("PyTorch's exporter of traced models", () => {
  const ends = ["/relu/Relu_output_0", ...[1, 2, 3, 4].map((i) => `/layer${i}/layer${i}.0/relu_1/Relu_output_0`)];

  test.each([
    [1, 64, 96],
    [2, 96, 32],
  ])("gives the ends of its stages, in batches of %d, %d × %d", async (batch, height, width) => {
    const made = await expectSame(torchScriptResNet(), pictures(batch, height, width), "input");
    expect(made.features).toEqual(ends);
    expect(made.encoder.multiple).toBe(32);
    expect([made.size, made.batch]).toEqual([null, null]);
  });

  test("has the weights before its features under their names, the others are left out", () => {
    const { weights, encoder, notes } = onnxEncoder(torchScriptResNet(), { where });
    expect(Object.keys(weights).slice(0, 2)).toEqual(["onnx::Conv_193", "onnx::Conv_194"]);
    expect(Object.keys(weights)).not.toContain("fc.weight");
    const { scope, parameters } = new Model({ training: true });
    encoder.features(scope.at("encoder"), input("x", [1, 3, 64, 64]), {});
    expect([...parameters.keys()]).toEqual(Object.keys(weights).map((name) => `encoder.${name}`));
    for (const { name, tensor, initializer } of parameters.values()) {
      expect(initializer(tensor.shape, new Random(0))).toEqual(weights[name.slice("encoder.".length)]);
    }
    expect(notes).toContain("3 nodes behind the features are left out");
    expect(notes).toContain("stride 32: /layer4/layer4.0/relu_1/Relu_output_0, 10 channels");
  });

  test("works at other sizes and batches although the file says one", async () => {
    const bytes = torchScriptResNet([1, 3, 64, 64]);
    const made = await expectSame(bytes, pictures(1, 64, 64), "input");
    const open = torchScriptResNet();
    const x = pictures(3, 32, 96);
    const [maps, expected] = [await mapsOf(made, made.weights, x), await runtimeValues(open, { input: x }, ends)];
    for (const [i, end] of ends.entries()) expectNear(maps[i], expected[end]);
  });

  test("takes tensors that are named, or nodes", async () => {
    const bytes = torchScriptResNet();
    const features = ["/layer3/layer3.0/Add", "/layer1/layer1.0/conv1/Conv_output_0"];
    const made = onnxEncoder(bytes, { where, features });
    expect(made.features).toEqual(["/layer1/layer1.0/conv1/Conv_output_0", "/layer3/layer3.0/Add_output_0"]);
    const x = pictures(1, 64, 32);
    const expected = await runtimeValues(bytes, { input: x }, made.features);
    for (const [i, map] of (await mapsOf(made, made.weights, x)).entries()) expectNear(map, expected[made.features[i]]);
    expect(made.encoder.multiple).toBe(16);
  });

  test("learns: every weight has a gradient, and a few steps lower a loss; the tuned file computes the same", async () => {
    const bytes = torchScriptResNet([1, 3, 64, 64]);
    const made = onnxEncoder(bytes, { where, features: ["/layer4/layer4.0/relu_1/Relu_output_0"] });
    const model = new Model({ training: true });
    const [{ map }] = made.encoder.features(model.scope, input("x", [2, 3, 64, 64]), {});
    const loss = mean(square(add(map, -1)));
    const slopes = gradients(
      loss,
      model.trained.map(({ tensor }) => tensor),
    );
    const outputs = {
      loss,
      ...Object.fromEntries(slopes.map((slope, i) => [`slope ${model.trained[i].name}`, slope])),
    };
    const x = pictures(2, 64, 64);
    const weights: Record<string, NdArray> = { ...made.weights };
    const losses: number[] = [];
    for (let step = 0; step < 5; step++) {
      const values = await evaluate(outputs, { x, ...weights });
      losses.push(toNumbers(values.loss)[0]);
      const slope = (name: string) => toNumbers(values[`slope ${name}`]);
      const length = Object.keys(weights).reduce((sum, name) => sum + slope(name).reduce((a, b) => a + b * b, 0), 0);
      const rate = (0.05 * losses[step]) / length; // a twentieth of the way to 0, were the loss a plane
      for (const [name, array] of Object.entries(weights)) {
        const along = slope(name);
        if (step === 0) expect(along.some((value) => value !== 0)).toBe(true);
        weights[name] = float32(
          array.shape,
          toNumbers(array).map((value, i) => value - rate * along[i]),
        );
      }
    }
    for (let step = 1; step < losses.length; step++) expect(losses[step]).toBeLessThan(losses[step - 1]);
    const written = writeEncoder(bytes, weights, { where, features: made.features });
    const [tuned] = await mapsOf(made, weights, x);
    expectNear(tuned, (await runtimeValues(written, { input: x }, made.features))[made.features[0]]);
    expect(decodeModel(written).graph!.initializer!.map(({ name }) => name)).toEqual(Object.keys(weights));
    expectNear((await mapsOf(onnxEncoder(written, { where, features: made.features }), weights, x))[0], tuned);
  });
});

describe("PyTorch's exporter of captured graphs", () => {
  test("keeps batch norms, which stay as they are unless they are asked to follow the batch", async () => {
    const made = await expectSame(dynamoNet(), pictures(1, 64, 96), "x");
    expect(made.features).toEqual(["silu", "silu_1", "silu_2", "silu_3", "silu_4"]);
    const run = async (norms: "batch" | "frozen") => {
      const model = new Model({ training: true });
      const maps = made.encoder.features(model.scope.at("e"), input("x", [2, 3, 64, 64]), { norms });
      const feeds = Object.fromEntries(Object.entries(made.weights).map(([name, array]) => [`e.${name}`, array]));
      const x = pictures(2, 64, 64);
      const values = await evaluate(
        {
          first: maps[0].map,
          ...Object.fromEntries([...model.updates].map(([name, tensor]) => [`new ${name}`, tensor])),
        },
        { x, ...feeds },
      );
      return { model, values, x };
    };
    expect((await run("frozen")).model.updates.size).toBe(0);
    const { model, values, x } = await run("batch");
    expect(model.updates.size).toBe(10);
    // Mean of the batch: what the convolution alone gives, over batch and places.
    const { conv2d } = await runtimeValues(torchless(dynamoNet()), { x }, ["conv2d"]);
    const all = toNumbers(conv2d);
    const own = all.filter((_, i) => Math.floor(i / 1024) % 4 === 2);
    const average = own.reduce((a, b) => a + b, 0) / own.length;
    const variance = own.reduce((a, b) => a + (b - average) ** 2, 0) / (own.length - 1);
    const earlier = (name: string) => toNumbers(made.weights[name])[2];
    expect(toNumbers(values["new e.blocks.0.bn.running_mean"])[2]).toBeCloseTo(
      0.9 * earlier("blocks.0.bn.running_mean") + 0.1 * average,
      5,
    );
    expect(toNumbers(values["new e.blocks.0.bn.running_var"])[2]).toBeCloseTo(
      0.9 * earlier("blocks.0.bn.running_var") + 0.1 * variance,
      4,
    );
  });

  /** The same with an open batch and size. */
  const torchless = (bytes: Uint8Array) =>
    changed(bytes, (model) => {
      const open = decodeModel(dynamoNet(["b", 3, "h", "w"])).graph!.input;
      return { ...model, graph: { ...model.graph, input: open } };
    });

  test("vision transformers give their last tokens as a map; any batch, but the size of the file", async () => {
    const bytes = dynamoVit();
    const made = onnxEncoder(bytes, { where });
    expect([made.features, made.size, made.batch]).toEqual([["layer_norm_1"], [64, 96], null]);
    const x = pictures(2, 64, 96);
    const [map] = await mapsOf(made, made.weights, x);
    expect(map.shape).toEqual([2, 8, 4, 6]);
    for (const b of [0, 1]) {
      const one = float32([1, 3, 64, 96], x.data.slice(b * 3 * 64 * 96, (b + 1) * 3 * 64 * 96) as Float32Array);
      const { layer_norm_1: tokens } = await runtimeValues(bytes, { x: one }, made.features);
      const numbers = toNumbers(tokens).slice(8); // without the class token
      const own = toNumbers(map).slice(b * 192, (b + 1) * 192);
      own.forEach((value, i) => {
        expect(value).toBeCloseTo(numbers[(i % 24) * 8 + Math.floor(i / 24)], 4);
      });
    }
    const { layer_norm_1: both } = await runtimeValues(
      writeEncoder(bytes, made.weights, { where }),
      { x },
      made.features,
    );
    expect(both.shape).toEqual([2, 25, 8]);
    const other = () => made.encoder.features(new Model().scope, input("x", [1, 3, 64, 64]), {});
    expect(other).toThrow(InputError);
    expect(other).toThrow(/expected pictures of 64 × 96, .* got 64 × 64 in batches of 1\. .*node add \(Add\)/);
  });

  test("a file that leaves all sizes open is looked at with those that its positions are for", () => {
    const made = onnxEncoder(dynamoVit(["batch", "channels", "height", "width"], [224, 224]), { where });
    expect([made.features, made.size, made.batch]).toEqual([["layer_norm_1"], [224, 224], null]);
  });
});

describe("TensorFlow's exporter", () => {
  test.each(["float32", "uint8"] as const)("channels last, %s: maps have channels first", async (dtype) => {
    const bytes = tensorFlowNet(dtype);
    const values = pictures(2, 64, 64, 40);
    const whole = toNumbers(values).map((value) => Math.min(255, Math.max(0, Math.round(value + 128))));
    const x = float32(values.shape, whole);
    const layout = (array: NdArray) =>
      dtype === "float32"
        ? channelsLast(array)
        : fromNumbers("uint8", channelsLast(array).shape, channelsLast(array).data as Float32Array);
    const made = await expectSame(bytes, x, "input_1:0", layout);
    const root = "StatefulPartitionedCall/model";
    expect(made.features).toEqual([0, 1, 2, 3, 4].map((i) => `${root}/block_${i}/Relu6:0`));
    expect(made.encoder.normalization.deviation[0]).toBeCloseTo(dtype === "uint8" ? 1 : 58.395);
    // What prepares the picture is not trained.
    expect(Object.keys(made.weights).filter((name) => name.includes("rescaling"))).toEqual([]);
    expect(made.size).toBe(null);
    const last = onnxEncoder(bytes, { where, features: [`${root}/last__40`] });
    const [map] = await mapsOf(last, last.weights, x);
    const expected = await runtimeValues(bytes, { "input_1:0": layout(x) }, last.features);
    expectNear(channelsLast(map), expected[last.features[0]]);
  });

  test("weights may be named among the inputs, as in old files, and be in a second file", async () => {
    const pieces: Uint8Array[] = [];
    const bytes = changed(tensorFlowNet(), (model) => {
      const initializer = model.graph!.initializer!.map(({ raw_data, ...tensor }): TensorProto => {
        if (raw_data === undefined) return tensor;
        const entries = { location: "model.onnx.data", offset: String(pieces.length), length: String(raw_data.length) };
        pieces.push(raw_data);
        const external_data = Object.entries(entries).map(([key, value]) => ({ key, value }));
        return { ...tensor, data_location: 1, external_data };
      });
      const also = initializer.map(({ name, dims, data_type }) => ({
        name,
        type: {
          tensor_type: { elem_type: data_type, shape: { dim: (dims ?? []).map((size) => ({ dim_value: size })) } },
        },
      }));
      return { ...model, graph: { ...model.graph, initializer, input: [...also, ...model.graph!.input!] } };
    });
    expect(() => onnxEncoder(bytes, { where })).toThrow('its numbers are in another file, "model.onnx.data"');
    const external = (_: string, offset: number) => pieces[offset];
    const made = onnxEncoder(bytes, { where, external });
    expect(Object.keys(made.weights)).toEqual(Object.keys(onnxEncoder(tensorFlowNet(), { where }).weights));
    const x = pictures(1, 64, 64);
    const expected = await runtimeValues(tensorFlowNet(), { "input_1:0": channelsLast(x) }, made.features);
    const written = writeEncoder(bytes, made.weights, { where, external });
    const again = await runtimeValues(written, { "input_1:0": channelsLast(x) }, made.features);
    for (const name of made.features) expectNear(again[name], expected[name]);
  });

  test("a model of bytes takes no other values", () => {
    expect(() => onnxEncoder(tensorFlowNet("uint8"), { where, normalization: "unit" })).toThrow(
      "model.onnx: expected normalization none, since the model takes bytes, got unit.",
    );
  });
});

test("Paddle's exporter: weights in nodes Constant are trained", async () => {
  const made = await expectSame(paddleNet(), pictures(2, 64, 32), "x");
  expect(made.features).toEqual([0, 1, 2, 3, 4].map((i) => `hardswish_${i}.tmp_0`));
  expect(Object.keys(made.weights)).toContain("conv2d_3.w_0");
  expect(Object.keys(made.weights)).toHaveLength(25);
});

test("half floats become float32", async () => {
  const wide = torchScriptResNet();
  // 0.25 is exact in both; bits of 0.25 as a half float are 0x3400.
  const quarter = (data_type: number) =>
    changed(wide, (model) => ({
      ...model,
      graph: {
        ...model.graph,
        node: [
          {
            op_type: "Cast",
            name: "in",
            input: ["input"],
            output: ["cast"],
            attribute: [{ name: "to", type: 2, i: data_type }],
          },
          ...model.graph!.node!.map((node) => ({
            ...node,
            input: node.input!.map((name) => (name === "input" ? "cast" : name)),
          })),
        ],
        initializer: model.graph!.initializer!.map(({ raw_data, ...tensor }) => {
          const count = raw_data!.length / 4;
          const halves = new Uint8Array(new Uint16Array(count).fill(0x3400).buffer);
          const floats = new Uint8Array(new Float32Array(count).fill(0.25).buffer);
          return { ...tensor, data_type, raw_data: data_type === 10 ? halves : floats };
        }),
      },
    }));
  const made = onnxEncoder(quarter(10), { where });
  const [a] = Object.values(made.weights);
  expect([a.dtype, toNumbers(a)[0]]).toEqual(["float32", 0.25]);
  const x = pictures(1, 64, 64);
  const expected = await runtimeValues(quarter(1), { input: x }, made.features);
  for (const [i, map] of (await mapsOf(made, made.weights, x)).entries()) expectNear(map, expected[made.features[i]]);
  const written = writeEncoder(quarter(10), made.weights, { where });
  expectNear((await runtimeValues(written, { input: x }, made.features))[made.features[4]], expected[made.features[4]]);
});

describe("what is refused, by name", () => {
  const refusal = (bytes: Uint8Array, features?: readonly string[]) => {
    try {
      onnxEncoder(bytes, { where, features });
    } catch (error) {
      expect(error).toBeInstanceOf(InputError);
      return (error as Error).message;
    }
    return "nothing";
  };
  /** The operator of one node becomes another one. */
  const replaced = (output: string, op_type: string, domain?: string) =>
    changed(torchScriptResNet(), (model) => ({
      ...model,
      opset_import: [...model.opset_import!, ...(domain === undefined ? [] : [{ domain, version: 1 }])],
      graph: {
        ...model.graph,
        node: model.graph!.node!.map((node) =>
          node.output![0] === output ? { ...node, op_type, domain, attribute: [] } : node,
        ),
      },
    }));
  const early = "/conv1/Conv_output_0";

  test.each([
    ["If", undefined, "model.onnx node /conv1/Conv (If): expected"],
    [
      "Foo",
      "my.own",
      'model.onnx node /conv1/Conv (Foo): expected an operator of ONNX or ONNX Runtime, got one of domain "my.own"',
    ],
    ["ConvInteger", undefined, "model.onnx node /conv1/Conv (ConvInteger): expected"],
  ])("%s before the features", (op, domain, message) => {
    expect(refusal(replaced(early, op, domain))).toContain(message);
    expect(refusal(replaced(early, op, domain))).not.toContain("\n");
    // Behind them it does not matter.
    expect(refusal(replaced("/Flatten_output_0", op, domain))).toBe("nothing");
  });

  test("quantized weights", () => {
    const file = new GraphFile();
    const scale = file.weight("scale", fromNumbers("float32", [], [0.1]));
    const packed = file.weight("w_q", fromNumbers("int8", [4, 3, 3, 3], Array(108).fill(3)));
    const weight = file.node("DequantizeLinear", [packed, scale], "w", {}, "w_dq");
    file.node("Conv", ["x", weight], "y", { strides: [2, 2], pads: [1, 1, 1, 1] });
    const bytes = file.model("onnx.quantize", 17, { name: "x", sizes: [1, 3, 64, 64] }, ["y"]);
    expect(refusal(bytes)).toContain("model.onnx node w_dq (DequantizeLinear): expected operators of floats");
    expect(refusal(bytes, ["y"])).toContain("quantized model");
  });

  test("operators without a gradient, behind weights", () => {
    const file = new GraphFile();
    const weight = file.weight("w", drawn([4, 3, 3, 3], "w"));
    const map = file.node("Conv", ["x", weight], "y", { strides: [2, 2], pads: [1, 1, 1, 1] });
    file.node("LpNormalization", [map], "z", { axis: 1 }, "lp");
    const bytes = file.model("", 17, { name: "x", sizes: [1, 3, 64, 64] }, ["z"]);
    expect(refusal(bytes, ["z"])).toContain(
      "model.onnx node lp (LpNormalization): expected an operator with a gradient",
    );
    expect(refusal(bytes, ["y"])).toBe("nothing");
  });

  test("names that the graph does not have, and tensors that are no maps", () => {
    expect(refusal(torchScriptResNet(), ["/layer2/layer2.0/relu_1/Relu_output"])).toBe(
      'model.onnx: expected names of tensors that depend on the picture, got "/layer2/layer2.0/relu_1/Relu_output". Did you mean /layer2/layer2.0/relu_1/Relu_output_0?',
    );
    expect(refusal(torchScriptResNet(), ["/Flatten_output_0"])).toContain("got /Flatten_output_0 of [1, 10]");
  });

  test("pictures of other channels, and graphs without deep maps", () => {
    const one = changed(torchScriptResNet([1, 1, 64, 64]), (model) => model);
    expect(refusal(one)).toContain("one of them of 3 channels, got input [1,1,64,64]");
    const file = new GraphFile();
    const weight = file.weight("w", drawn([4, 3, 3, 3], "w"));
    file.node("Conv", ["x", weight], "y", { strides: [2, 2], pads: [1, 1, 1, 1] });
    const shallow = file.model("", 17, { name: "x", sizes: [1, 3, 64, 64] }, ["y"]);
    expect(refusal(shallow)).toContain(
      "expected maps down to stride 16 or 32 of pictures 128 × 128, got none beyond stride 2",
    );
  });

  test("what is pooled to one pixel is no map of a stride as large as the picture", () => {
    const file = new GraphFile();
    let x = "x";
    for (const [i, stride] of [1, 2, 2].entries()) {
      const weight = file.weight(`w${i}`, drawn([3, 3, 3, 3], `w${i}`));
      x = file.node("Conv", [x, weight], `y${i}`, { strides: [stride, stride], pads: [1, 1, 1, 1] });
      x = file.node("Relu", [x], `relu${i}`);
    }
    const pooled = file.node("GlobalAveragePool", [x], "pooled");
    file.node("Relu", [pooled], "end");
    const bytes = file.model("", 17, { name: "x", sizes: [1, 3, 32, 32] }, ["end"]);
    expect(refusal(bytes)).toContain("got none beyond stride 4");
    expect(onnxEncoder(bytes, { where, features: ["relu1", "relu2"] }).encoder.multiple).toBe(4);
  });

  test("weights of another encoder for the file that is written", () => {
    const { weights } = onnxEncoder(torchScriptResNet(), { where });
    const [first] = Object.keys(weights);
    const other = { ...weights, [first]: float32([1], [0]) };
    expect(() => writeEncoder(torchScriptResNet(), other, { where })).toThrow(
      /expected weights onnx::Conv_193 .* got \[1\]/,
    );
  });
});

test("sums and products of features have gradients too", () => {
  const made = onnxEncoder(dynamoNet(), { where });
  const model = new Model({ training: true });
  const maps = made.encoder.features(model.scope, input("x", [1, 3, 64, 64]), {});
  const loss = maps.reduce((total, { map }) => add(total, mean(mul(map, map))), mean(maps[0].map));
  expect(
    gradients(
      loss,
      model.trained.map(({ tensor }) => tensor),
    ),
  ).toHaveLength(15);
});
