import { expect, test } from "vitest";
import { parseClassList } from "./classes-file.ts";

const parse = (value: unknown) => parseClassList(JSON.stringify(value), "classes.json");
const two = [{ name: "sky" }, { name: "road" }];

test("without values, a class has its place in the list", () => {
  expect(parse({ ignoreIndex: 255, classes: two }).valueMap).toEqual({ "0": 0, "1": 1, "255": "ignore" });
});

test("values may be given, several to a class", () => {
  const classes = [
    { name: "sky", value: 7 },
    { name: "road", values: [1, 65_535] },
  ];
  expect(parse({ ignoreIndex: [0, 2], classes }).valueMap).toEqual({
    ...{ "0": "ignore", "2": "ignore", "7": 0, "1": 1, "65535": 1 },
  });
});

test("colour-coded sets map colours", () => {
  const classes = [
    { name: "sky", color: "#0000FF" },
    { name: "road", color: [1, 2, 3], colors: ["#010101", [2, 2, 2]] },
  ];
  const { valueMap } = parse({ colorCoded: true, ignoreColors: ["#000000"], classes });
  expect(valueMap).toEqual({ "#0000ff": 0, "#010101": 1, "#020202": 1, "#000000": "ignore" });
});

test("classes may be plain names, and get different colours", () => {
  const { classes } = parse({ classes: ["sky", "road"] });
  expect([classes[0].name, String(classes[0].color) !== String(classes[1].color)]).toEqual(["sky", true]);
});

test("a byte order mark is forgiven", () => {
  expect(parseClassList(`\ufeff${JSON.stringify({ classes: two })}`, "c").classes.length).toBe(2);
});

const many = Array.from({ length: 255 }, (_, i) => `class ${i}`);

test.each<[string, unknown, string]>([
  ["a list", [1], "classes.json: classes[0]: expected an object, got 1."],
  ["a number", 1, "classes.json: expected a JSON object, got 1."],
  ["no classes", { ignoreIndex: 255 }, "classes.json: classes: expected a list of classes, got nothing."],
  ["an empty list", { classes: [] }, "classes: expected a list of classes, got []"],
  ["too many classes", { classes: many }, "classes: expected at most 254 classes, got 255."],
  ["a misspelt key", { clases: two }, 'got "clases". Did you mean classes?'],
  [
    "a misspelt key of a class",
    { classes: [{ nmae: "sky" }] },
    'classes.json: classes[0]: expected known keys, got "nmae"',
  ],
  ["a key of COCO's", { categories: two }, 'got "categories". Write "classes" in its place.'],
  ["a key of COCO's classes", { classes: [{ id: 1, name: "sky" }] }, 'got "id". Write "value" in its place.'],
  ["both", { classes: [{ id: 1, value: 1, name: "sky" }] }, 'got "id". Known: name, color'],
  ["a class without a name", { classes: [{ color: [1, 2, 3] }] }, "classes[0].name: expected a name, got nothing."],
  ["an empty name", { classes: [" "] }, 'classes[0].name: expected a name, got " ".'],
  ["a number for a class", { classes: [3] }, "classes[0]: expected an object, got 3."],
  [
    "the same name twice",
    { classes: ["a", "a"] },
    'classes[1].name: expected a name of its own, got "a", as classes[0]',
  ],
  [
    "a colour of two numbers",
    { classes: [{ name: "a", color: [1, 2] }] },
    "classes[0].color: expected [red, green, blue]",
  ],
  ["a colour out of range", { classes: [{ name: "a", color: [1, 2, 256] }] }, "got [1,2,256]"],
  ["a value out of range", { classes: [{ name: "a", value: 70_000 }] }, "classes[0].value: expected a value from 0 to"],
  ["a fraction for a value", { classes: [{ name: "a", value: 1.5 }] }, "got 1.5"],
  ["value and values", { classes: [{ name: "a", value: 1, values: [2] }] }, "expected value or values, got both"],
  [
    "a value of two classes",
    { classes: [{ name: "a", value: 1 }, "b"] },
    "classes[1]: expected a value that is not yet",
  ],
  ["an ignored class", { ignoreIndex: 1, classes: two }, "ignoreIndex: expected a value that is not yet taken, got 1"],
  [
    "a word to ignore",
    { ignoreIndex: "255", classes: two },
    'ignoreIndex: expected a value from 0 to 65535, got "255"',
  ],
  ["thing as a word", { classes: [{ name: "a", thing: "yes" }] }, "classes[0].thing: expected true or false, got yes"],
  [
    "a second background",
    { classes: two.map((each) => ({ ...each, background: true })) },
    "classes[1].background: expected one background, got another",
  ],
  ["a coded class without colour", { colorCoded: true, classes: two }, "classes[0].color: expected a colour"],
  ["one colour for two", { colorCoded: true, classes: [c("a"), c("b")] }, "got #010203, which classes[0] has"],
  [
    "values among colours",
    { colorCoded: true, classes: [{ ...c("a"), value: 1 }] },
    "classes[0].value: expected colours",
  ],
  ["colours among values", { classes: [{ ...c("a"), colors: [] }] }, 'Write "colorCoded": true'],
])("%s is refused, naming the field", (_, value, message) => {
  expect(() => parse(value)).toThrow(message);
});

function c(name: string) {
  return { name, color: "#010203" };
}

test.each([
  ["", "got nothing"],
  ["{", "got broken JSON ("],
  ["<html>\n</html>", "got a web page. Download the file itself."],
  ["version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "got a pointer of Git LFS. Fetch the file itself"],
  ['{"classes": [\n  "sky // ,]",\n  "road",\n]}', "got a comma behind the last entry in line 3. Remove it."],
  ['/* mine */\n{"classes": ["sky"]}', "got a comment in line 1. Remove it."],
  ['{"classes": ["sky"],\n"ignoreIndex": NaN}', "got NaN in line 2. Write null in its place."],
  ['{"classes": ["sky",', "got broken JSON ("],
  [`{"classes": [{"name": ${"[".repeat(200)}${"]".repeat(200)}}]}`, "broken JSON (more than 100 levels of nesting)"],
  [JSON.stringify({ classes: "x".repeat(1e5) }), /got "x{59} …\. Write/],
])("text %j is refused in one line", (text, message) => {
  expect(() => parseClassList(text, "classes.json")).toThrow(message);
  expect(() => parseClassList(text, "classes.json")).not.toThrow(/\n/);
});

test.each([
  ["a list of names", ["sky", { name: "road", value: 7 }], { "0": 0, "7": 1 }],
  ["names by value", { "0": "sky", "7": "road" }, { "0": 0, "7": 1 }],
  ["values by name", { sky: 0, road: 7 }, { "0": 0, "7": 1 }],
  ["values in quotes by name", { sky: "0", road: "7" }, { "0": 0, "7": 1 }],
])("%s alone will do", (_, content, map) => {
  const { classes, valueMap } = parseClassList(JSON.stringify(content), "classes.json");
  expect([classes.map(({ name }) => name), valueMap]).toEqual([["sky", "road"], map]);
});
