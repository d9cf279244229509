import { describe, expect, test } from "vitest";
import { learningRate, type Schedule } from "./schedule.ts";

const base = { rate: 2, steps: 100 } as const;

describe("learning rate", () => {
  test.each<[string, Schedule, [step: number, rate: number][]]>([
    [
      "constant",
      { ...base, kind: "constant" },
      [
        [0, 2],
        [99, 2],
        [500, 2],
      ],
    ],
    [
      "step",
      { ...base, kind: "step", milestones: [0.5, 0.75], factor: 0.1 },
      [
        [0, 2],
        [49, 2],
        [50, 0.2],
        [74, 0.2],
        [75, 0.02],
        [100, 0.02],
      ],
    ],
    [
      "poly",
      { ...base, kind: "poly", power: 2 },
      [
        [0, 2],
        [50, 0.5],
        [100, 0],
        [120, 0],
      ],
    ],
    [
      "poly with a floor",
      { ...base, kind: "poly", power: 1, final: 0.5 },
      [
        [0, 2],
        [50, 1.5],
        [100, 1],
      ],
    ],
    [
      "cosine",
      { ...base, kind: "cosine" },
      [
        [0, 2],
        [50, 1],
        [100, 0],
      ],
    ],
    [
      "cosine with a floor",
      { ...base, kind: "cosine", final: 0.1 },
      [
        [0, 2],
        [50, 1.1],
        [100, 0.2],
      ],
    ],
    [
      "cosine after a warm-up",
      { ...base, kind: "cosine", warmupSteps: 20 },
      [
        [0, 0],
        [5, 0.5],
        [20, 2],
        [60, 1],
        [100, 0],
      ],
    ],
    [
      "poly beside a warm-up, with a jump",
      { ...base, kind: "poly", warmupSteps: 10, warmup: "beside" },
      [
        [0, 0],
        [5, 1],
        [9, 1.8],
        [10, 1.8],
        [50, 1],
      ],
    ],
    [
      "poly times a warm-up that does not start at 0",
      { ...base, kind: "poly", warmupSteps: 10, warmup: "times", warmupStart: 0.5 },
      [
        [0, 1],
        [5, 2 * 0.95 * 0.75],
        [10, 1.8],
      ],
    ],
    [
      "milestones count from the start, warm-up or not",
      { ...base, kind: "step", milestones: [0.5], factor: 0.1, warmupSteps: 40 },
      [
        [20, 1],
        [49, 2],
        [50, 0.2],
      ],
    ],
    [
      "cosine beside a warm-up that does not start at 0, one step behind",
      { ...base, kind: "cosine", warmupSteps: 20, warmup: "beside", warmupStart: 0.1, behind: 1 },
      [
        [0, 0.2],
        [1, 0.2],
        [11, 1.1],
        [20, 0.2 + 1.8 * 0.95],
        [21, 1 + Math.cos(0.2 * Math.PI)],
        [51, 1],
        [101, 0],
      ],
    ],
    [
      "poly, whose last step's rate stays",
      { ...base, kind: "poly", pastEnd: "last step" },
      [
        [50, 1],
        [99, 0.02],
        [100, 0.02],
        [500, 0.02],
      ],
    ],
  ])("%s", (_, schedule, points) => {
    for (const [step, rate] of points) expect(learningRate(schedule, step)).toBeCloseTo(rate, 12);
  });
});
