/** The reader of goldens itself, on a folder written here: what it must let through and what it must not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { float32, fromNumbers } from "../../src/array/ndarray.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { caseEntries } from "./cases.ts";
import { expectStated, watched } from "./config.ts";
import { openGoldens } from "./manifest.ts";

const root = mkdtempSync(join(tmpdir(), "tessera-manifest-"));
const folder = join(root, "made");
afterAll(() => rmSync(root, { recursive: true }));

mkdirSync(folder);
writeFileSync(
  join(folder, "own.safetensors"),
  writeSafetensors({ y: float32([2], [1, 2]), "grad.x": float32([1], [4]), count: fromNumbers("int32", [], [3]) }),
);
writeFileSync(
  join(folder, "other.safetensors"),
  writeSafetensors({ "w.a": float32([1], [5]), "w.b": float32([1], [6]), c: float32([1], [7]) }),
);
writeFileSync(
  join(folder, "manifest.json"),
  JSON.stringify({
    numerics:
      "max|got-expected| <= 1e-3*max_abs + 10*f32_error for forward values, 1e-2*max_abs + 20*f32_error for gradients.",
    cases: [
      {
        name: "one",
        file: "own.safetensors",
        uses: ["other.safetensors:w.*", "weights.npz"],
        config: { size: 2 },
        tensors: {
          y: { role: "expected", shape: [2], dtype: "F32", max_abs: 2, f32_error: 1e-4 },
          "grad.x": { role: "grad", shape: [1], dtype: "F32", max_abs: 4, f32_error: 0 },
          count: { role: "expected", shape: [], dtype: "I32" },
        },
      },
    ],
  }),
);

const golden = openGoldens("made", { root }).case("one");
const right = { y: float32([2], [1, 2]), "grad.x": float32([1], [4]), count: fromNumbers("int32", [], [3]) };

test("a case has the tensors of its own file and those that it uses, no others", () => {
  expect(Object.keys(golden.used)).toEqual(["w.a", "w.b"]);
  expect(golden.tensor("w.b").data[0]).toBe(6);
  expect(Object.keys(golden.under("w."))).toEqual(["a", "b"]);
  expect(() => golden.tensor("c")).toThrow('there is no tensor "c"');
});

test("numbers within the manifest's tolerance pass", () => {
  golden.checkAll(right);
  golden.checkAll({ ...right, y: float32([2], [1.0029, 2]), "grad.x": float32([1], [4.039]) });
});

describe("what is wrong fails, by name", () => {
  test.each([
    ["a value outside the tolerance", { ...right, y: float32([2], [1.0032, 2]) }, "y: off by"],
    ["a gradient outside its own", { ...right, "grad.x": float32([1], [4.041]) }, "grad.x: off by"],
    ["a whole number that differs", { ...right, count: fromNumbers("int32", [], [4]) }, "count: off by"],
    ["not a number", { ...right, y: float32([2], [Number.NaN, 2]) }, "y: off by Infinity"],
    ["another shape", { ...right, y: float32([1, 2], [1, 2]) }, "y: expected shape [2], got [1, 2]"],
    ["an expected tensor that is not computed", { y: right.y, count: right.count }, "grad.x"],
  ])("%s", (_, got, message) => {
    expect(() => golden.checkAll(got)).toThrow(message);
  });
});

test("manifests that list files give cases too", () => {
  const names = (files: unknown) => caseEntries({ files }).map(({ name }) => name);
  expect(names({ "a.safetensors": {}, "b.safetensors": { cases: { one: {}, two: {} } } })).toEqual([
    "a",
    "b/one",
    "b/two",
  ]);
  expect(names([{ file: "a.json" }, { file: "b.safetensors", case: "named" }])).toEqual(["a", "named"]);
});

test("JSON files beside listed cases are cases too, folders and files of tensors are not", () => {
  const files = { "a.safetensors": "tensors", "b.json": "numbers", "b/": "pictures" };
  const entries = caseEntries({ files, cases: [{ name: "one", file: "a.safetensors" }] });
  expect(entries.map(({ name, file }) => [name, file])).toEqual([
    ["one", "a.safetensors"],
    ["b", "b.json"],
  ]);
});

test("fields of a config that nobody asks for are known, but for remarks", () => {
  const { config, unread } = watched({ size: 2, taps: 3, note: "as published" });
  expect([config.size, config.other, unread()]).toEqual([2, undefined, ["taps"]]);
  expect([{ ...config }.taps, unread()]).toEqual([3, []]);
});

test("a value that is not ours is refused, and none says nothing", () => {
  expect(() => expectStated({ name: "one" }, "size", undefined, 2)).not.toThrow();
  expect(() => expectStated({ name: "one" }, "sizes", [2, 3], [2, 3])).not.toThrow();
  expect(() => expectStated({ name: "one" }, "size", 3, 2)).toThrow(
    "golden one: config.size: expected 2, got 3. Build what it states, or correct it.",
  );
});
