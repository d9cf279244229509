import { describe, expect, test } from "vitest";
import { InputError } from "../errors.ts";
import { OtherVersion, requireKnownKeys, requireKnownVersion } from "../methods/other-version.ts";
import { recordFrom, runFormat } from "./run-record.ts";

const record = {
  ...{ format: runFormat, version: "0.1.0", method: "ddep", recipe: "ddep-tiny" },
  ...{ classes: [{ name: "sky", color: [1, 2, 3] }], valueMap: { "0": 0 } },
  dataset: { name: "photos", samples: 1, fingerprint: "a" },
  unlabelled: { samples: 1, fingerprint: "b" },
  labels: { of: 2, seed: 0 },
  from: [{ source: "run", stage: "encoder" }],
  ...{ frequencies: [1], window: [64, 64], shortSide: 0, licence: "" },
};

test("a record of this version is taken as it is", () => {
  expect(recordFrom(record, "run.json")).toEqual(record);
  const numbered = { ...record, classes: [{ ...record.classes[0], thing: false, categoryId: 187 }] };
  expect(recordFrom(numbered, "run.json")).toEqual(numbered);
});

describe("a record is of another version", () => {
  test.each<[string, object, RegExp]>([
    ["with one key more", { depth: 16 }, /the record of a run has in version .* \(format, .*\), got "depth" besides/],
    ["in its data set", { dataset: { ...record.dataset, root: "/" } }, /"dataset" in the record .* got "root" besides/],
    ["in its images", { unlabelled: { ...record.unlabelled, x: 1 } }, /"unlabelled" in the record .* got "x" besides/],
    ["in its labels", { labels: { ...record.labels, kind: "a" } }, /"labels" in the record .* got "kind" besides/],
    ["in its beginning", { from: [{ ...record.from[0], step: 1 }] }, /"from" in the record .* got "step" besides/],
    ["in a class", { classes: [{ ...record.classes[0], parent: 1 }] }, /a class in the record .* got "parent" besides/],
    [
      "by its format",
      { format: 99 },
      /expected a run of format \d+, got 99\. Use the version .* wrote it, 0\.1\.0, or/,
    ],
    ["by its version", { version: "1.0.0" }, /of version 0\.1\.0 or earlier, .* got one of 1\.0\.0\. Use tessera 1/],
  ])("%s", (_, change, message) => {
    const read = () => recordFrom({ ...record, ...change }, "run/run.json");
    expect(read).toThrow(OtherVersion);
    expect(read).toThrow(message);
    expect(read).toThrow(/^run\/run\.json: [^\n]*\.$/);
  });
});

test.each<[string, object]>([
  ["version", { version: 1 }],
  ["version", { version: "new" }],
  ["dataset", { dataset: { name: "photos", fingerprint: "a" } }],
  ["unlabelled", { unlabelled: { fingerprint: "a" } }],
  ["labels", { labels: { of: 1 } }],
  ["from", { from: [{ source: "run" }] }],
  ["classes", { classes: [{ ...record.classes[0], categoryId: "187" }] }],
])("a damaged %s is no other version", (key, change) => {
  const read = () => recordFrom({ ...record, ...change }, "run.json");
  expect(read).toThrow(InputError);
  expect(read).not.toThrow(OtherVersion);
  expect(read).toThrow(key);
});

test.each([
  ["0", true],
  ["0.0.9", true],
  ["0.1", true],
  ["0.1.0", true],
  ["0.1.0-beta.2", true],
  ["0.1.1", false],
  ["0.2", false],
  ["0.10.0", false],
  ["1", false],
  ["0.1.0.1", false],
])("a record of version %s is known: %s", (written, known) => {
  const read = () => requireKnownVersion(written, "run.json");
  if (known) expect(read).not.toThrow();
  else expect(read).toThrow(OtherVersion);
});

test("what is no record has no keys to know", () => {
  for (const value of [null, undefined, 3, "text"]) expect(() => requireKnownKeys(value, [], "x", "y")).not.toThrow();
});
