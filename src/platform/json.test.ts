import { expect, test } from "vitest";
import { parseJson } from "./json.ts";

const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

test.each(['{"a": [1, null, {"b": "c"}]}', "3", '"[[[\\"{{{"', nested(100), `[${'"[{",'.repeat(200)}1]`])(
  "%s is read as JSON.parse reads it",
  (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  },
);

test.each([
  ["101 lists within one another", nested(101)],
  ["a million lists within one another", nested(1_000_000)],
  ["objects within one another", `${'{"a":'.repeat(101)}1${"}".repeat(101)}`],
])("%s are a SyntaxError", (_, text) => {
  expect(() => parseJson(text)).toThrow(new SyntaxError("more than 100 levels of nesting"));
});

test("what is no JSON is a SyntaxError", () => {
  expect(() => parseJson("[")).toThrow(SyntaxError);
});
