/** GSS's tables as users run them, tiny: what is given back of masks beside what is predicted of photographs. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder, tessera } from "../support/cli.ts";

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
});
afterAll(() => remove());

test("a tokenizer's arms are scored by reconstruction, others by mean IoU, each in a column of its own", async () => {
  const scenes = "scenes:size=64,train=4,val=2,test=1,classes=coarse";
  const out = `${folder}/study`;
  const tiny = ["--recipe", "gss-tiny", "--seeds", "1", "--out", out];
  const first = await tessera("study", "gss", scenes, ...tiny, "--parts", "variants");
  expect(first.code).toBe(0);
  expect(first.out).toMatch(/^Reconstruction mean IoU, percent, at the end of training; one seed\.$/m);
  expect(first.out).toMatch(/^ {6}reconstruction mean IoU\nff +[\d.]+\nff-r +[\d.]+\nft +[\d.]+$/m);
  const scoreOf = async (run: string) => {
    const { measures } = JSON.parse(await readFile(`${out}/runs/${run}-all-seed0/scores.json`, "utf8"));
    return measures.find(({ name }: { name: string }) => name === "reconstruction mean IoU").value;
  };
  // Nothing is trained of ff: its score is the tokenizer's, as eval has it.
  const { code } = await tessera(
    "eval",
    `${out}/runs/tokenizer-seed0`,
    scenes,
    "--trials",
    "--out",
    `${folder}/e.json`,
  );
  expect(code).toBe(0);
  const { trials } = JSON.parse(await readFile(`${folder}/e.json`, "utf8"));
  expect(trials.reconstruction[0]).toMatchObject({ name: "reconstruction mean IoU", value: await scoreOf("ff") });
  expect(await scoreOf("ft")).not.toBe(await scoreOf("ff"));

  const second = await tessera("study", "gss", scenes, ...tiny, "--parts", "encoder", "--set", "steps=1");
  expect(second.code).toBe(1);
  expect(second.error).toContain("expected the study that is there");
  const more = await tessera("study", "gss", scenes, ...tiny, "--parts", "encoder");
  expect(more.code).toBe(0);
  expect(more.out).toMatch(/^ +reconstruction mean IoU +mean IoU\nff +[\d.]+ +$/m);
  expect(more.out).toMatch(/^grid-4-whole +[\d.]+$/m);
  const page = await readFile(`${out}/index.html`, "utf8");
  expect(page).toContain('alt="grid-8 val_000000"');
  expect(page).not.toContain('alt="ff ');
});
