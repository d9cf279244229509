import { describe, expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { smallChoice, smallStudy } from "../../test/support/small-study.ts";
import { type Claim, compare, judgeAll, type StudyPlan, type StudyQuestion } from "../methods/study.ts";
import type { Engine } from "../runtime/engine.ts";
import { plot } from "./plot.ts";
import { cellText, resultsOf, type StudyResults } from "./results.ts";
import { tableMarkdown, tableText } from "./table.ts";
import { writeStudy } from "./write-study.ts";

/** A study folder with the scores of some runs. */
function scored(runs: Readonly<Record<string, number | null>>) {
  const platform = memoryPlatform();
  for (const [run, value] of Object.entries(runs)) {
    const measures = [{ name: "mean IoU", value, unit: "share" }];
    platform.files.set(`study/runs/${run}/scores.json`, new TextEncoder().encode(JSON.stringify({ measures })));
  }
  return platform;
}

const complete = scored({
  ...{ "plain-1of8-seed0": 0.2, "plain-1of8-seed1": 0.24, "plain-all-seed0": 0.5, "plain-all-seed1": 0.5 },
  ...{ "warm-1of8-seed0": 0.3, "warm-1of8-seed1": 0.32, "warm-all-seed0": 0.6, "warm-all-seed1": 0.58 },
  ...{ "wide-1of8-seed0": 0.25 },
});
const results = await resultsOf(complete, "study", smallChoice);

describe("results", () => {
  test("are means and deviations over the seeds, by arm and share", () => {
    const cells = results.rows.map(({ arm, cells }) => [arm.name, ...cells.map((cell) => cell?.mean ?? null)]);
    expect(cells).toEqual([
      ["plain", expect.closeTo(0.22, 9), 0.5],
      ["warm", expect.closeTo(0.31, 9), expect.closeTo(0.59, 9)],
      ["wide", 0.25, null],
    ]);
    expect(results.rows[0].cells[0]!.deviation).toBeCloseTo(0.04 / Math.SQRT2, 9);
    expect(results.rows[2].cells[0]!.values).toEqual([0.25, undefined]);
  });

  test("judge the claims", () => {
    expect(results.claims).toEqual([
      {
        ...{ text: "warm is better", source: "nobody", verdict: "held" },
        evidence: "warm − plain 1/8: +9.0 ± 1.0 | warm − plain all: +9.0 ± 1.0",
      },
    ]);
  });

  test("of a study that has just begun are empty", async () => {
    const { rows, claims } = await resultsOf(memoryPlatform(), "study", smallChoice);
    expect(rows.map(({ cells }) => cells.map(cellText))).toEqual(Array(3).fill(["", ""]));
    expect(claims.map(({ verdict }) => verdict)).toEqual(["not measured"]);
  });

  test("leave out runs without a score", async () => {
    const platform = scored({ "plain-all-seed0": null, "plain-all-seed1": 0.5 });
    const { rows } = await resultsOf(platform, "study", smallChoice);
    expect(rows[0].cells[1]).toEqual({ fraction: 1, values: [undefined, 0.5], mean: 0.5, deviation: 0 });
  });

  test.each(["", "{", "null", "[]", '{"measures":[{"value":"0.5"}]}'])(
    "leave out a run whose scores are %o",
    async (content) => {
      const platform = scored({ "plain-all-seed1": 0.5 });
      await platform.writeFile("study/runs/plain-all-seed0/scores.json", content);
      const { rows } = await resultsOf(platform, "study", smallChoice);
      expect(rows[0].cells[1]!.values).toEqual([undefined, 0.5]);
    },
  );

  test("have rows of what other calls of the study made, and of what this one asks for", async () => {
    const rowsOf = async (parts: readonly string[], platform = complete) =>
      (await resultsOf(platform, "study", { ...smallChoice, parts })).rows.map(({ arm }) => arm.name);
    expect(await rowsOf(["main"])).toEqual(["plain", "warm", "wide"]);
    expect(await rowsOf(["width"])).toEqual(["plain", "warm", "wide"]);
    expect(await rowsOf(["width"], scored({ "plain-all-seed0": 0.5 }))).toEqual(["plain", "wide"]);
    const { plan } = await resultsOf(memoryPlatform(), "study", { ...smallChoice, parts: ["width"] });
    expect([plan.arms.map(({ name }) => name), plan.pretrainings]).toEqual([["wide"], []]);
    expect(results.plan.pretrainings.map(({ name }) => name)).toEqual(["encoder", "denoise"]);
  });

  test("do not read seeds that were not asked for", async () => {
    const { rows } = await resultsOf(complete, "study", { ...smallChoice, seeds: 1 });
    expect(rows[0].cells[0]!.values).toEqual([0.2]);
  });
});

describe("as a table", () => {
  test("says where the best of several weights were taken", () => {
    const often = { ...results, settings: [...results.settings, "evaluateEvery=50"] };
    expect(tableText(often)).toMatch(/^Mean IoU, percent, by the weights that scored highest on the way; mean/);
  });

  test("for the terminal, numbers stand below one another", () => {
    expect(tableText(results).split("\n")).toEqual([
      "Mean IoU, percent, at the end of training; mean ± standard deviation over 2 seeds, or the number of them in brackets; by share of the labels.",
      "",
      "              1/8         all",
      "plain  22.0 ± 2.8  50.0 ± 0.0",
      "warm   31.0 ± 1.4  59.0 ± 1.4",
      "wide     25.0 (1)            ",
      "",
      "What the paper says, and what these runs say:",
      "held          warm is better (warm − plain 1/8: +9.0 ± 1.0 | warm − plain all: +9.0 ± 1.0)",
    ]);
  });

  test("for a README, every row has as many cells as the head", () => {
    const lines = tableMarkdown(results, "photos", "tessera study").split("\n");
    const tables = lines.filter((line) => line.startsWith("|"));
    const [scores, claims] = [tables.slice(0, 5), tables.slice(5)];
    expect(scores).toEqual([
      "|  | 1/8 | all |",
      "| --- | --: | --: |",
      "| plain | 22.0 ± 2.8 | 50.0 ± 0.0 |",
      "| warm | 31.0 ± 1.4 | 59.0 ± 1.4 |",
      "| wide | 25.0 (1) |  |",
    ]);
    expect(claims).toHaveLength(3);
    for (const rows of [scores, claims]) expect(new Set(rows.map((line) => line.split("|").length)).size).toBe(1);
  });

  test("a claim that failed is seen, one that was not measured has no numbers", async () => {
    const worse = scored({
      "plain-1of8-seed0": 0.5,
      "plain-all-seed0": 0.5,
      "warm-1of8-seed0": 0.4,
      "warm-all-seed0": 0.6,
    });
    const failed = await resultsOf(worse, "study", smallChoice);
    expect(tableText(failed)).toContain(
      "NOT held      warm is better (warm − plain 1/8: −10.0 (one seed) | warm − plain all: +10.0 (one seed))",
    );
    const none = await resultsOf(memoryPlatform(), "study", smallChoice);
    expect(tableText(none)).toMatch(/not measured {2}warm is better$/);
    expect(tableMarkdown(none, "photos", "tessera study")).toContain("| **not measured** | – |");
  });
});

/** Numbers of an attribute in a drawing. */
const numbers = (markup: string, pattern: RegExp) => [...markup.matchAll(pattern)].map(([, value]) => Number(value));

describe("as a drawing", () => {
  /** Results of drawn arms by name: means at each share. */
  function drawn(
    fractions: readonly number[],
    arms: Readonly<Record<string, readonly (number | null)[]>>,
  ): StudyResults {
    const rows = Object.entries(arms).map(([name, means]) => ({
      arm: { name, about: "", settings: [], from: null, fractions, drawn: true },
      cells: means.map((mean, i) => mean && { fraction: fractions[i], values: [mean], mean, deviation: 0.01 }),
    }));
    return { ...results, fractions, seeds: 1, rows: rows as StudyResults["rows"], claims: [] };
  }

  test("each arm that is to be drawn is a line with a mark for each share", () => {
    const { markup } = plot(results);
    expect(markup.match(/<polyline/g)).toHaveLength(2);
    expect(markup.match(/<circle/g)).toHaveLength(4);
    expect(markup).toContain("<title>warm, all: 59.0 ± 1.4</title>");
    expect(markup).not.toContain("wide");
  });

  test("shares that are missing are left out", () => {
    expect(plot(drawn([1 / 8, 1], { a: [0.2, null], b: [null, null] })).markup.match(/<circle/g)).toHaveLength(1);
  });

  test("without scores there is nothing", () => {
    expect(plot(drawn([1 / 8, 1], { a: [null, null] })).markup).toBe("");
  });

  test("a single share stands in the middle of the axis", () => {
    const [first, last] = numbers(plot(drawn([1 / 8, 1], { a: [0.2, 0.3] })).markup, /<circle cx="([\d.]+)"/g);
    expect(numbers(plot(drawn([1], { a: [0.2] })).markup, /<circle cx="([\d.]+)"/g)).toEqual([(first + last) / 2]);
  });

  test.each<[string, number[]]>([
    ["equal scores", [0.4, 0.4, 0.4, 0.4]],
    ["scores near the bottom", [0.01, 0.02, 0.011, 0.5]],
    ["scores of 0 and 1", [0.02, 1, 0.99, 0.98]],
  ])("names of lines with %s do not cover one another, and all is inside", (_, ends) => {
    const { markup } = plot(drawn([1 / 8, 1], Object.fromEntries(ends.map((end, i) => [`arm${i}`, [0.3, end]]))));
    expect(markup).not.toMatch(/NaN|Infinity/);
    const names = numbers(markup, /y="([\d.-]+)" style="fill: #\w+; font-weight/g).sort((a, b) => a - b);
    expect(names).toHaveLength(ends.length);
    for (let i = 1; i < names.length; i++) expect(names[i] - names[i - 1]).toBeGreaterThanOrEqual(14.9);
    for (const y of [...names, ...numbers(markup, /cy="([\d.-]+)"/g)]) {
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(360);
    }
  });
});

describe("without shares of the labels", () => {
  const plain = { ...smallStudy, fractions: [1], plan: planOfWhole };
  const choice = { ...smallChoice, study: plain, fractions: [1], parts: ["main"] };

  test("a column has the score's name, a claim no share, and the drawing a row for each arm that was measured", async () => {
    const whole = await resultsOf(complete, "study", choice);
    expect(tableText(whole).split("\n")).toEqual([
      "Mean IoU, percent, at the end of training; mean ± standard deviation over 2 seeds.",
      "",
      "         mean IoU",
      "plain  50.0 ± 0.0",
      "warm   59.0 ± 1.4",
      "",
      "What the paper says, and what these runs say:",
      "held          warm is better (warm − plain +9.0 ± 1.0)",
    ]);
    expect(whole.shares).toBe(false);
    const { markup } = plot(whole);
    expect(markup.match(/<circle/g)).toHaveLength(2);
    expect(markup).toContain("<title>warm: 59.0 ± 1.4</title>");
    expect(markup).not.toMatch(/share of the labels|NaN/);
  });

  test("arms that are scored by another measure have a column of their own", async () => {
    const inside = { name: "inside", measure: "share of codes", trains: false as const, settings: [] };
    const plan = (question: StudyQuestion): StudyPlan => {
      const { arms, ...rest } = planOfWhole(question);
      return { ...rest, arms: [...arms, { ...arms[1], ...inside }] };
    };
    const platform = memoryPlatform();
    const measures = [
      { name: "first", value: 0.1, unit: "share" },
      { name: "share of codes", value: 0.75, unit: "share" },
    ];
    await platform.writeFile("study/runs/inside-all-seed0/scores.json", JSON.stringify({ trials: {}, measures }));
    for (const arm of ["plain", "warm"]) {
      const own = JSON.stringify({ measures: [{ ...measures[0], value: 0.5 }] });
      await platform.writeFile(`study/runs/${arm}-all-seed0/scores.json`, own);
    }
    const found = await resultsOf(platform, "study", { ...choice, seeds: 1, study: { ...plain, plan } });
    expect(tableText(found).split("\n").slice(0, 6)).toEqual([
      "Mean IoU or share of codes, percent, at the end of training; one seed.",
      "",
      "        mean IoU  share of codes",
      "plain       50.0                ",
      "warm        50.0                ",
      "inside                      75.0",
    ]);
    expect(plot(found).markup).toContain("mean IoU or share of codes, percent");
    expect(tableMarkdown(found, "photos", "tessera study")).toContain("| points of the score, mean ± standard error |");
  });

  test("one seed is enough for no claim, and nothing is drawn of nothing", async () => {
    const { claims } = await resultsOf(complete, "study", { ...choice, seeds: 1 });
    expect(claims).toMatchObject([{ verdict: "not measured", evidence: "warm − plain +10.0 (one seed)" }]);
    expect(plot(await resultsOf(memoryPlatform(), "study", choice)).markup).toBe("");
  });

  function planOfWhole(question: StudyQuestion): StudyPlan {
    const { arms, pretrainings } = smallStudy.plan(question);
    const judge: Claim["judge"] = (scores) => judgeAll([compare(scores, "warm", "plain")], "warm − plain");
    return { arms, pretrainings, claims: [{ text: "warm is better", source: "nobody", judge }] };
  }
});

test("a study is written as table, numbers, drawing and page, whatever names hold", async () => {
  const closed: string[] = [];
  const engine = { close: async () => void closed.push("engine") } as unknown as Engine;
  await writeStudy({
    ...{ ...smallChoice, platform: complete, openEngine: async () => engine, folder: "study" },
    ...{ dataset: "a & b", validation: null, command: "tessera study <x>" },
  });
  const text = (name: string) => new TextDecoder().decode(complete.files.get(`study/${name}`));
  expect(closed).toEqual([]); // nothing to segment
  expect(text("table.md")).toBe(tableMarkdown(results, "a & b", "tessera study <x>"));
  expect(text("plot.svg")).toContain("<svg xmlns=");
  expect(JSON.parse(text("results.json"))).toMatchObject({ seeds: 2, claims: [{ verdict: "held" }] });
  const page = text("index.html");
  for (const escaped of ["a &amp; b", "tessera study &lt;x&gt;", "&lt;b&gt;pretrained&lt;/b&gt;", "denoise"])
    expect(page).toContain(escaped);
  expect(page).not.toMatch(/<b>pretrained|undefined|NaN/);
});
