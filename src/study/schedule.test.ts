import { describe, expect, test } from "vitest";
import { smallChoice, smallStudy } from "../../test/support/small-study.ts";
import { UsageError } from "../errors.ts";
import type { Arm } from "../methods/study.ts";
import { armName, labelsOf, type StudyRun, scheduleOf } from "./schedule.ts";

const { runs } = scheduleOf(smallChoice);
const named = (name: string): StudyRun => runs.find((run) => run.name === name)!;

test("runs come seed by seed, pretrainings before what begins with them, shared ones once", () => {
  expect(runs.map(({ name }) => name)).toEqual([
    ...["encoder", "denoise-seed0"],
    ...["plain-1of8-seed0", "plain-all-seed0", "warm-1of8-seed0", "warm-all-seed0", "wide-1of8-seed0"],
    "denoise-seed1",
    ...["plain-1of8-seed1", "plain-all-seed1", "warm-1of8-seed1", "warm-all-seed1", "wide-1of8-seed1"],
  ]);
});

test("every run begins with one before it, of its own seed where there is one for each", () => {
  runs.forEach(({ from }, i) => {
    if (from !== null) expect(runs.slice(0, i).map(({ name }) => name)).toContain(from);
  });
  expect([named("denoise-seed1").from, named("warm-all-seed1").from]).toEqual(["encoder", "denoise-seed1"]);
  expect(named("plain-all-seed0").from).toBeNull();
});

test("a run is scored at its end alone, has the study's changes, then its own, then its seed", () => {
  expect(named("warm-1of8-seed1").settings).toEqual(["evaluateEvery=0", "steps=5", "start=ddep", "seed=1"]);
  expect(named("denoise-seed1").settings).toEqual(["steps=5", "steps=0", "seed=1"]);
});

test("a run says what it is", () => {
  expect(named("encoder")).toMatchObject({ title: "pretraining encoder, seed 0", dataset: "tags", arm: null });
  expect(named("warm-1of8-seed1")).toMatchObject({
    ...{ title: "warm, 1/8 of the labels, seed 1", dataset: null, seed: 1 },
    arm: { name: "warm", fraction: 1 / 8 },
  });
});

test("an encoder that is given takes the place of the one that would be made", () => {
  const given = scheduleOf({ ...smallChoice, encoder: "mobilenet.pth" }).runs;
  expect(given.map(({ name }) => name)).toEqual(runs.map(({ name }) => name).filter((name) => name !== "encoder"));
  const beginning = ({ name, from, fromEncoder }: StudyRun) => [name, from, fromEncoder];
  const first = ["denoise-seed0", "plain-1of8-seed0", "warm-1of8-seed0"];
  expect(given.filter(({ name }) => first.includes(name)).map(beginning)).toEqual([
    ["denoise-seed0", null, true],
    ["plain-1of8-seed0", null, false],
    ["warm-1of8-seed0", "denoise-seed0", false],
  ]);
  expect(runs.some(({ fromEncoder }) => fromEncoder)).toBe(false);
});

describe("an arm", () => {
  const besides = (arm: Partial<Arm>) => {
    const plan: typeof smallStudy.plan = (question) => {
      const { arms, ...rest } = smallStudy.plan(question);
      return { ...rest, arms: [...arms, { ...arms[1], name: "other", fractions: [1], ...arm }] };
    };
    return { ...smallChoice, settings: [], seeds: 1, study: { ...smallStudy, plan } };
  };

  test("may be scored by something inside, on other images, and train nothing", () => {
    const scoring = { measure: "codes", scoredOn: "others", trains: false } as const;
    const run = scheduleOf(besides({ ...scoring, settings: [] })).runs.at(-1)!;
    expect(run).toMatchObject({ name: "other-all-seed0", from: "denoise-seed0", arm: { name: "other", ...scoring } });
    expect(named("warm-all-seed1").arm).toEqual({ name: "warm", fraction: 1 });
  });

  test("that is scored inside need not predict, but trains something", () => {
    // The pretraining of the small study ends with the same stage.
    const settings = ["start=ddep", "steps=0"];
    const refused = () => scheduleOf(besides({ settings }));
    expect(refused).toThrow("study: expected steps to train for other, all of the labels, seed 0");
    expect(() => scheduleOf(besides({ measure: "PSNR", settings }))).toThrow("got settings that end with the stage");
    const alone = besides({ measure: "PSNR", settings: ["start=dep", "steps=0"], from: null });
    expect(scheduleOf(alone).runs.at(-1)!.name).toBe("other-all-seed0");
  });
});

test("shares are of what the arms learn from at their end", () => {
  expect(labelsOf(smallChoice, runs)).toEqual(["mask"]);
});

test("more seeds add runs and change none", () => {
  const more = scheduleOf({ ...smallChoice, seeds: 3 }).runs;
  expect(more.slice(0, runs.length)).toEqual(runs);
  expect(more.length).toBeGreaterThan(runs.length);
});

test.each([
  ["ddep", 1, "ddep-all-seed0"],
  ["ddep", 1 / 30, "ddep-1of30-seed0"],
  ["ddep-sigma-0.5", 0.3, "ddep-sigma-0.5-30percent-seed0"],
])("%s at %d of the labels lies in %s", (arm, fraction, expected) => {
  expect(armName(arm, fraction, 0)).toBe(expected);
});

describe("what cannot be scheduled is refused", () => {
  test("a recipe that the study is not made with", () => {
    expect(() => scheduleOf({ ...smallChoice, recipe: "ddep-ade20k" })).toThrow(
      'study: expected a recipe of the study, got "ddep-ade20k". Known: ddep-tiny.',
    );
  });

  test.each([
    ["a seed", ["seed=3"], ["main"], "got seed=3, which runs differ in"],
    ["a start", ["start=dep"], ["main"], "got start=dep, which runs differ in"],
    ["what a part changes", ["steps=2", "widthMultiplier=3"], ["width"], "got widthMultiplier=3, which runs differ in"],
  ])("%s for all runs", (_, settings, parts, message) => {
    const refused = () => scheduleOf({ ...smallChoice, settings, parts });
    expect(refused).toThrow(message);
    expect(refused).toThrow(UsageError);
  });

  test("but not what only parts change that were not chosen, or what they change by factors", () => {
    expect(
      scheduleOf({ ...smallChoice, settings: ["widthMultiplier=3"], parts: ["main"] }).runs.length,
    ).toBeGreaterThan(0);
    const study = { ...smallStudy, scaled: ["widthMultiplier"] };
    expect(scheduleOf({ ...smallChoice, study, settings: ["widthMultiplier=3"] }).runs.length).toBeGreaterThan(0);
  });

  test("an unknown part, with the nearest one", () => {
    const refused = () => scheduleOf({ ...smallChoice, parts: ["mian"] });
    expect(refused).toThrow('study: expected known parts, got "mian". Did you mean main?');
    expect(refused).toThrow(UsageError);
    expect(() => scheduleOf({ ...smallChoice, parts: ["constructor"] })).toThrow('got "constructor"');
  });

  test("shares of the labels that are called the same", () => {
    expect(() => scheduleOf({ ...smallChoice, fractions: [0.3331, 0.3334, 1] })).toThrow(
      "study: expected shares of the labels that differ in three digits, got 33.3 % twice. Leave one out.",
    );
  });

  test("shares of the labels where a study has none", () => {
    const study = { ...smallStudy, fractions: [1] };
    const refused = () => scheduleOf({ ...smallChoice, study, fractions: [1 / 8, 1] });
    expect(refused).toThrow("study: expected no shares of the labels, since every run of this study learns from all");
    expect(refused).toThrow("got 1/8, all. Leave --fractions out.");
    expect(scheduleOf({ ...smallChoice, study, fractions: [1] }).runs.at(-1)!.title).toBe("wide, seed 1");
  });

  test("an arm whose pretraining is not there: our own mistake", () => {
    const plan: typeof smallStudy.plan = (options) => ({ ...smallStudy.plan(options), pretrainings: [] });
    expect(() => scheduleOf({ ...smallChoice, study: { ...smallStudy, plan } })).toThrow(
      'study: nothing pretrains "denoise".',
    );
  });
});

test("arms that are asked for run, with what they begin with, and others do not", () => {
  const all = scheduleOf(smallChoice);
  const [first] = all.plan.arms.filter(({ from }) => from !== null);
  const { runs, plan } = scheduleOf({ ...smallChoice, arms: [first.name] });
  expect(new Set(runs.flatMap(({ arm }) => (arm === null ? [] : [arm.name])))).toEqual(new Set([first.name]));
  expect(plan.pretrainings.map(({ name }) => name)).toContain(first.from);
  expect(runs.length).toBeLessThan(all.runs.length);
  expect(runs).toEqual(all.runs.filter(({ name }) => runs.some((run) => run.name === name)));
  expect(() => scheduleOf({ ...smallChoice, arms: ["nobody"] })).toThrow(/expected arms of the parts, got "nobody"/);
});
