/** Where stages are found to end. */
import { expect, test } from "vitest";
import { drawn, GraphFile, runtimeValues } from "../../test/support/exported.ts";
import { float32, toNumbers, zeros } from "../array/ndarray.ts";
import { lower } from "../graph/graph.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { globalAveragePool } from "../ops/index.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { deepestMaps } from "./encoder.ts";
import { encoders } from "./encoders.ts";
import { onnxEncoder } from "./onnx-encoder.ts";

const where = "model.onnx";
const x = input("x", [1, 3, 128, 160]);

// MobileNetV2's first stage has no sum: there, the activation of the next block's first convolution ends it.
test.each([
  ["resnet18", "folded", []],
  ["resnet18", "frozen", []],
  ["resnet50-v2-c4", "frozen", []],
  ["mobilenet-v2", "folded", [2]],
] as const)("of %s with %s norms, written as ONNX: where our own encoder has them", (name, norms, other) => {
  const model = new Model();
  const own = deepestMaps(encoders[name].features(model.scope, x, { norms }));
  const graph = lower(
    { outputs: { y: globalAveragePool(own[own.length - 1].map) } },
    { device: "cpu", operators: "portable", convBlock: 0 },
  );
  const embed = Object.fromEntries(
    [...model.parameters.values()].map((each) => [each.name, zeros("float32", each.tensor.shape)]),
  );
  const { encoder, size, batch } = onnxEncoder(writeModel(graph, { embed }).bytes, { where });
  const found = encoder.features(new Model().scope, x, {});
  const shapes = (maps: typeof own) =>
    maps.filter(({ stride }) => !other.some((each) => each === stride)).map(({ stride, map }) => [stride, map.shape]);
  expect(shapes(found)).toEqual(shapes(own));
  expect(found.map(({ stride }) => stride)).toEqual(own.map(({ stride }) => stride));
  expect([size, batch]).toEqual([null, null]);
});

/** Convolution and rectifier. */
function layer(file: GraphFile, from: string, place: string, channels: readonly [number, number], stride = 1): string {
  const weight = file.weight(`${place}.weight`, drawn([channels[1], channels[0], 3, 3], place));
  const convolved = file.node("Conv", [from, weight], `${place}.conv`, {
    strides: [stride, stride],
    pads: [1, 1, 1, 1],
  });
  return file.node("Relu", [convolved], place);
}

function enlarged(file: GraphFile, from: string, place: string, channels: readonly [number, number]): string {
  const weight = file.weight(`${place}.weight`, drawn([...channels, 2, 2], place));
  return file.node("ConvTranspose", [from, weight], place, { strides: [2, 2] });
}

test("of a U-Net: the maps that its decoder goes back to, not the decoder's own", () => {
  const file = new GraphFile();
  let from = "x";
  let channels = 3;
  const skips: string[] = [];
  for (const level of [0, 1, 2, 3, 4]) {
    const width = 4 + level;
    from = layer(file, layer(file, from, `down${level}.0`, [channels, width]), `down${level}.1`, [width, width]);
    channels = width;
    skips.push(from);
    if (level < 4) from = file.node("MaxPool", [from], `pool${level}`, { kernel_shape: [2, 2], strides: [2, 2] });
  }
  for (const level of [3, 2, 1, 0]) {
    const up = enlarged(file, from, `up${level}`, [channels, 4 + level]);
    const both = file.node("Concat", [skips[level], up], `cat${level}`, { axis: 1 });
    channels = 4 + level;
    from = layer(file, both, `dec${level}`, [2 * channels, channels]);
  }
  const bytes = file.model("pytorch", 17, { name: "x", sizes: [1, 3, 64, 64] }, [from]);
  expect(onnxEncoder(bytes, { where }).features).toEqual(["down1.1", "down2.1", "down3.1", "down4.1"]);
});

test("of a pyramid and a head of boxes: stages before they are brought to one width", () => {
  const file = new GraphFile();
  const ends: string[] = [];
  let from = "x";
  let channels = 3;
  for (const level of [1, 2, 3, 4]) {
    const [width, place] = [4 + 2 * level, `stage${level}`];
    const first = layer(file, from, `${place}.0`, [channels, width], 2);
    const inner = layer(file, first, `${place}.1`, [width, width]);
    const sum = file.node("Add", [first, inner], `${place}.sum`);
    from = file.node("Relu", [sum], place);
    ends.push(from);
    channels = width;
  }
  const widths = [6, 8, 10, 12];
  const lateral = ends.map((end, i) => layer(file, end, `lateral${i}`, [widths[i], 4]));
  let top = lateral[3];
  for (const i of [2, 1, 0]) {
    top = file.node("Add", [lateral[i], enlarged(file, top, `top${i}`, [4, 4])], `merged${i}`);
    layer(file, top, `head${i}`, [4, 5]);
  }
  const bytes = file.model("pytorch", 17, { name: "x", sizes: [1, 3, 64, 64] }, ["head0", "head1", "head2"]);
  const { features, weights } = onnxEncoder(bytes, { where });
  expect(features).toEqual(ends);
  expect(Object.keys(weights).every((name) => name.startsWith("stage"))).toBe(true);
});

test("gates of pooled channels are part of their stage", () => {
  const file = new GraphFile();
  let from = "x";
  let channels = 3;
  for (const level of [1, 2, 3, 4]) {
    const [width, place] = [4 + 2 * level, `stage${level}`];
    const first = layer(file, from, `${place}.0`, [channels, width], 2);
    const pooled = file.node("GlobalAveragePool", [first], `${place}.pooled`);
    const weight = file.weight(`${place}.gate.weight`, drawn([width, width, 1, 1], place));
    const gate = file.node("Sigmoid", [file.node("Conv", [pooled, weight], `${place}.fc`)], `${place}.gate`);
    from = file.node("Mul", [first, gate], place);
    channels = width;
  }
  file.node("ReduceMean", [from], "y", { axes: [2, 3], keepdims: 0 });
  const bytes = file.model("pytorch", 17, { name: "x", sizes: [1, 3, 64, 64] }, ["y"]);
  expect(onnxEncoder(bytes, { where }).features).toEqual(["stage1", "stage2", "stage3", "stage4"]);
});

test("of windows over channels in the last axis, as Swin transformers have: maps have channels first", async () => {
  const file = new GraphFile();
  const conv = file.weight("patch.weight", drawn([4, 3, 4, 4], "patch"));
  const patches = file.node("Conv", ["x", conv], "patch", { strides: [4, 4] });
  let from = file.node("Transpose", [patches], "embedded", { perm: [0, 2, 3, 1] }); // [1, 16, 16, 4]
  let [side, width] = [16, 4];
  for (const level of [0, 1, 2]) {
    const place = `stage${level}`;
    if (level > 0) {
      const starts = [0, 1].map((start) => file.integers(`${place}.start${start}`, start));
      const [end, rows, columns, two] = [9999, 1, 2, 2].map((value, i) => file.integers(`${place}.n${i}`, value));
      const parts = [0, 1, 2, 3].map((i) => {
        const half = file.node("Slice", [from, starts[i % 2], end, rows, two], `${place}.half${i}`);
        return file.node("Slice", [half, starts[i >> 1], end, columns, two], `${place}.part${i}`);
      });
      const merged = file.node("Concat", parts, `${place}.merged`, { axis: -1 });
      const reduction = file.weight(`${place}.reduction`, drawn([4 * width, 2 * width], place));
      from = file.node("MatMul", [merged, reduction], `${place}.reduced`);
      [side, width] = [side / 2, 2 * width];
    }
    const count = side / 4;
    const cut = file.integers(`${place}.cut`, 1, count, 4, count, 4, width);
    const windows = file.node("Reshape", [from, cut], `${place}.windows`);
    const turned = file.node("Transpose", [windows], `${place}.turned`, { perm: [0, 1, 3, 2, 4, 5] });
    const flat = file.node(
      "Reshape",
      [turned, file.integers(`${place}.flat`, count * count, 16, width)],
      `${place}.in`,
    );
    const inner = file.node(
      "MatMul",
      [flat, file.weight(`${place}.w`, drawn([width, width], `${place}w`))],
      `${place}.o`,
    );
    const back = file.node(
      "Reshape",
      [inner, file.integers(`${place}.sizes`, 1, count, count, 4, 4, width)],
      `${place}.back`,
    );
    const unturned = file.node("Transpose", [back], `${place}.unturned`, { perm: [0, 1, 3, 2, 4, 5] });
    const shape = file.integers(`${place}.shape`, 1, side, side, width);
    const joined = file.node("Reshape", [unturned, shape], `${place}.joined`);
    from = file.node("Add", [from, joined], place);
  }
  file.node("ReduceMean", [from], "y", { axes: [1, 2], keepdims: 0 });
  const bytes = file.model("pytorch", 17, { name: "x", sizes: [1, 3, 64, 64] }, ["y"]);
  const made = onnxEncoder(bytes, { where });
  expect(made.features).toEqual(["stage0", "stage1", "stage2"]);
  expect([made.size, made.batch]).toEqual([[64, 64], null]);
  const maps = made.encoder.features(new Model().scope, input("x", [2, 3, 64, 64]), {});
  expect(maps.map(({ map }) => map.shape)).toEqual([
    [2, 4, 16, 16],
    [2, 8, 8, 8],
    [2, 16, 4, 4],
  ]);
  const both = drawn([2, 3, 64, 64], "both", 1);
  const { last } = await evaluate({ last: maps[2].map }, { x: both, ...made.weights });
  for (const b of [0, 1]) {
    const one = float32([1, 3, 64, 64], both.data.slice(b * 12288, (b + 1) * 12288) as Float32Array);
    const expected = toNumbers((await runtimeValues(bytes, { x: one }, ["stage2"])).stage2); // [1, 4, 4, 16]
    for (let i = 0; i < 256; i++) {
      expect(toNumbers(last)[b * 256 + i]).toBeCloseTo(expected[(i % 16) * 16 + Math.floor(i / 16)], 3);
    }
  }
});

test("attention to fewer tokens, as SegFormer has it, is no lower resolution", () => {
  const file = new GraphFile();
  let from = "x";
  let channels = 3;
  for (const [level, stride] of [4, 2, 2].entries()) {
    const [width, place, side] = [4 + 2 * level, `stage${level}`, 16 >> level];
    const map = layer(file, from, `${place}.patches`, [channels, width], stride === 4 ? 2 : stride);
    const first = level > 0 ? map : layer(file, map, `${place}.more`, [width, width], 2);
    const flat = (x: string, name: string, count: number) =>
      file.node(
        "Transpose",
        [file.node("Reshape", [x, file.integers(`${name}.shape`, 1, width, count)], `${name}.flat`)],
        name,
        { perm: [0, 2, 1] },
      );
    const tokens = flat(first, `${place}.tokens`, side * side); // [1, side², width]
    const reduction = file.weight(`${place}.sr`, drawn([width, width, 2, 2], place));
    const fewer = flat(
      file.node("Conv", [first, reduction], `${place}.reduced`, { strides: [2, 2] }),
      `${place}.fewer`,
      (side * side) / 4,
    );
    const turned = file.node("Transpose", [fewer], `${place}.turned`, { perm: [0, 2, 1] });
    const scores = file.node("Softmax", [file.node("MatMul", [tokens, turned], `${place}.scores`)], `${place}.soft`);
    const looked = file.node("MatMul", [scores, fewer], `${place}.looked`);
    const sum = file.node("Add", [tokens, looked], place);
    const back = file.node("Transpose", [sum], `${place}.back`, { perm: [0, 2, 1] });
    const shape = file.integers(`${place}.map.shape`, 1, width, side, side);
    from = file.node("Reshape", [back, shape], `${place}.map`);
    channels = width;
  }
  file.node("ReduceMean", [from], "y", { axes: [2, 3], keepdims: 0 });
  const bytes = file.model("pytorch", 13, { name: "x", sizes: [1, 3, 64, 64] }, ["y"]);
  const { features, size, batch, encoder } = onnxEncoder(bytes, { where });
  expect(features).toEqual(["stage0.patches", "stage0", "stage1", "stage2"]);
  expect([size, batch]).toEqual([null, null]);
  const maps = encoder.features(new Model().scope, input("x", [2, 3, 96, 128]), {});
  expect(maps.map(({ stride, map }) => [stride, ...map.shape])).toEqual([
    [2, 2, 4, 48, 64],
    [4, 2, 4, 24, 32],
    [8, 2, 6, 12, 16],
    [16, 2, 8, 6, 8],
  ]);
});
