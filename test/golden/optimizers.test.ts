/** Optimizers, averages, clipping and learning rates against the authors' trajectories; no model is needed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { float32, type Named, type NdArray, scalar, toNumbers } from "../../src/array/ndarray.ts";
import { input } from "../../src/graph/tensor.ts";
import { adam, adamw } from "../../src/optimizers/adam.ts";
import { averageDecay, movingAverage } from "../../src/optimizers/average.ts";
import { clipByNorm, globalNorm } from "../../src/optimizers/clip.ts";
import { lookahead } from "../../src/optimizers/lookahead.ts";
import type { Optimizer } from "../../src/optimizers/optimizer.ts";
import { radam } from "../../src/optimizers/radam.ts";
import { learningRate, type Schedule } from "../../src/optimizers/schedule.ts";
import { sgd } from "../../src/optimizers/sgd.ts";
import { evaluate } from "../../src/runtime/evaluate.ts";
import { trajectory } from "../support/trajectory.ts";
import { toUsual } from "../support/usual-state.ts";
import { caseEntries } from "./cases.ts";
import { coversStated } from "./config.ts";
import { type GoldenCase, openGoldens } from "./manifest.ts";

/** Rates are computed in double precision on both sides. */
const expectRates = (schedule: Schedule, points: readonly (readonly [step: number, rate: number])[]) => {
  for (const [step, rate] of points) {
    expect(Math.abs(learningRate(schedule, step) - rate), `step ${step}`).toBeLessThanOrEqual(1e-12 * schedule.rate);
  }
};

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe("ddep", () => {
  const goldens = openGoldens("ddep");

  goldens.covers("adam", async (golden) => {
    const { steps, lr, betas, eps, weight_decay, clip, shapes } = golden.config as {
      steps: number;
      lr: number;
      betas: [number, number];
      eps: number;
      weight_decay: number;
      clip: number;
      shapes: number[][];
    };
    const options = { beta1: betas[0], beta2: betas[1], epsilon: eps };
    const indices = shapes.map((_, i) => i);
    const parameters = Object.fromEntries(indices.map((i) => [`param${i}`, golden.tensor(`param${i}`)]));
    const gradients = range(steps).map((step) =>
      Object.fromEntries(indices.map((i) => [`param${i}`, golden.tensor(`grad${i}.step${step + 1}`)])),
    );
    const got: Record<string, NdArray> = {};
    const variants: [string, Optimizer, number][] = [
      ["adam", adam(options), 0],
      ["adam_l2", adam(options), weight_decay],
      ["adamw", adamw(options), weight_decay],
    ];
    for (const [name, optimizer, decay] of variants) {
      const history = await trajectory(optimizer, { parameters, gradients, rate: lr, decay });
      history.forEach((store, step) => {
        for (const parameter of Object.keys(parameters)) got[`${name}.step${step + 1}.${parameter}`] = store[parameter];
      });
      for (const i of indices) {
        for (const slot of optimizer.slots) {
          const state = history[steps - 1][`${slot.name}/param${i}`];
          got[`${name}.step${steps}.${slot.usual.name}${i}`] = toUsual(slot, state);
        }
      }
    }
    const inputs = indices.map((i) => input(`gradient${i}`, shapes[i]));
    const norm = globalNorm(inputs);
    const clipped = clipByNorm(inputs, norm, clip);
    const outputs = { "clip.total_norm": norm, ...Object.fromEntries(clipped.map((g, i) => [`clip.grad${i}`, g])) };
    const feeds = Object.fromEntries(indices.map((i) => [`gradient${i}`, golden.tensor(`grad${i}.step1`)]));
    golden.checkAll({ ...got, ...(await evaluate(outputs, feeds)) });
  });

  goldens.covers("ema", async (golden) => {
    const { steps, decay, shape } = golden.config as { steps: number; decay: number; shape: number[] };
    const next = movingAverage(input("e", shape), input("p", shape), input("keep", []), input("take", []));
    const got: Record<string, NdArray> = {};
    for (const [name, warmUp] of [
      ["constant", false],
      ["warmup", true],
    ] as const) {
      let e = golden.tensor("param.step0");
      for (let count = 1; count <= steps; count++) {
        const keep = averageDecay(decay, count, { warmUp });
        const p = golden.tensor(`param.step${count}`);
        e = (await evaluate({ next }, { e, p, keep: scalar(keep), take: scalar(1 - keep) })).next;
        got[`${name}.step${count}`] = e;
      }
    }
    golden.checkAll(got);
  });

  goldens.covers("lr_schedules", (golden) => {
    const config = golden.config as Named<number>;
    const base = { rate: config.base_lr, steps: config.total_steps, power: config.power } as const;
    const warm = { ...base, warmupSteps: config.warmup_steps };
    const schedules: Named<Schedule> = {
      cosine_warmup: { ...warm, kind: "cosine" },
      linear_warmup: { ...warm, kind: "poly", power: 1, final: config.linear_end / config.base_lr },
      poly_warmup: { ...warm, kind: "poly" },
      cosine_plain: { ...base, kind: "cosine" },
      poly_plain: { ...base, kind: "poly" },
      cosine_floor: { ...warm, kind: "cosine", final: config.min_lr / config.base_lr },
    };
    const steps = toNumbers(golden.tensor("steps"));
    const points = (name: string) => toNumbers(golden.tensor(name)).map((rate, i) => [steps[i], rate] as const);
    // The manifest says "cosine_floor" without saying whether it warms up; its first value does.
    const floor = points("cosine_floor");
    const warms = floor[0][1] === 0;
    for (const [name, schedule] of Object.entries(schedules)) {
      const plain = name === "cosine_floor" && !warms ? { ...schedule, warmupSteps: 0 } : schedule;
      expectRates(plain, points(name));
    }
  });
});

describe("l2g", () => {
  const goldens = openGoldens("l2g");
  const found = goldens.names.filter((name) => /^train\/.*poly/.test(name));
  if (found.length === 0) test.skip("a poly schedule: the set has none", () => {});
  for (const each of found)
    coversStated(goldens, each, async (golden) => {
      const config = golden.config as {
        max_step: number;
        power: number;
        effective_momentum: number;
        effective_weight_decay: number;
        base_lr: number[];
      };
      const of = (name: string) => golden.tensor(`${each.split("/")[1]}/${name}`);
      const names = Object.keys(golden.entries).flatMap((name) => /^grad_(.+)$/.exec(name)?.[1] ?? []);
      const parameters = Object.fromEntries(names.map((name) => [name, of(`${name}0`)]));
      const rows = (array: NdArray): NdArray[] => {
        const [count, length] = array.shape;
        return range(count).map((i) => float32([length], toNumbers(array).slice(i * length, (i + 1) * length)));
      };
      const given = Object.fromEntries(names.map((name) => [name, rows(of(`grad_${name}`))]));
      const [first] = config.base_lr;
      const poly = { kind: "poly", rate: first, steps: config.max_step, power: config.power } as const;
      const schedule: Schedule = { ...poly, pastEnd: "last step" };
      const history = await trajectory(sgd({ momentum: config.effective_momentum }), {
        parameters,
        gradients: given[names[0]].map((_, step) => Object.fromEntries(names.map((name) => [name, given[name][step]]))),
        rate: (step) => learningRate(schedule, step),
        factors: Object.fromEntries(names.map((name, i) => [name, config.base_lr[i] / first])),
        decay: config.effective_weight_decay,
      });
      expectRates(
        schedule,
        toNumbers(of("lr_used")).flatMap((rate, i) =>
          i % names.length === 0 ? [[i / names.length, rate] as const] : [],
        ),
      );
      const tolerance = relativeTolerance({ conventions: rawOf(golden).tolerance ?? goldens.manifest.conventions });
      for (const name of names) {
        rows(of(`${name}_after`)).forEach((expected, step) => {
          expectClose(toNumbers(history[step][name]), toNumbers(expected), tolerance, `${name}, step ${step}`);
        });
      }
    });
});

/** What the manifest says of a case beside its tensors and settings. */
function rawOf({ file, name }: GoldenCase): { readonly tolerance?: string } {
  const { files } = openGoldens("l2g").manifest as { files: Named<{ cases: Named<{ tolerance?: string }> }> };
  return files[file!].cases[name.split("/")[1]];
}

describe("gss", () => {
  const goldens = openGoldens("gss");
  interface Poly {
    readonly base_lr: number;
    readonly warmup_iters: number;
    readonly warmup_ratio: number;
    readonly power: number;
    readonly min_lr: number;
    readonly max_iters: number;
  }
  const scheduleOf = (poly: Poly): Schedule => ({
    kind: "poly",
    rate: poly.base_lr,
    steps: poly.max_iters,
    power: poly.power,
    final: poly.min_lr / poly.base_lr,
    warmupSteps: poly.warmup_iters,
    warmupStart: poly.warmup_ratio,
    warmup: "times",
  });

  goldens.covers("schedule_metrics", () => {
    const { schedule } = readJson("gss", "schedule_metrics.json") as {
      schedule: Poly & { points: [number, number][] };
    };
    expectRates(scheduleOf(schedule), schedule.points);
  });

  const config = caseEntries(goldens.manifest).find(({ name }) => name === "train_steps")?.config;
  test.skipIf(config === undefined)("learning rates of train_steps", () => {
    const { schedule, log } = config as { schedule: Poly; log: { iter: number; lr: number }[] };
    expectRates(
      scheduleOf(schedule),
      log.map(({ iter, lr }) => [iter, lr] as const),
    );
  });
});

describe("max-deeplab", () => {
  interface Training {
    readonly learning_rate: readonly (Named<number> & { values: [number, number][] })[];
    readonly optimizers: Named<unknown> & {
      readonly initial: number[];
      readonly gradients: number[][];
      readonly learning_rate: number;
    };
  }
  interface Trajectory {
    readonly beta1?: number;
    readonly beta2?: number;
    readonly epsilon?: number;
    readonly rectify_when_rho_greater_than?: number;
    readonly weight_decay?: number;
    readonly sync_period?: number;
    readonly slow_step?: number;
    readonly parameters_after_each_step: number[][];
  }
  const isThere = existsSync(join(openGoldens("max-deeplab").folder, "training.json"));
  if (!isThere) {
    test.skip("training.json: the set has none", () => {});
    return;
  }
  const training = readJson("max-deeplab", "training.json") as unknown as Training;

  test.each(
    training.learning_rate.map((schedule) => [`${schedule.base}, warm-up ${schedule.warmup_steps}`, schedule] as const),
  )("learning rates from %s", (_, { base, total_steps, warmup_steps, power, end, values }) => {
    expectRates(
      {
        kind: "poly",
        rate: base,
        steps: total_steps,
        power,
        final: end / base,
        warmupSteps: warmup_steps,
        warmup: "beside",
      },
      values as [number, number][],
    );
  });

  const { initial, gradients, learning_rate: rate, ...others } = training.optimizers;
  const trajectories = Object.entries(others).filter(
    (entry): entry is [string, Trajectory] => typeof entry[1] === "object",
  );
  // What a trajectory does not say is as in the first that does.
  const common = Object.assign({}, ...trajectories.map(([, entry]) => entry).reverse()) as Required<Trajectory>;

  test.each(trajectories)("optimizer %s", async (name, entry) => {
    const options = {
      beta1: entry.beta1 ?? common.beta1,
      beta2: entry.beta2 ?? common.beta2,
      epsilon: entry.epsilon ?? common.epsilon,
    };
    const rectified = () => radam({ ...options, rectifyAbove: entry.rectify_when_rho_greater_than });
    const optimizer =
      entry.sync_period !== undefined
        ? lookahead(rectified(), { period: entry.sync_period, slowStep: entry.slow_step })
        : entry.rectify_when_rho_greater_than !== undefined
          ? rectified()
          : adam({ ...options, epsilonBeside: "raw" });
    const history = await trajectory(optimizer, {
      parameters: { p: float32([initial.length], initial) },
      gradients: gradients.map((gradient) => ({ p: float32([gradient.length], gradient) })),
      rate,
      decay: entry.weight_decay ?? 0,
    });
    const { manifest } = openGoldens("max-deeplab");
    const tolerance = Number(/relative ([\d.e-]+)/.exec(JSON.stringify(manifest.conventions))?.[1]);
    expect(tolerance).toBeGreaterThan(0);
    entry.parameters_after_each_step.forEach((expected, step) => {
      expectClose(toNumbers(history[step].p), expected, tolerance, `${name}, step ${step}`);
    });
  });
});

function readJson(method: string, file: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(openGoldens(method).folder, file), "utf8")) as Record<string, unknown>;
}

/** `abs <= 2e-4 * max|ref|` in a manifest's conventions. */
function relativeTolerance({ conventions }: Readonly<Record<string, unknown>>): number {
  const tolerance = Number(/<= ([\d.e-]+) \* max/.exec(JSON.stringify(conventions))?.[1]);
  expect(tolerance).toBeGreaterThan(0);
  return tolerance;
}

function expectClose(got: readonly number[], expected: readonly number[], tolerance: number, where: string): void {
  const allowed = tolerance * Math.max(...expected.map(Math.abs));
  expect(got.length).toBe(expected.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - expected[i]), `${where}, element ${i}`).toBeLessThanOrEqual(allowed);
  });
}
