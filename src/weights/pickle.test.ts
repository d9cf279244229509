import { describe, expect, test } from "vitest";
import {
  bytes,
  call,
  complaint,
  dictionary,
  global,
  integer,
  list,
  type Piece,
  pickle,
  text,
  tuple,
  u16,
  u32,
  u64,
} from "../../test/support/pickles.ts";
import { Random } from "../array/random.ts";
import { unpickle } from "./pickle.ts";
import { type Global, GlobalReference } from "./pickle-values.ts";

const globals = new Map<string, Global>([
  ["collections OrderedDict", { call: () => new Map(), build() {} }],
  ["m pair", { call: (args) => ({ args }) }],
  ["m named", {}],
]);
const persistent = (id: unknown) => ({ id });
const read = (...pieces: Piece[]) => unpickle(pickle(...pieces), "w.pkl", { globals, persistent }).value;

describe("values come back", () => {
  test.each<[string, Piece, unknown]>([
    ["None", "N", null],
    ["True", "\x88", true],
    ["False", "\x89", false],
    ["BININT1", "K\xff", 255],
    ["BININT2", ["M", u16(65535)], 65535],
    ["BININT", ["J", u32(2 ** 32 - 2)], -2],
    ["LONG1, short", "\x8a\x02\x00\x80", -32768],
    ["LONG1, none", "\x8a\x00", 0],
    ["LONG1, beyond exact numbers", ["\x8a\x08", u64(2n ** 62n)], 2n ** 62n],
    ["LONG1, negative", ["\x8a\x08", u64(-(2n ** 62n))], -(2n ** 62n)],
    ["LONG4", ["\x8b", u32(1), 5], 5],
    ["INT, for what was a long in Python 2", "I5000000000\n", 5e9],
    ["BINFLOAT", "G\x3f\xf8\0\0\0\0\0\0", 1.5],
    ["BINUNICODE", text("é"), "é"],
    ["SHORT_BINUNICODE", "\x8c\x01a", "a"],
    ["BINUNICODE8", ["\x8d", u64(1), "a"], "a"],
    ["SHORT_BINSTRING", "U\x01a", "a"],
    ["BINSTRING", ["T", u32(1), "a"], "a"],
    ["SHORT_BINBYTES", "C\x02\x00\xff", bytes(0, 255)],
    ["BINBYTES", ["B", u32(1), 7], bytes(7)],
    ["BINBYTES8", ["\x8e", u64(1), 7], bytes(7)],
    ["EMPTY_TUPLE", ")", []],
    ["TUPLE1", "K\x01\x85", [1]],
    ["TUPLE2", "K\x01K\x02\x86", [1, 2]],
    ["TUPLE3", "K\x01K\x02K\x03\x87", [1, 2, 3]],
    ["TUPLE", tuple("N", "N", "N", "N"), [null, null, null, null]],
    ["APPENDS", list("N", text("a")), [null, "a"]],
    ["APPEND", "]K\x01a", [1]],
    [
      "SETITEMS",
      dictionary({ a: "N", b: list() }),
      new Map<string, unknown>([
        ["a", null],
        ["b", []],
      ]),
    ],
    ["SETITEM", ["}", "K\x01", "N", "s"], new Map([[1, null]])],
    ["BINPUT, BINGET", ["N", "q\x07", "h\x07", "\x86"], [null, null]],
    ["LONG_BINPUT, LONG_BINGET", ["N", "r", u32(2 ** 32 - 1), "j", u32(2 ** 32 - 1), "\x86"], [null, null]],
    ["MEMOIZE", ["N\x94", "\x88\x94", "h\x00", "\x87"], [null, true, null]],
    ["POP, POP_MARK, DUP", ["N", "K\x010", "(K\x01K\x021", "(0", "2\x86"], [null, null]],
    ["FRAME", ["\x95", u64(2), "N"], null],
    ["REDUCE", call(global("m", "pair"), "N"), { args: [null] }],
    ["NEWOBJ", [global("m", "pair"), ")", "\x81"], { args: [] }],
    ["STACK_GLOBAL", [text("m"), text("pair"), "\x93", ")R"], { args: [] }],
    ["a global that is only named", global("m", "named"), new GlobalReference("m named", {})],
    ["BUILD", [call(global("collections", "OrderedDict")), dictionary({ _metadata: "N" }), "b"], new Map()],
    ["BINPERSID", ["K\x05", "Q"], { id: 5 }],
  ])("%s", (_, pieces, value) => {
    expect(read(pieces)).toEqual(value);
  });
});

test("several pickles in a row are read one after another", () => {
  const row = bytes("xx", pickle("K\x01"), pickle("K\x02"));
  const first = unpickle(row, "w", { start: 2 });
  expect(first).toEqual({ value: 1, end: 7 });
  expect(unpickle(row, "w", { start: first.end })).toEqual({ value: 2, end: 12 });
});

test("one value at two places is one value", () => {
  const [a, b] = read("]q\x00", "h\x00", "\x86") as unknown[];
  expect(a).toBe(b);
});

test("tuples cannot be changed, lists can", () => {
  expect(read(list(tuple("N")))).toSatisfy((value: unknown[]) => Object.isFrozen(value[0]) && !Object.isFrozen(value));
});

test("no key reaches an object's prototype", () => {
  const value = read(dictionary({ ["__proto__"]: dictionary({ polluted: "\x88" }) })) as Map<string, unknown>;
  expect([...value.keys()]).toEqual(["__proto__"]);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});

const code = "which could run code. Do not use this file; ask for safetensors.";

describe("what could run code is refused by name", () => {
  test.each<[string, Piece, string]>([
    ["GLOBAL", "cos\nsystem\n", `w.pkl: expected only tensors, got a call of os.system, ${code}`],
    ["STACK_GLOBAL", [text("builtins"), text("eval"), "\x93"], `got a call of builtins.eval, ${code}`],
    ["a name like an allowed one", "ccollections\nOrderedDict.x\n", "got a call of collections.OrderedDict.x,"],
    ["another split of an allowed name", "ccollections OrderedDict\n\n", "got a call of collections OrderedDict.,"],
    ["a name of a JavaScript object", "cconstructor\nprototype\n", "got a call of constructor.prototype,"],
    ["an endless name", [text("a".repeat(500)), text("b"), "\x93"], `got a call of ${"a".repeat(80)}…,`],
    ["a name of several lines", [text("a\nb"), text("\x1b[31m"), "\x93"], "got a call of a?b.?[31m,"],
    ["a call of what is only named", [global("m", "named"), ")R"], "got a call of m.named,"],
    ["a call of text", [text("os.system"), ")R"], "got a call of text,"],
    ["a call of what a call gave", [call(global("m", "pair")), ")R"], "got a call of an object,"],
    ["NEWOBJ of a list", "])\x81", "got a call of a list,"],
    ["BUILD on a list", "]}b", "got a change of a list by BUILD,"],
    ["BUILD on a plain dictionary", "}}b", "got a change of a dictionary by BUILD,"],
    ["BUILD on a global", [global("m", "pair"), "}b"], "got a change of m.pair by BUILD,"],
    ["BUILD on what has no state", [call(global("m", "pair")), "}b"], "got a change of an object by BUILD,"],
    ["EXT1", "\x82\x01", "expected an opcode that tensors need, got 130 at byte 2."],
    ["EXT2", ["\x83", u16(1)], "got 131"],
    ["EXT4", ["\x84", u32(1)], "got 132"],
    ["INST", "(ios\nsystem\n", "got 105"],
    ["OBJ", ["(", "cm\npair\n", "o"], "got 111"],
    ["NEWOBJ_EX", [global("m", "pair"), ")}\x92"], "got 146"],
  ])("%s", async (_, pieces, message) => {
    expect(await complaint(() => read(pieces))).toContain(message);
  });

  test("nothing is allowed where nothing is listed", async () => {
    expect(await complaint(() => unpickle(pickle(global("collections", "OrderedDict"))))).toContain("OrderedDict");
  });
});

describe("damaged pickles are refused", () => {
  test.each<[string, Piece, RegExp]>([
    ["another protocol", "\x80\x06N", /protocol 5 at most, got 6/],
    ["a set", "\x8f", /an opcode that tensors need, got 143/],
    ["text of protocol 0", "S'a'\n", /got 83/],
    ["an unknown opcode", "\xff", /got 255 at byte 2/],
    ["a frame beyond the end", ["\x95", u64(2n ** 63n), "N"], /bytes from 11, got 2/],
    ["text beyond the end", ["X", u32(99), "a"], /99 bytes from 7, got 2/],
    ["text that is not UTF-8", ["U\x01\xff"], /text in UTF-8/],
    ["an integer that is none", "Iabc\n", /an integer, got abc/],
    ["a line without end", ["c", "a".repeat(2000)], /a line of at most 1024 bytes/],
    ["an empty stack", "", /one value, got 0/],
    ["values left", "NN", /one value, got 2/],
    ["a mark left", "N(", /one value, got 1/],
    ["no value to take", "\x85", /a value on the stack, got none/],
    ["a value from below a mark", "N(\x85", /a value on the stack, got none/],
    ["no mark", "Nt", /a mark on the stack, got none/],
    ["an unknown memo", "h\x01", /a value kept before, got number 1/],
    ["nothing to keep", "q\x01", /a value on the stack, got none/],
    ["an item for a tuple", ")Na", /a list to append to, got a tuple/],
    ["an item for text", [text("a"), "Na"], /a list to append to, got text/],
    ["items for a list", "]NNs", /a dictionary to set items of, got a list/],
    ["a key without value", "}(Nu", /pairs of keys and values, got 1 values/],
    ["a key that is a list", "}]Ns", /keys that are text or numbers, got a list/],
    ["arguments in a list", [global("m", "pair"), "]R"], /a tuple of arguments, got a list/],
    ["a global named by a number", "K\x01K\x02\x93", /a global's name, got a number/],
    ["a list in itself", "]q\x00h\x00a", /nested at most 100 deep, got more/],
    ["a dictionary in itself", "}q\x00Nh\x00s", /nested at most 100 deep/],
  ])("%s", async (_, pieces, message) => {
    expect(await complaint(() => read(pieces))).toMatch(message);
    expect(await complaint(() => read(pieces))).toMatch(/^w\.pkl: expected .*, got .*\. \S/);
  });

  test("a persistent id where none is expected", () => {
    expect(() => unpickle(pickle("NQ"))).toThrow("a whole pickle, got a reference to something outside of it");
  });
});

describe("bombs are refused in time", () => {
  const many = (piece: string, count: number) => piece.repeat(count);
  const depth = (count: number) => bytes(many("]", count), many("a", count - 1));
  test.each<[string, Piece, RegExp]>([
    ["a stack of a million", many("N", 1_000_001), /at most 1000000 values on the stack/],
    ["a million dictionaries", many("}0", 1_000_001), /at most 1000000 objects/],
    ["a million tuples of one value", ["N", many("2\x850", 1_000_001)], /at most 1000000 objects/],
    ["a million values kept", ["N", many("\x94", 1_000_001)], /at most 1000000 values kept/],
    [
      "a list of millions",
      ["](", many("N", 999_000), "e(", many("N", 999_000), "e(", many("N", 999_000), "e"],
      /2000000 items/,
    ],
    ["a dictionary set again and again", ["}", many("Nq\x00h\x00s", 2_000_001)], /2000000 items/],
    [
      "a long list handed over again and again",
      ["](", many("N", 100_000), "eq\x000", many(`${String(global("m", "pair"))}(h\x00tR0`, 21)],
      /2000000 items/,
    ],
    ["marks", many("(", 1001), /at most 1000 marks/],
    ["nested lists", depth(101), /nested at most 100 deep/],
    ["nested tuples", ["N", many("\x85", 101)], /nested at most 100 deep/],
    ["an integer of many bytes", ["\x8b", u32(300), new Uint8Array(300)], /at most 256 bytes in an integer, got 300/],
    ["an integer of many digits", ["I1", many("0", 500), "\n"], /an integer, got 1000/],
    ["a string of many bytes", ["X", u32(2 ** 32 - 1), "a"], /at most 16777216 bytes in a string/],
    ["a string of 2⁶³ bytes", ["\x8d", u64(2n ** 63n), "a"], /at most 16777216 bytes/],
  ])("%s", async (_, pieces, message) => {
    expect(await complaint(() => read(pieces))).toMatch(message);
  });

  test("a hundred lists in one another are read", () => {
    expect(read(depth(100))).toBeDefined();
  });

  test("lists of lists of lists, ten of each, take no more memory than the file", () => {
    const level = (i: number) => [list(...Array(10).fill(["h", i])), "q", i + 1, "0"];
    const levels = Array.from({ length: 90 }, (_, i) => level(i));
    expect(read("]q\x000", levels, "h", 90)).toHaveLength(10); // 10⁹⁰ if written out
  });
});

const whole = pickle(
  "Nq\x010",
  dictionary({
    a: tuple(integer(1), integer(70_000), integer(2 ** 40), "\x88"),
    b: [call(global("collections", "OrderedDict")), dictionary({ _metadata: "N" }), "b"],
    c: [list(text("é"), "h\x01"), "K\x05Q", "G\x3f\xf8\0\0\0\0\0\0", "\x87"],
  }),
);

test("a pickle cut anywhere is refused", async () => {
  for (let length = 0; length < whole.length; length++) {
    const cut = whole.subarray(0, length);
    expect(await complaint(() => unpickle(cut, "w", { globals, persistent })), `${length} bytes`).toBeDefined();
  }
});

test("a pickle with wrong bytes anywhere reads or is refused", async () => {
  const random = new Random("pickle", "fuzz");
  for (let i = 0; i < 20_000; i++) {
    const wrong = whole.slice();
    for (let j = random.integer(3); j >= 0; j--) wrong[random.integer(wrong.length)] = random.integer(256);
    await complaint(() => unpickle(wrong, "w", { globals, persistent }));
  }
});
