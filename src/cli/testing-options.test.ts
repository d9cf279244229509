import { describe, expect, test } from "vitest";
import { UsageError } from "../errors.ts";
import { parseArguments } from "./command.ts";
import { evalCommand } from "./eval.ts";
import { predictCommand } from "./predict.ts";
import { segmentOptionsFrom, testingOptions } from "./testing-options.ts";

const asked = (...typed: string[]) => {
  const { options } = parseArguments({ name: "test", positionals: [], options: testingOptions }, typed);
  return segmentOptionsFrom(options as never);
};

test("nothing typed leaves all to the segmenter's defaults", () => {
  expect(asked()).toEqual({ scales: undefined, flip: false, windows: undefined, shortSide: undefined });
});

test("what is typed is what the segmenter is asked for", () => {
  expect(asked("--scales", "0.5,1", "--flip", "--windows", "tiles", "--short-side=0")).toEqual({
    ...{ scales: [0.5, 1], flip: true, windows: "tiles", shortSide: 0 },
  });
});

describe.each([predictCommand, evalCommand])("$name refuses as wrong usage", (command) => {
  test.each([
    [
      "windows of another name",
      "tile",
      /--windows must be one of smooth, even, tiles, halves, none, whole, got "tile"\. Did you mean tiles\?/,
    ],
    ["windows named like what every object has", "constructor", /must be one of smooth, even, tiles, halves, none/],
  ])("%s", (_, name, message) => {
    const parse = () => parseArguments(command, ["run", "photos", "--windows", name]);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(message);
  });
});

test.each(["", "1,x", "1,,2", "0", "9"])("scales that are no list of factors are wrong usage: %j", (list) => {
  expect(() => asked("--scales", list)).toThrow(UsageError);
});
