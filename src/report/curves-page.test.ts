import { expect, test } from "vitest";
import type { MetricsLine } from "../runs/log.ts";
import { curvesPage } from "./curves-page.ts";

test("a run's losses, what it watches and its scores are charts of one page", () => {
  const lines: MetricsLine[] = [1, 2].map((step) => ({
    ...{ step, stage: "train", loss: 3 / step, terms: {}, learningRate: 0.1, gradientNorm: 1 },
    watched: { matchedDice: 0.1 * step },
  }));
  lines.push({ step: 1234, stage: "train", measures: [{ name: "PQ", value: 0.5, unit: "share" }] });
  const page = curvesPage(lines, { title: "Training of <r>", footer: "foot" });
  expect(page).toContain("<h1>Training of &lt;r&gt;</h1><p>1,234 steps so far</p>");
  for (const title of ["Loss", "Watched", "matchedDice", "Validation, percent", "Learning rate"]) {
    expect(page).toContain(title);
  }
});
