/** MaX-DeepLab's ablations as users run them, tiny: scored by panoptic quality, judged, drawn with segments. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder, tessera } from "../support/cli.ts";

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
});
afterAll(() => remove());

test("arms are scored by PQ; table, plot and page say so and show segments", async () => {
  const scenes = "scenes:size=64,train=4,val=2,test=1,kind=street,classes=coarse";
  const tiny = ["--recipe", "maxdeeplab-tiny", "--set", "steps=2", "--parts", "transformer", "--seeds", "1"];
  const { code, out } = await tessera("study", "max-deeplab", scenes, ...tiny, "--out", `${folder}/study`);
  expect(code).toBe(0);
  expect(out).toMatch(/^PQ, percent, at the end of training; one seed\.$/m);
  expect(out).toMatch(/^base +[\d.]+\nno-p2m +[\d.]+\nno-m2m +[\d.]+$/m);
  expect(out).toMatch(/pixels that read slots \(P2M\) matter \(base − no-p2m .[\d.]+ \(one seed\)\)/);
  expect(out).not.toMatch(/^held/m);
  const page = await readFile(`${folder}/study/index.html`, "utf8");
  expect(page).toContain("points of PQ");
  expect(page).toContain('alt="no-p2m val_000000"');
  expect(await readFile(`${folder}/study/plot.svg`, "utf8")).toContain("PQ, percent");
});
