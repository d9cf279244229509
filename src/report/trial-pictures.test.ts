import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import type { EvaluationLine, LoggedPicture, MetricsLine } from "../runs/log.ts";
import { trialRows, trialSection } from "./trial-pictures.ts";

/** What a trial keeps of a sample: the clean image, and what was restored at this step. */
function pictures(sample: string, step: number): LoggedPicture[] {
  const at = (name: string, file: string, caption: string) => ({ sample, name, file: `pictures/${file}.png`, caption });
  return [at("clean", `${sample}-clean`, ""), at("restored", `${sample}-restored-${step}`, `${step} dB`)];
}

function lineOf(step: number, stage: string, samples: readonly string[]): EvaluationLine {
  const kept = samples.flatMap((sample) => pictures(`${stage}-${sample}`, step));
  return { step, stage, measures: [{ name: "PSNR", value: step, unit: "dB" }], pictures: kept };
}

/** Rows of a log whose pictures hold their own file's name. */
async function rowsOf(lines: readonly MetricsLine[]) {
  const platform = memoryPlatform();
  for (const line of lines) {
    if (!("pictures" in line)) continue;
    for (const { file } of line.pictures ?? []) await platform.writeFile(`run/${file}`, file);
  }
  return trialRows(platform, "run", lines);
}

const labels = (row: { pictures: readonly { label: string }[] }) => row.pictures.map(({ label }) => label);

test("each sample of each stage has a row: first what stays the same, then what changed, by step", async () => {
  const rows = await rowsOf([
    lineOf(10, "denoise", ["a", "b"]),
    lineOf(1000, "denoise", ["a", "b"]),
    { step: 1200, stage: "tune", measures: [{ name: "mean IoU", value: 0.5, unit: "share" }] },
    lineOf(1300, "more", ["a"]),
    lineOf(1400, "more", ["a"]),
  ]);
  expect(rows.map(({ stage, sample }) => [stage, sample])).toEqual([
    ["denoise", "denoise-a"],
    ["denoise", "denoise-b"],
    ["more", "more-a"],
  ]);
  expect(labels(rows[0])).toEqual(["clean", "restored, step 10", "restored, step 1,000"]);
  expect(rows[0].pictures.map(({ caption }) => caption)).toEqual(["", "10 dB", "1000 dB"]);
});

test("pictures are the files of the run", async () => {
  const [row] = await rowsOf([lineOf(10, "denoise", ["a"]), lineOf(20, "denoise", ["a"])]);
  const contents = row.pictures.map(({ image }) => {
    expect(image.startsWith("data:image/png;base64,")).toBe(true);
    return Buffer.from(image.split(",")[1], "base64").toString();
  });
  expect(contents).toEqual(["clean", "restored-10", "restored-20"].map((name) => `pictures/denoise-a-${name}.png`));
});

test("of a single trial nothing has changed yet", async () => {
  const [row] = await rowsOf([lineOf(10, "denoise", ["a"])]);
  expect(labels(row)).toEqual(["clean", "restored"]);
});

test.each([2, 5, 6, 7, 8, 11, 26, 100, 999])(
  "of %i trials at most six are shown, the first and the last among them, evenly",
  async (count) => {
    const [row] = await rowsOf(Array.from({ length: count }, (_, i) => lineOf(i + 1, "denoise", ["a"])));
    const steps = labels(row)
      .slice(1)
      .map((label) => Number(label.replace(/[^\d]/g, "")));
    expect(steps).toHaveLength(Math.min(6, count));
    expect([steps[0], steps.at(-1)]).toEqual([1, count]);
    const gaps = steps.slice(1).map((step, i) => step - steps[i]);
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
  },
);

test("a run without pictures has no rows and no section", async () => {
  const rows = await rowsOf([{ step: 1, stage: "train", measures: [] }]);
  expect(rows).toEqual([]);
  expect(trialSection(rows, (stage) => `Stage ${stage}`).markup).toBe("");
});

test("names are escaped, stages are named once", async () => {
  const rows = await rowsOf([lineOf(10, "denoise", ["<i>"]), lineOf(20, "denoise", ["<i>", "b"])]);
  const { markup } = trialSection(rows, (stage) => `Stage ${stage}`);
  expect(markup).not.toContain("<i>");
  expect(markup.match(/<h2>/g)).toHaveLength(1);
});
