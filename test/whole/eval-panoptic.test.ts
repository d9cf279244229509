/** `tessera eval --panoptic` on files that other programs wrote, as users call it. */
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectOneLine, temporaryFolder, tessera } from "../support/cli.ts";
import { idsPng } from "../support/panoptic-files.ts";

const golden = (name: string) => fileURLToPath(new URL(`../goldens/max-deeplab/pq/${name}`, import.meta.url));

let folder: string;
let remove: () => Promise<void>;
const truth = () => `${folder}/ground_truth.json`;
const shifted = () => `${folder}/pred_shift.json`;
const evaluate = (...args: readonly string[]) => tessera("eval", "--panoptic", ...args);

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  for (const name of ["ground_truth", "pred_shift"]) {
    await cp(golden(name), `${folder}/${name}`, { recursive: true });
    await cp(golden(`${name}.json`), `${folder}/${name}.json`);
  }
});

afterAll(() => remove());

test("the truth against itself is 100 in every class", async () => {
  const { code, out } = await evaluate(truth(), truth());
  expect(code).toBe(0);
  expect(out).toMatch(/: 2 images, \d+ segments$/m);
  const rows = out.match(/^\S.*? 100\.0 +100\.0 +100\.0 +\d+ +0 +0\b/gm) ?? [];
  expect(rows.map((row) => row.replace(/ .*/, ""))).toEqual(
    expect.arrayContaining(["person", "all", "things", "stuff"]),
  );
  expect(out).not.toMatch(/\d\d\.\d +[1-9]\d* +[1-9]/);
});

test("numbers are those of COCO's evaluator, in the table, as JSON and in a file", async () => {
  const { cases } = JSON.parse(await readFile(golden("../pq_results.json"), "utf8")) as {
    cases: { name: string; all: Record<string, number>; per_class: Record<string, { pq: number }> }[];
  };
  const { all, per_class: perClass } = cases.find(({ name }) => name === "shift")!;
  const file = `${folder}/scores.json`;
  const { code, out } = await evaluate(shifted(), truth(), "--json", "--out", file);
  expect(code).toBe(0);
  const scores = JSON.parse(out);
  for (const key of ["pq", "sq", "rq"]) expect(scores.all[key]).toBeCloseTo(all[key], 12);
  for (const { id, pq } of scores.classes) {
    if (pq === null) expect(perClass[id]).toBeUndefined();
    else expect(pq).toBeCloseTo(perClass[id].pq, 12);
  }
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual(scores);
  const { out: text } = await evaluate(shifted(), truth(), "--out", file);
  expect(text).toMatch(new RegExp(`^all +${(100 * all.pq).toFixed(1)} `, "m"));
});

test("PNGs of two channels are predictions without a JSON", async () => {
  const rows = Array.from({ length: 4 }, () => [1, 1, 1 + 256, 1 + 256, 184, 184]);
  await writeFile(`${folder}/small.png`, idsPng(rows));
  const segments = [1, 257, 184].map((id) => ({ id, category_id: id & 255, area: 8, iscrowd: 0 }));
  const categories = [
    { id: 1, name: "person", isthing: 1 },
    { id: 184, name: "tree", isthing: 0 },
  ];
  const annotations = [{ image_id: 1, file_name: "small.png", segments_info: segments }];
  await writeFile(`${folder}/small.json`, JSON.stringify({ annotations, categories }));
  const { code, out } = await evaluate(folder, `${folder}/small.json`, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ all: { pq: 1, classes: 2 }, segments: 3 });
});

describe("bad input ends with 1 and one line:", () => {
  test.each<[string, () => readonly string[], RegExp]>([
    [
      "no predictions",
      () => [`${folder}/none.json`, truth()],
      /none\.json: expected a readable file, got nothing there/,
    ],
    ["predictions without annotations", () => [golden("../manifest.json"), truth()], /annotations: expected a list/],
    [
      "a truth without categories",
      () => [shifted(), shifted()],
      /pred_shift\.json: categories: expected a list, got none/,
    ],
    ["PNGs for JSON", () => [`${folder}/ground_truth/000000142238.png`, truth()], /expected UTF-8 text/],
    [
      "PNGs of ids for such of two channels",
      () => [`${folder}/ground_truth`, truth()],
      /expected two channels, blue being 0.*name their JSON/,
    ],
    [
      "a folder of PNGs that is none",
      () => [shifted(), truth(), "--truth-masks", `${folder}/gone`],
      /gone\/0000.*\.png: /,
    ],
    ["scores that would replace another file", () => [shifted(), truth(), "--out", truth()], /expected a new file/],
    ["a folder for the scores", () => [shifted(), truth(), "--out", folder], /Write --out .*\/scores\.json/],
  ])("%s", async (_, args, message) => {
    const ended = await evaluate(...args());
    expectOneLine(ended, message);
    expect(ended.out).toBe("");
  });

  test("a prediction's PNG that is cut short, missing, or of another size", async () => {
    const png = `${folder}/pred_shift/000000439180.png`;
    const whole = await readFile(png);
    await writeFile(png, whole.subarray(0, 3000));
    expectOneLine(await evaluate(shifted(), truth()), /000000439180\.png: /);
    await writeFile(png, idsPng([[0]]));
    expectOneLine(await evaluate(shifted(), truth()), /expected a prediction of the truth's size \d+x\d+, got 1x1/);
    await rm(png);
    expectOneLine(await evaluate(shifted(), truth()), /000000439180\.png: expected .* got nothing there/);
    await writeFile(png, whole);
  });
});

describe("wrong usage ends with 2 and one line:", () => {
  test.each<[string, () => readonly string[], RegExp]>([
    ["one file alone", () => ["--panoptic", truth()], /eval: DATASET is missing: .* with --panoptic: the ground truth/],
    [
      "options of models",
      () => ["--panoptic", truth(), truth(), "--flip"],
      /--flip does not go with --panoptic, which runs/,
    ],
    ["a device", () => ["--panoptic", truth(), truth(), "--device", "cpu"], /--device does not go with --panoptic/],
    [
      "its options without it",
      () => [truth(), truth(), "--truth-masks", folder],
      /--truth-masks goes with --panoptic alone/,
    ],
    [
      "a folder of PNGs for a folder of PNGs",
      () => ["--panoptic", `${folder}/pred_shift`, truth(), "--prediction-masks", folder],
      /--prediction-masks goes with predictions in a JSON/,
    ],
  ])("%s", async (_, args, message) => {
    expectOneLine(await tessera("eval", ...args()), message, 2);
  });
});

test("the help tells both forms", async () => {
  const { code, out } = await tessera("eval", "--help");
  expect(code).toBe(0);
  expect(out).toMatch(/--panoptic .*\n.*/);
  // However long the name that the program was called by: a long line goes on behind a backslash.
  expect(out.replace(/ \\\n\s+/g, " ")).toContain("eval --panoptic predictions.json panoptic_val2017.json");
});
