import { describe, expect, test } from "vitest";
import {
  bytes,
  call,
  dictionary,
  floats,
  global,
  integer,
  list,
  type Piece,
  parameter,
  type Storages,
  storage,
  type TensorContent,
  tensor,
  text,
  torchLegacy,
  torchZip,
  tuple,
  u16,
  u64,
} from "../../test/support/pickles.ts";
import type { Dtype } from "../array/dtype.ts";
import { float32, fromNumbers, type NdArray } from "../array/ndarray.ts";
import { readTorch } from "./torch.ts";

const six = { "0": floats(0, 1, 2, 3, 4, 5) };
const older = ({ count }: TensorContent) =>
  call(
    global("torch._utils", "_rebuild_tensor"),
    storage({ count, shape: [] }),
    integer(0),
    tuple("K\x02"),
    tuple("K\x01"),
  );

const cases: [string, Piece, Storages, Record<string, NdArray>][] = [
  ["a matrix", dictionary({ a: tensor({ count: 6, shape: [2, 3] }) }), six, { a: float32([2, 3], [0, 1, 2, 3, 4, 5]) }],
  [
    "a transposed matrix",
    dictionary({ a: tensor({ count: 6, shape: [3, 2], strides: [1, 3] }) }),
    six,
    { a: float32([3, 2], [0, 3, 1, 4, 2, 5]) },
  ],
  [
    "parts of one storage",
    dictionary({
      a: tensor({ count: 6, offset: 4, shape: [2] }),
      b: tensor({ count: 6, offset: 1, shape: [3], strides: [2] }),
      c: tensor({ count: 6, shape: [6] }),
    }),
    six,
    { a: float32([2], [4, 5]), b: float32([3], [1, 3, 5]), c: float32([6], [0, 1, 2, 3, 4, 5]) },
  ],
  [
    "one number repeated",
    dictionary({ a: tensor({ count: 6, offset: 5, shape: [2, 2], strides: [0, 0] }) }),
    six,
    { a: float32([2, 2], [5, 5, 5, 5]) },
  ],
  [
    "a scalar, and nothing",
    dictionary({ a: tensor({ count: 6, offset: 5, shape: [] }), b: tensor({ count: 6, shape: [0, 3] }) }),
    six,
    { a: float32([], [5]), b: float32([0, 3], []) },
  ],
  [
    "strides of axes of size 1 do not count",
    dictionary({ a: tensor({ count: 6, shape: [1, 2], strides: [77, 1] }) }),
    six,
    { a: float32([1, 2], [0, 1]) },
  ],
  [
    "a parameter with attributes",
    dictionary({
      a: call(
        global("torch._utils", "_rebuild_parameter_with_state"),
        tensor({ count: 6, shape: [1] }),
        "\x88",
        "N",
        dictionary({ note: text("x") }),
      ),
    }),
    six,
    { a: float32([1], [0]) },
  ],
  ["a parameter", dictionary({ a: parameter(tensor({ count: 6, shape: [1] })) }), six, { a: float32([1], [0]) }],
  [
    "a tensor of PyTorch before 0.4",
    dictionary({ a: older({ count: 6, shape: [2] }) }),
    six,
    { a: float32([2], [0, 1]) },
  ],
  [
    "an OrderedDict with the modules' versions",
    [
      call(global("collections", "OrderedDict")),
      ["(", text("a"), tensor({ count: 6, shape: [1] }), "u"],
      dictionary({ _metadata: call(global("collections", "OrderedDict")) }),
      "b",
    ],
    six,
    { a: float32([1], [0]) },
  ],
  [
    "an OrderedDict of Python 2",
    call(global("collections", "OrderedDict"), list(list("U\x01a", tensor({ count: 6, shape: [1] })))),
    six,
    { a: float32([1], [0]) },
  ],
  [
    "a name that JavaScript knows",
    dictionary({ ["__proto__"]: tensor({ count: 6, shape: [1] }) }),
    six,
    Object.fromEntries([["__proto__", float32([1], [0])]]),
  ],
];

describe("tensors come back", () => {
  test.each(cases)("%s, zip", async (_, object, storages, tensors) => {
    const read = await readTorch(torchZip(object, storages));
    expect(Object.entries(read.tensors)).toEqual(Object.entries(tensors));
  });

  test.each(cases)("%s, before 1.6", async (_, object, storages, tensors) => {
    const read = await readTorch(torchLegacy(object, storages));
    expect(Object.entries(read.tensors)).toEqual(Object.entries(tensors));
  });
});

describe("every type is read", () => {
  test.each<[string, Uint8Array, Dtype, number[]]>([
    ["FloatStorage", floats(1.5, -2), "float32", [1.5, -2]],
    ["DoubleStorage", new Uint8Array(Float64Array.of(0.1, -2).buffer), "float64", [0.1, -2]],
    ["HalfStorage", bytes(u16(0x3c00), u16(0xc100)), "float32", [1, -2.5]],
    ["BFloat16Storage", bytes(u16(0x3f80), u16(0xc020)), "float32", [1, -2.5]],
    ["LongStorage", bytes(u64(1), u64(-1)), "int64", [1, -1]],
    ["IntStorage", bytes(1, 0, 0, 0, 255, 255, 255, 255), "int32", [1, -1]],
    ["ShortStorage", bytes(1, 0, 255, 255), "int16", [1, -1]],
    ["CharStorage", bytes(1, 255), "int8", [1, -1]],
    ["ByteStorage", bytes(1, 255), "uint8", [1, 255]],
    ["BoolStorage", bytes(1, 0), "bool", [1, 0]],
    ["UntypedStorage", bytes(1, 255), "uint8", [1, 255]],
  ])("%s", async (type, numbers, dtype, values) => {
    const expected = fromNumbers(dtype, [2], values);
    const object = dictionary({ a: tensor({ type, count: 2, shape: [2] }) });
    const width = numbers.length / 2;
    expect((await readTorch(torchZip(object, { "0": numbers }))).tensors.a).toEqual(expected);
    expect((await readTorch(torchLegacy(object, { "0": numbers }, { width }))).tensors.a).toEqual(expected);
  });
});

test("float16 becomes float32 exactly, to the last bit pattern", async () => {
  const halves = new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer);
  const object = dictionary({ a: tensor({ type: "HalfStorage", count: 65536, shape: [65536] }) });
  const { data } = (await readTorch(torchZip(object, { "0": halves }))).tensors.a;
  const wrong = Array.from(data as Float32Array).findIndex((value, bits) => {
    const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
    if (exponent === 31) return !Object.is(value, fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN);
    const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return !Object.is(value, sign * magnitude);
  });
  expect(wrong).toBe(-1);
});

test("tensors do not share the file's buffer, nor each other's", async () => {
  const object = dictionary({ a: tensor({ count: 6, shape: [6] }), b: tensor({ count: 6, shape: [6] }) });
  const file = torchZip(object, six);
  const { a, b } = (await readTorch(file)).tensors;
  file.fill(0);
  a.data.fill(7 as never);
  expect(b).toEqual(float32([6], [0, 1, 2, 3, 4, 5]));
});

test("a Node buffer is read like any bytes", async () => {
  const file = Buffer.from(torchLegacy(dictionary({ a: tensor({ count: 6, shape: [2] }) }), six));
  const { a } = (await readTorch(file)).tensors;
  file.fill(0);
  expect(a).toEqual(float32([2], [0, 1]));
});

describe("where the tensors are", () => {
  const one = tensor({ count: 6, shape: [1] });
  const names = async (object: Piece) => {
    const { tensors, others } = await readTorch(torchZip(object, six));
    return [Object.keys(tensors), others];
  };
  test.each<[string, Piece, string[], string[]]>([
    ["beside other values", dictionary({ a: one, step: "K\x01", note: text("x") }), ["a"], ["step", "note"]],
    [
      "under state_dict",
      dictionary({ epoch: "K\x01", state_dict: dictionary({ a: one, n: "N" }) }),
      ["a"],
      ["epoch", "n"],
    ],
    [
      "under model",
      dictionary({ model: dictionary({ a: one }), optimizer: dictionary({ b: one }) }),
      ["a"],
      ["optimizer"],
    ],
    ["under both", dictionary({ model: dictionary({ a: one }), state_dict: dictionary({ b: one }) }), ["b"], ["model"]],
    ["beside a model's settings", dictionary({ model: dictionary({ width: "K\x01" }), a: one }), ["a"], ["model"]],
    [
      "beside a loss",
      dictionary({ epoch: "K\x01", model_state_dict: dictionary({ a: one }), loss: one }),
      ["a"],
      ["epoch", "loss"],
    ],
    ["under a name and another", dictionary({ state_dict: dictionary({ model: dictionary({ a: one }) }) }), ["a"], []],
    ["as the only one", dictionary({ generator: dictionary({ a: one }), epoch: "K\x01" }), ["a"], ["epoch"]],
    ["in a module of DataParallel", dictionary({ "module.a": one, "module.b.c": one }), ["a", "b.c"], []],
    ["in a part called module", dictionary({ "module.a": one, b: one }), ["module.a", "b"], []],
    ["under numbers, which name no tensor", ["}(", "K\x05", one, text("a"), one, "u"], ["a"], ["5"]],
  ])("%s", async (_, object, tensors, others) => {
    expect(await names(object)).toEqual([tensors, others]);
  });
});

describe("what a training's checkpoint holds beside the weights is passed by, never run", () => {
  const one = tensor({ count: 6, shape: [1] });
  const object = (module: string, name: string, state: Piece) => [global(module, name), ")", "\x81", state, "b"];
  const settings = object(
    "omegaconf.dictconfig",
    "DictConfig",
    dictionary({
      _content: dictionary({ width: object("omegaconf.nodes", "AnyNode", dictionary({ _val: integer(8) })) }),
      _metadata: object(
        "omegaconf.base",
        "ContainerMetadata",
        dictionary({
          ref_type: global("typing", "Any"),
          object_type: global("builtins", "dict"),
          resolver_cache: call(global("collections", "defaultdict"), global("builtins", "dict")),
        }),
      ),
    }),
  );
  const number = call(
    global("numpy.core.multiarray", "scalar"),
    [call(global("numpy", "dtype"), text("f8"), "\x89", "\x88"), tuple(integer(3), text("<")), "b"],
    call(global("_codecs", "encode"), text("x"), text("latin1")),
  );
  test.each<[string, Piece]>([
    ["settings with settings in them", settings],
    ["a namespace", object("argparse", "Namespace", dictionary({ lr: integer(1) }))],
    ["settings that are a dictionary", [global("yacs.config", "CfgNode"), ")", "\x81(", text("a"), "N", "u"]],
    ["settings that are a list", [global("a.b", "Items"), ")", "\x81(", "N", "e"]],
    ["settings that hold themselves", ["(", global("a", "B"), ")", "\x81q\x20", "]h\x20a", "b", "t"]],
    ["a number of NumPy", number],
    ["a path", call(global("pathlib", "PosixPath"), text("/"), text("data"))],
  ])("%s", async (_, beside) => {
    for (const [place, names] of [
      [dictionary({ model: dictionary({ a: one }), config: beside }), ["config"]],
      [dictionary({ model: dictionary({ a: one, config: beside }) }), ["config"]],
    ] as const) {
      for (const file of [torchZip(place, six), torchLegacy(place, six)]) {
        expect(await readTorch(file)).toEqual({ tensors: { a: float32([1], [0]) }, others: names });
      }
    }
  });
});
