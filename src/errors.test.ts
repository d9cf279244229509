import { describe, expect, test } from "vitest";
import { InputError, isObject, listed, oneLine, shown } from "./errors.ts";

describe("oneLine", () => {
  test.each([
    ["plain text, with  two spaces ", "plain text, with  two spaces "],
    ["line\r\n  line\n\nline", "line line line"],
    ["a\u2028b\u2029c", "a b c"],
    ["\u001b[31mred\u0007\u009b\u0000\t", "?[31mred????"],
    ["turned \u202egnp.exe \u2066x\u2069 \u061c", "turned ?gnp.exe ?x? ?"],
    ["ÄÖ 漢字 🙂", "ÄÖ 漢字 🙂"],
  ])("%j becomes %j", (text, line) => {
    expect(oneLine(text)).toBe(line);
  });

  test("takes time in proportion to the text", () => {
    expect(oneLine(" ".repeat(1_000_000)).length).toBe(1_000_000);
  });
});

test("whatever an InputError quotes, its message is one line", () => {
  expect(new InputError('x: expected "a\n\u001b[2Jb"').message).toBe('x: expected "a ?[2Jb"');
});

test("a message that quotes a million letters keeps its beginning and its remedy", () => {
  const { message } = new InputError(`file: expected a name, got ${"x".repeat(1_000_000)}. Rename it.`);
  expect(message.length).toBeLessThan(5000);
  expect(message).toMatch(/^file: expected a name, got x+ … x+\. Rename it\.$/);
});

test.each<[unknown, string]>([
  [Number.NaN, "NaN"],
  [-Infinity, "-Infinity"],
  [1e21, "1e+21"],
  [undefined, "none"],
  [null, "null"],
  ["a", '"a"'],
  [{ a: [1] }, '{"a":[1]}'],
  ["x".repeat(100), `"${"x".repeat(59)} …`],
])("a message shows %s as %s", (value, text) => {
  expect(shown(value)).toBe(text);
});

test("of a long list the first names are told, and how many more there are", () => {
  expect([[], ["a"], ["a", "b"], ["a", "b", "c"]].map((names) => listed(names, 2))).toEqual([
    "",
    "a",
    "a, b",
    "a, b and 1 more",
  ]);
});

test("an object is what has fields: no list, and not null", () => {
  expect([{}, { a: 1 }, new Map()].every(isObject)).toBe(true);
  expect([null, undefined, [], 1, "a", () => 1].some(isObject)).toBe(false);
});

test("millions of numbers are shown by their first ones, in no time", () => {
  const numbers = new Float32Array(2 ** 26).fill(0.1234567);
  expect(shown({ weights: { w: { shape: [2 ** 26], data: numbers } } })).toMatch(
    /^\{"weights":\{"w":\{"shape":\[67108864\],"data":\{"0":0\.12345/,
  );
  expect(shown(BigInt64Array.of(7n))).toBe('{"0":7}');
});
