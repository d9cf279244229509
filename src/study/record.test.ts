import { describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { smallChoice } from "../../test/support/small-study.ts";
import { InputError } from "../errors.ts";
import { transunet } from "../methods/transunet/index.ts";
import { type Reading, readStudy, requireSameStudy } from "./record.ts";

const reading: Reading = { layout: null, onBadImage: "fail", shortSide: null, samples: "a1" };
const choice = { ...smallChoice, dataset: "photos", reading };

async function begun() {
  const platform = memoryPlatform();
  await requireSameStudy(platform, "study", choice);
  return platform;
}

test("a new folder gets a record of what is studied", async () => {
  expect(await readStudy(await begun(), "study")).toMatchObject({
    ...{ method: "ddep", recipe: "ddep-tiny", dataset: "photos", settings: ["steps=5"] },
    ...{ parts: ["main", "width"], fractions: [1 / 8, 1], seeds: 2 },
  });
});

describe("a later call may ask for", () => {
  test.each<[string, Partial<typeof choice>]>([
    ["the same", {}],
    ["more seeds", { seeds: 5 }],
    ["other parts", { parts: ["main"] }],
    ["other shares of the labels", { fractions: [1 / 30, 1 / 8] }],
  ])("%s, and the record follows", async (_, change) => {
    const platform = await begun();
    await requireSameStudy(platform, "study", { ...choice, ...change });
    const { seeds, parts, fractions } = { ...choice, ...change };
    expect(await readStudy(platform, "study")).toMatchObject({ seeds, parts, fractions });
  });
});

describe("a later call is refused with", () => {
  test.each<[string, Partial<typeof choice>, string]>([
    [
      "another data set",
      { dataset: "scenes" },
      'study: expected the study that is there, got dataset: "photos" → "scenes". Choose another --out for another study.',
    ],
    ["other settings", { settings: [] }, 'settings: ["steps=5"] → []'],
    ["another size of images", { reading: { ...reading, shortSide: 90 } }, "shortSide: null → 90"],
    ["another layout", { reading: { ...reading, layout: "voc" } }, 'layout: null → "voc"'],
    ["other samples", { reading: { ...reading, samples: "b2" } }, 'samples: "a1" → "b2"'],
    ["another method", { method: transunet as unknown as typeof choice.method }, 'method: "ddep" → "transunet"'],
    ["another encoder", { encoder: "mobilenet.pth" }, 'encoder: null → "mobilenet.pth"'],
    ["another recipe", { recipe: "ddep-small" }, 'recipe: "ddep-tiny" → "ddep-small"'],
  ])("%s, and nothing changes", async (_, change, message) => {
    const platform = await begun();
    const before = new Map(platform.files);
    const again = requireSameStudy(platform, "study", { ...choice, ...change });
    await expect(again).rejects.toThrow(message);
    await expect(again).rejects.toThrow(InputError);
    expect(platform.files).toEqual(before);
  });
});

describe("a folder is refused that holds", () => {
  test.each<[string, string, string, string]>([
    ["something else", "study/notes.txt", "x", "study: expected an empty folder or a study, got other files"],
    ["a record that is no JSON", "study/study.json", "{", "study/study.json: expected a study of format 1"],
    ["a record of nothing", "study/study.json", "null", "study/study.json: expected a study of format 1"],
    [
      "a record of another version",
      "study/study.json",
      '{"format":9,"dataset":"photos"}',
      "expected a study of format 1",
    ],
    [
      "a record of a later tessera",
      "study/study.json",
      '{"format":1,"dataset":"photos","version":"99.0"}',
      "study/study.json: expected a record of version ",
    ],
    [
      "a record with more in it",
      "study/study.json",
      '{"format":1,"dataset":"photos","version":"0.1.0","folds":5}',
      "besides. Use the version of tessera that wrote the file",
    ],
    [
      "a record that was read in another way",
      "study/study.json",
      '{"format":1,"dataset":"photos","version":"0.1.0","reading":{"depth":16}}',
      'expected the keys that "reading" in the record of a study has',
    ],
    ["nothing, being a file", "study", "x", "study: expected a folder for the study, got a file. Choose another."],
  ])("%s", async (_, path, content, message) => {
    const platform = memoryPlatform();
    platform.files.set(path, new TextEncoder().encode(content));
    const refused = requireSameStudy(platform, "study", choice);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(InputError);
    expect([...platform.files.keys()]).toEqual([path]);
  });
});
