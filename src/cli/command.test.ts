import { describe, expect, test } from "vitest";
import { flagOf, parseArguments } from "./command.ts";

const example = {
  name: "paint",
  positionals: [
    { name: "WALL", help: "what to paint", count: "one" },
    { name: "COAT", help: "with what", count: "many" },
  ],
  options: {
    dryRun: { kind: "flag", help: "only look" },
    color: { kind: "text", placeholder: "NAME", choices: ["red", "green"], help: "which" },
    layers: { kind: "number", placeholder: "N", integer: true, minimum: 1, maximum: 9, help: "how many" },
    speed: { kind: "number", placeholder: "X", help: "any number" },
    set: { kind: "list", placeholder: "K=V", help: "more" },
  },
} as const;

test("options have the values that were typed, and their types", () => {
  const { positionals, options } = parseArguments(example, [
    ...["a", "--dry-run", "--color", "red", "b", "--layers=3", "--speed", "-1.5", "--set", "x=1", "--set=y=2", "c"],
  ]);
  expect(positionals).toEqual(["a", "b", "c"]);
  expect(options).toMatchObject({
    dryRun: true,
    color: "red",
    layers: 3,
    speed: -1.5,
    set: ["x=1", "y=2"],
    json: false,
  });
});

test("what is not typed is false, empty or undefined", () => {
  const { options } = parseArguments(example, ["a", "b"]);
  expect(options).toMatchObject({ dryRun: false, set: [] });
  expect(options.color).toBeUndefined();
});

test("after -- everything is an argument", () => {
  expect(parseArguments(example, ["a", "--", "--color"]).positionals).toEqual(["a", "--color"]);
});

test("with --help nothing else is required", () => {
  expect(parseArguments(example, ["--help"]).help).toBe(true);
  expect(parseArguments(example, ["-h"]).help).toBe(true);
});

test("camel case becomes dashes", () => {
  expect(flagOf("onBadImage")).toBe("--on-bad-image");
});

describe("wrong usage is said in one line", () => {
  test.each<[string, string[], RegExp]>([
    ["a missing argument", [], /WALL is missing: what to paint\. Usage: tessera paint WALL COAT\.\.\. \[options\]/],
    ["a missing list", ["a"], /COAT is missing/],
    ["an empty argument", ["", "b"], /WALL must not be empty/],
    ["an unknown option", ["a", "b", "--colour", "red"], /unknown option --colour\. Did you mean --color\?/],
    [
      "a word of other programs",
      ["a", "b", "--batch-size", "4"],
      /unknown option --batch-size\. Write --set batchSize=N\./,
    ],
    ["an unknown option unlike any", ["a", "b", "--zzzzzzzzzzzzz"], /See tessera paint --help/],
    ["a missing value", ["a", "b", "--color"], /--color needs a value, got none/],
    ["an option as a value", ["a", "b", "--color", "--dry-run"], /--color needs a value, got none/],
    ["an empty value", ["a", "b", "--color="], /--color needs a value, got an empty one/],
    [
      "a value that is no choice",
      ["a", "b", "--color", "gren"],
      /must be one of red, green, got "gren"\. Did you mean green\?/,
    ],
    ["a flag with a value", ["a", "b", "--dry-run=yes"], /--dry-run takes no value/],
    ["an option twice", ["a", "b", "--speed", "1", "--speed", "2"], /--speed may be given once/],
    ["a word for a number", ["a", "b", "--layers", "two"], /--layers must be an integer from 1 up to 9, got "two"/],
    ["a fraction for an integer", ["a", "b", "--layers", "1.5"], /must be an integer/],
    ["a number below the range", ["a", "b", "--layers", "0"], /from 1 up to 9/],
    ["a number above the range", ["a", "b", "--layers", "10"], /from 1 up to 9/],
    ["infinity", ["a", "b", "--speed", "Infinity"], /must be a number, got "Infinity"/],
    ["an empty number", ["a", "b", "--speed", " "], /must be a number/],
  ])("%s", (_, typed, message) => {
    expect(() => parseArguments(example, typed)).toThrow(message);
  });
});

test("a command without lists refuses words too many", () => {
  expect(() => parseArguments({ ...example, positionals: [example.positionals[0]] }, ["a", "b"])).toThrow(
    /does not take "b"/,
  );
});
