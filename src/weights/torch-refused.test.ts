import { describe, expect, test } from "vitest";
import {
  bytes,
  call,
  complaint,
  dictionary,
  floats,
  global,
  integer,
  legacyMagic,
  list,
  type Piece,
  parameter,
  patched,
  pickle,
  storage,
  type TensorContent,
  tensor,
  text,
  torchLegacy,
  torchZip,
  tuple,
  u16,
  zip,
} from "../../test/support/pickles.ts";
import { float32 } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { readTorch } from "./torch.ts";

const six = { "0": floats(0, 1, 2, 3, 4, 5) };

const matrix = dictionary({ a: tensor({ count: 6, shape: [2, 3] }) });
const withTensor = (content: Partial<TensorContent>) =>
  torchZip(dictionary({ a: tensor({ count: 6, shape: [6], ...content }) }), six);
const withObject = (object: Piece) => torchZip(dictionary({ a: object }), six);
const rebuild = (...args: Piece[]) => withObject(call(global("torch._utils", "_rebuild_tensor_v2"), ...args));
const store = storage({ count: 6, shape: [] });
const none = tuple();
const reference = (...parts: Piece[]) => withObject([tuple(...parts), "Q"]);
const floatStorage = global("torch", "FloatStorage");
const advice = "Save model.state_dict() with torch.save of PyTorch 1.6 or newer, or as safetensors.";

describe("wrong files are refused", () => {
  test.each<[string, Uint8Array, string]>([
    ["nothing", bytes(), `a dictionary of tensors as torch.save writes it, got something else. ${advice}`],
    ["another format", bytes("\x89PNG"), "got something else."],
    ["a pickle of something else", pickle("K\x01"), "got a pickle of something else."],
    [
      "a tar archive",
      patched(new Uint8Array(1024), 257, "ustar"),
      "got a tar archive of the first versions of PyTorch.",
    ],
    ["another archive", zip([{ name: "a.npy", data: bytes() }]), "got an archive with 0 files data.pkl."],
    [
      "two objects",
      zip([
        { name: "a/data.pkl", data: pickle("N") },
        { name: "b/data.pkl", data: pickle("N") },
      ]),
      "got an archive with 2 files data.pkl.",
    ],
    ["a TorchScript program", torchZip(matrix, six, { "constants.pkl": "" }), "got a TorchScript program."],
    ["big-endian numbers", torchZip(matrix, six, { byteorder: "big" }), "got numbers in byte order big."],
    ["an endless byte order", torchZip(matrix, six, { byteorder: "little".repeat(9) }), "byte order something else."],
    ["an endless byte order", torchZip(matrix, six, { byteorder: "little".repeat(9) }), "byte order something else."],
    ["a list", torchZip(list(), six), "got a list."],
    ["one tensor", torchZip(tensor({ count: 6, shape: [1] }), six), "got a tensor without a name."],
    ["no tensors", torchZip(dictionary({ net: dictionary({}), epoch: "N" })), "without any, its keys net, epoch."],
    ["an empty dictionary", torchZip(dictionary({})), "without any, its keys none."],
    ["a class of a module that is none", torchLegacy([tuple(text("module"), "N", "N"), "Q"]), "got nothing."],
    ["a missing storage", torchZip(matrix), "24 bytes in archive/data/0, got no such file."],
    ["a short storage", torchZip(matrix, { "0": floats(1) }), "24 bytes in archive/data/0, got 4."],
    [
      "a key of another folder",
      withTensor({ key: "../data.pkl" }),
      "24 bytes in archive/data/../data.pkl, got no such",
    ],
    ["a storage that is none", rebuild("N", integer(0), none, none), "a tensor's storage, got nothing."],
    ["a negative offset", withTensor({ offset: -1 }), "a tensor's offset in its storage, got a number."],
    ["a negative size", withTensor({ shape: [-1], strides: [1] }), "a tuple of sizes, got a tuple."],
    ["a negative stride", withTensor({ shape: [2], strides: [-1] }), "a tuple of sizes"],
    ["a size that is text", rebuild(store, integer(0), tuple(text("1")), none), "a tuple of sizes"],
    ["strides missing", withTensor({ shape: [2, 3], strides: [1] }), "strides for shape [2, 3], got [1]."],
    ["nine axes", withTensor({ shape: Array(9).fill(1) }), "got a tensor with 9 axes."],
    [
      "an offset outside",
      withTensor({ offset: 6, shape: [1] }),
      "within the 6 elements of its storage, got element 6.",
    ],
    ["a shape outside", withTensor({ shape: [2, 4] }), "a tensor of shape [2, 4] within the 6 elements"],
    ["a stride outside", withTensor({ shape: [3, 2], strides: [2, 2] }), "got element 6."],
    ["a huge stride", withTensor({ shape: [2], strides: [2 ** 52] }), "within the 6 elements"],
    ["a shape beyond 2⁶⁴", withTensor({ shape: Array(8).fill(2 ** 40), strides: Array(8).fill(1) }), "within the 6"],
    ["a bomb of repeated numbers", withTensor({ shape: [2 ** 40], strides: [0] }), "bytes of tensors on 24 stored"],
    [
      "a bomb of axes",
      withTensor({ shape: Array(8).fill(2 ** 40), strides: Array(8).fill(0) }),
      "bytes of tensors on 24",
    ],
    [
      "a storage of two sizes",
      torchZip([matrix, store, "0", tuple(storage({ count: 7, shape: [] }))], six),
      "one type and size",
    ],
    ["a reference that is text", withObject([text("0"), "Q"]), "a reference to a storage, got text."],
    ["a reference of another kind", reference(text("x"), floatStorage, text("0"), "N", "K\x06"), "a storage with its"],
    [
      "a class that is no storage",
      reference(text("storage"), global("torch", "Size"), text("0"), "N", "K\x06"),
      "a storage",
    ],
    ["a negative count", withTensor({ count: -1 }), "a storage with its class"],
    ["a count beyond exact numbers", withTensor({ count: 2 ** 60 }), "a storage with its class"],
    ["a huge count", withTensor({ count: 2 ** 52 }), "bytes in archive/data/0, got 24."],
    [
      "views of a storage",
      withObject(storage({ count: 6, shape: [] }, tuple())),
      "views of storages of PyTorch before 0.4.",
    ],
    ["a parameter without tensor", withObject(parameter("N")), "a tensor as parameter, got nothing."],
    ["a size without numbers", withObject(call(global("torch", "Size"))), "a tuple of sizes, got nothing."],
    [
      "a dictionary of text",
      withObject(call(global("collections", "OrderedDict"), text("ab"))),
      "a list of pairs, got text.",
    ],
    [
      "a dictionary of texts",
      withObject(call(global("collections", "OrderedDict"), list(text("ab")))),
      "pairs of names",
    ],
  ])("%s", async (_, file, message) => {
    const line = await complaint(() => readTorch(file, "w.pth"));
    expect(line).toContain(message);
    expect(line).toMatch(/^w\.pth: expected .*, got .*\. \S/);
  });
});

test("a tensor that is a view still to be computed is refused", async () => {
  const file = rebuild(
    ...[store, integer(0), tuple(integer(1)), tuple(integer(1)), "\x89", "N", dictionary({ neg: "\x88" })],
  );
  expect(await complaint(() => readTorch(file, "w.pth"))).toBe(
    `w.pth: expected a dictionary of tensors as torch.save writes it, got a tensor with neg still to be computed. ${advice}`,
  );
});

test("a shape cannot change after it was checked", async () => {
  // The pickle keeps the list that is its shape, builds the tensor, then appends a size to the list.
  const shape = [list(integer(2)), "q\x20"];
  const built = call(global("torch._utils", "_rebuild_tensor_v2"), store, integer(0), shape, tuple(integer(1)));
  const file = withObject([built, "h\x20", integer(1000), "a0"]);
  expect((await readTorch(file)).tensors.a).toEqual(float32([2], [0, 1]));
});

describe("files before 1.6 are checked", () => {
  const magic = legacyMagic;
  // Lists of ten lists of ten lists …: whoever writes this out in a message never ends.
  const bomb = [
    "]q\x000",
    Array.from({ length: 50 }, (_, i) => [list(...Array(10).fill(["h", i])), "q", i + 1, "0"]),
    ["h", 50],
  ];
  const version = pickle("M", u16(1001));
  const system = (little: Piece) => pickle(dictionary({ little_endian: little }));
  test.each<[string, Uint8Array, string]>([
    ["another version", torchLegacy(matrix, six, { head: [magic, pickle("N")] }), "protocol version 1001, got nothing"],
    ["big-endian numbers", torchLegacy(matrix, six, { head: [magic, version, system("\x89")] }), "not little-endian"],
    ["no list of storages", torchLegacy(matrix, six, { keys: "N" }), "a list of storages, got nothing."],
    ["an unknown storage", torchLegacy(matrix, six, { keys: list(text("9")) }), "every storage once, got 9."],
    [
      "a storage twice",
      torchLegacy(matrix, { ...six, "1": bytes() }, { keys: list(text("0"), text("0")) }),
      "every storage once",
    ],
    ["a key of lists of lists", torchLegacy(matrix, six, { keys: list(bomb) }), "every storage once, got a list."],
    ["a missing storage", torchLegacy(matrix), "1 storages, got 0."],
    ["another count", torchLegacy(matrix, { "0": floats(1) }), "6 elements at byte"],
    ["a negative count", torchLegacy(matrix, { "0": floats(1) }, { width: -4 }), ", got -1."],
    ["bytes at the end", bytes(torchLegacy(matrix, six), 0), "got 1 bytes more."],
  ])("%s", async (_, file, message) => {
    expect(await complaint(() => readTorch(file, "w.pth"))).toContain(message);
  });
});

describe("what could run code is refused by name", () => {
  const attacks: [string, Piece, string][] = [
    ["a call", call(global("os", "system"), text("rm")), "a call of os.system"],
    ["a namespace of settings", global("argparse", "Namespace"), "a call of argparse.Namespace"],
    ["torch's own loader", global("torch.serialization", "load"), "a call of torch.serialization.load"],
    [
      "a call in an object's state",
      [[global("a", "B"), ")\x81"], call(global("os", "system"), text("rm")), "b"],
      "a call of os.system",
    ],
    ["a call beside others", [call(global("os", "system"), text("rm")), "0N"], "a call of os.system"],
    ["a call by an object", [[global("a", "B"), ")\x81"], ")R"], "a call of an object of a.B"],
    ["a class by itself", tuple(global("builtins", "eval")), "a call of builtins.eval"],
    ["a call of a storage class", [floatStorage, ")R"], "a call of torch.FloatStorage"],
    ["the state of a tensor", [tensor({ count: 6, shape: [1] }), "}b"], "a change of an object by BUILD"],
  ];
  test.each(attacks)("%s", async (_, object, got) => {
    const line = `w.pth: expected only tensors, got ${got}, which could run code. Do not use this file; ask for safetensors.`;
    for (const file of [torchZip(dictionary({ a: object }), six), torchLegacy(dictionary({ a: object }), six)]) {
      expect(await complaint(() => readTorch(file, "w.pth"))).toBe(line);
    }
  });

  test("before the magic number too", async () => {
    expect(await complaint(() => readTorch(pickle(global("os", "system")), "w.pth"))).toContain("a call of os.system");
  });
});

const files: [string, Uint8Array][] = [
  ["zip", torchZip(matrix, six, { byteorder: "little" })],
  ["before 1.6", torchLegacy(matrix, six)],
];

test.each(files)("a file cut anywhere is refused: %s", async (_, file) => {
  for (let length = 0; length < file.length; length++) {
    expect(await complaint(() => readTorch(file.subarray(0, length))), `${length} bytes`).toBeDefined();
  }
});

test.each(files)("a file with wrong bytes anywhere reads or is refused: %s", async (name, file) => {
  const random = new Random("torch", name);
  for (let i = 0; i < 5000; i++) {
    const wrong = file.slice();
    for (let j = random.integer(3); j >= 0; j--) wrong[random.integer(wrong.length)] = random.integer(256);
    await complaint(() => readTorch(wrong));
  }
});

test("a pickle with wrong bytes in an archive with right checksums reads or is refused", async () => {
  const random = new Random("torch", "object");
  const object = pickle(matrix);
  for (let i = 0; i < 5000; i++) {
    const data = object.with(random.integer(object.length), random.integer(256));
    const file = zip([
      { name: "a/data.pkl", data },
      { name: "a/data/0", data: six[0] },
    ]);
    await complaint(() => readTorch(file));
  }
});
