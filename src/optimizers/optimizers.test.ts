import { describe, expect, test } from "vitest";
import { trajectory } from "../../test/support/trajectory.ts";
import { toUsual } from "../../test/support/usual-state.ts";
import { float32, item, type Named, toNumbers } from "../array/ndarray.ts";
import { Random } from "../array/random.ts";
import { input } from "../graph/tensor.ts";
import { evaluate } from "../runtime/evaluate.ts";
import { adam, adamw } from "./adam.ts";
import { averageDecay, movingAverage } from "./average.ts";
import { clipByNorm, globalNorm } from "./clip.ts";
import { lookahead } from "./lookahead.ts";
import type { Optimizer } from "./optimizer.ts";
import { radam } from "./radam.ts";
import { sgd } from "./sgd.ts";

/** Three steps on one number, worked by hand: p₀ = 1, gradients 1, 2, −1, rate 0.1. */
const byHand: [string, Optimizer, number, number[]][] = [
  ["sgd", sgd(), 0, [0.9, 0.7, 0.8]],
  ["sgd with decay 0.5", sgd(), 0.5, [0.85, 0.6075, 0.677125]],
  // V: 1, 2.5, 0.25
  ["sgd with momentum 0.5", sgd({ momentum: 0.5 }), 0, [0.9, 0.65, 0.625]],
  // g + V/2: 1.5, 3.25, −0.875
  ["sgd with Nesterov", sgd({ momentum: 0.5, nesterov: true }), 0, [0.85, 0.525, 0.6125]],
  // m̂/√v̂ is 1 at the first step: p = 1 − 0.1
  ["adam", adam({ beta1: 0.5, beta2: 0.5, epsilon: 0 }), 0, [0.9, 0.9 - 0.1 * (5 / 3 / Math.sqrt(3)), Number.NaN]],
  ["adamw with decay 0.5", adamw({ beta1: 0.5, beta2: 0.5, epsilon: 0 }), 0.5, [0.85, Number.NaN, Number.NaN]],
];

describe("three steps by hand", () => {
  test.each(byHand)("%s", async (_, optimizer, decay, expected) => {
    const gradients = [1, 2, -1].map((g) => ({ p: float32([1], [g]) }));
    const history = await trajectory(optimizer, { parameters: { p: float32([1], [1]) }, gradients, rate: 0.1, decay });
    expected.forEach((value, step) => {
      if (!Number.isNaN(value)) expect(toNumbers(history[step].p)[0]).toBeCloseTo(value, 6);
    });
  });
});

interface HostState {
  p: number;
  m: number;
  v: number;
  slow: number;
}

/** One element's update in double precision, in the papers' own notation. */
type HostRule = (state: HostState, gradient: number, count: number, rate: number, decay: number) => void;

const adamRule =
  (decoupled: boolean): HostRule =>
  (s, gradient, t, rate, decay) => {
    const g = decoupled ? gradient : gradient + decay * s.p;
    s.m = 0.9 * s.m + 0.1 * g;
    s.v = 0.999 * s.v + 0.001 * g * g;
    if (decoupled) s.p *= 1 - rate * decay;
    s.p -= (rate * (s.m / (1 - 0.9 ** t))) / (Math.sqrt(s.v / (1 - 0.999 ** t)) + 1e-8);
  };

const radamRule: HostRule = (s, g, t, rate, decay) => {
  s.m = 0.9 * s.m + 0.1 * g;
  s.v = 0.999 * s.v + 0.001 * g * g;
  const hat = s.m / (1 - 0.9 ** t);
  const longest = 2 / (1 - 0.999) - 1;
  const length = longest - (2 * t * 0.999 ** t) / (1 - 0.999 ** t);
  s.p *= 1 - rate * decay;
  if (length <= 4) s.p -= rate * hat;
  else {
    const r = Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
    s.p -= (rate * r * hat) / (Math.sqrt(s.v / (1 - 0.999 ** t)) + 1e-8);
  }
};

const lookaheadRule: HostRule = (s, g, t, rate, decay) => {
  radamRule(s, g, t, rate, decay);
  if (t % 3 === 0) s.p = s.slow += 0.5 * (s.p - s.slow);
};

const momentumRule: HostRule = (s, gradient, _, rate, decay) => {
  const g = gradient + decay * s.p;
  s.v = 0.9 * s.v + g;
  s.p -= rate * (g + 0.9 * s.v);
};

describe("ten steps against a plain loop on the host", () => {
  test.each<[string, Optimizer, HostRule]>([
    ["sgd with Nesterov", sgd({ momentum: 0.9, nesterov: true }), momentumRule],
    ["adam", adam(), adamRule(false)],
    ["adamw", adamw(), adamRule(true)],
    ["radam", radam(), radamRule],
    ["lookahead around radam", lookahead(radam(), { period: 3, slowStep: 0.5 }), lookaheadRule],
  ])("%s", async (_, optimizer, rule) => {
    const random = new Random(3, "optimizer test");
    const draw = (): number[] => Array.from({ length: 6 }, () => Math.fround(random.normal()));
    const start: Named<number[]> = { a: draw(), b: draw() };
    const gradients = Array.from({ length: 10 }, (): Named<number[]> => ({ a: draw(), b: draw() }));
    const rate = (step: number) => 0.02 * (1 - step / 20);
    const arrays = (values: Named<number[]>) =>
      Object.fromEntries(Object.entries(values).map(([name, list]) => [name, float32([2, 3], list)]));

    const history = await trajectory(optimizer, {
      parameters: arrays(start),
      gradients: gradients.map(arrays),
      rate,
      factors: { b: 0.1 },
      decay: 0.1,
    });
    for (const [name, factor] of [
      ["a", 1],
      ["b", 0.1],
    ] as const) {
      start[name].forEach((p, i) => {
        const state: HostState = { p, m: 0, v: 0, slow: p };
        gradients.forEach((given, step) => {
          rule(state, given[name][i], step + 1, rate(step) * factor, 0.1);
          expect(toNumbers(history[step][name])[i]).toBeCloseTo(state.p, 5);
        });
      });
    }
  });
});

describe("clipping by global norm", () => {
  const gradients = [input("a", [2]), input("b", [])];
  const norm = globalNorm(gradients);
  const feeds = { a: float32([2], [3, 0]), b: float32([], [4]) };

  test("the norm is that of all gradients as one vector", async () => {
    expect(item((await evaluate({ norm }, feeds)).norm)).toBe(5);
  });

  test.each([
    ["longer ones are scaled down together", 2.5, [1.5, 0, 2]],
    ["shorter ones stay as they are", 10, [3, 0, 4]],
  ])("%s", async (_, limit, expected) => {
    const [a, b] = clipByNorm(gradients, norm, limit);
    const results = await evaluate({ a2: a, b2: b }, feeds);
    expected.forEach((value, i) => {
      expect([...toNumbers(results.a2), ...toNumbers(results.b2)][i]).toBeCloseTo(value, 5);
    });
  });
});

test("a moving average keeps and takes", async () => {
  const [e, p, keep, take] = ["e", "p", "keep", "take"].map((name) => input(name, []));
  const next = movingAverage(e, p, keep, take);
  const one = (value: number) => float32([], [value]);
  const results = await evaluate({ next }, { e: one(2), p: one(6), keep: one(0.75), take: one(0.25) });
  expect(item(results.next)).toBe(3);
});

test("the average's decay warms up to its value", () => {
  expect([1, 2, 90].map((count) => averageDecay(0.9, count))).toEqual([2 / 11, 3 / 12, 0.9]);
  expect(averageDecay(0.9, 1, { warmUp: false })).toBe(0.9);
});

test("Adam's state converts to the usual moments", async () => {
  const optimizer = adam({ beta1: 0.9, beta2: 0.99 });
  const gradients = [2, -1].map((g) => ({ p: float32([1], [g]) }));
  const [, { "m/p": m, "v/p": v }] = await trajectory(optimizer, {
    parameters: { p: float32([1], [0]) },
    gradients,
    rate: 0.1,
  });
  const [slotM, slotV] = optimizer.slots;
  expect(toNumbers(toUsual(slotM, m))[0]).toBeCloseTo(0.9 * 0.2 - 0.1, 6);
  expect(toNumbers(toUsual(slotV, v))[0]).toBeCloseTo(0.99 * 0.04 + 0.01, 6);
});
