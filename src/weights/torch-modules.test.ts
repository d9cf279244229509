import { expect, test } from "vitest";
import {
  call,
  complaint,
  dictionary,
  floats,
  global,
  type Piece,
  parameter,
  tensor,
  text,
  torchLegacy,
  torchZip,
  tuple,
} from "../../test/support/pickles.ts";
import { readTorch } from "./torch.ts";

interface ModuleParts {
  readonly parameters?: Readonly<Record<string, Piece>>;
  readonly buffers?: Readonly<Record<string, Piece>>;
  readonly modules?: Readonly<Record<string, Piece>>;
}

const ordered = (entries: Readonly<Record<string, Piece>>): Piece => [
  global("collections", "OrderedDict"),
  ")R(",
  Object.entries(entries).map(([name, value]) => [text(name), value]),
  "u",
];

/** An object of a class as torch.save writes it: an empty one, and its attributes. */
function module(type: Piece, { parameters = {}, buffers = {}, modules = {} }: ModuleParts): Piece {
  const attributes = dictionary({
    training: "\x88",
    device: call(global("torch", "device"), text("cpu")),
    hooks: call(global("__builtin__", "set"), "]"),
    _parameters: ordered(parameters),
    _buffers: ordered(buffers),
    _modules: ordered(modules),
  });
  return [type, ")\x81", attributes, "b"];
}

const vector = (key: string) => tensor({ key, count: 2, shape: [2] });

const whole = (type: (name: string) => Piece) =>
  module(type("Encoder"), {
    parameters: { w: parameter(vector("0")), none: "N" },
    modules: {
      first: module(type("Block"), { buffers: { mean: vector("1") } }),
      activation: module(type("ReLU"), {}),
      missing: "N",
    },
  });

const named = (name: string) => global("a.library", name);
/** Files before 1.6 keep the code of a class beside it. */
const withCode = (name: string): Piece => [
  tuple(text("module"), named(name), text("a.py"), text("class A: pass")),
  "Q",
];

const numbers = { "0": floats(1, 2), "1": floats(3, 4) };

test.each([
  ["in the zip container", torchZip(whole(named), numbers)],
  ["before 1.6", torchLegacy(whole(withCode), numbers)],
  ["in a dictionary", torchZip(dictionary({ model: whole(named), epoch: "N" }), numbers)],
])("the parameters and buffers of a module that was saved whole %s", async (_, file) => {
  const { tensors } = await readTorch(file);
  expect(Object.keys(tensors)).toEqual(["w", "first.mean"]);
  expect([...tensors.w.data, ...tensors["first.mean"].data]).toEqual([1, 2, 3, 4]);
});

test.each([
  ["a call", module([call(global("os", "system"), text("ls"))], {}), "a call of os.system, which could run code"],
  ["something else among its modules", module(named("A"), { modules: { a: text("b") } }), "got text."],
  [
    "a name without end",
    module(named("A"), { modules: { ["n".repeat(300)]: module(named("B"), {}) } }),
    "at most 200 letters",
  ],
  ["no tensors", module(named("A"), {}), "got a dictionary without any"],
])("a module with %s is refused", async (_, object, message) => {
  expect(await complaint(() => readTorch(torchZip(object, {}), "w.pkl"))).toContain(message);
});

test("a module of itself a million times over is refused", async () => {
  // Each of 40 levels has the next one twice.
  let object = module(named("A"), { parameters: { w: vector("0") } });
  object = [object, "q", 200];
  for (let level = 0; level < 40; level++) {
    const again: Piece = ["h", 200 + level];
    object = [object, "0", module(named("A"), { modules: { a: again, b: again } }), "q", 201 + level];
  }
  expect(await complaint(() => readTorch(torchZip(object, numbers), "w.pkl"))).toContain("modules");
});

test("what mmcv says of a checkpoint is read as plain values", async () => {
  const meta = dictionary({
    config: text("model = dict()"),
    CLASSES: tuple(text("a"), text("b")),
    PALETTE: ["](](", "K", 1, "K", 2, "ee"],
    time: call(global("numpy.core.multiarray", "scalar"), "N", "N"),
  });
  const { meta: found } = await readTorch(
    torchZip(dictionary({ meta, state_dict: ordered({ w: vector("0") }) }), numbers),
  );
  expect(found).toEqual({ config: "model = dict()", CLASSES: ["a", "b"], PALETTE: [[1, 2]], time: undefined });
});
