/** Learning rates over time: plain functions of the step, run on the host. */

export interface Schedule {
  readonly kind: "constant" | "step" | "poly" | "cosine";
  /** The largest rate. */
  readonly rate: number;
  /** Length of the run, in steps. */
  readonly steps: number;
  /** Exponent of `poly`. */
  readonly power?: number;
  /** `step`: the rate is multiplied by `factor` at these fractions of `steps`. */
  readonly milestones?: readonly number[];
  readonly factor?: number;
  /** Where `poly` and `cosine` end: a fraction of `rate`. */
  readonly final?: number;
  /** Steps over which the rate grows linearly. 0: none. */
  readonly warmupSteps?: number;
  /** Where the warm-up starts: a fraction of the rate that it leads to. */
  readonly warmupStart?: number;
  /**
   * Whether the curve starts when the warm-up ends (`after`), or at step 0 and the warm-up replaces its first part
   * (`beside`: the ramp leads to the full rate and then jumps to the curve) or multiplies it (`times`: the ramp leads
   * to the curve).
   */
  readonly warmup?: "after" | "beside" | "times";
  /** Each step has the rate of the step that is so many before it, the first ones that of step 0. Default 0. */
  readonly behind?: number;
  /** The rate changes only at multiples of so many steps (DeepLab: 10). Default 1. */
  readonly every?: number;
  /**
   * What steps beyond the last one have: the value that the curve ends with (default; 0 for `poly` without `final`), or, where
   * code stops setting the rate (L2G's release for COCO), that of the last step.
   */
  readonly pastEnd?: "end" | "last step";
}

/** The rate at `step` = 0, 1, …; past the end it stays as `pastEnd` says. */
export function learningRate(schedule: Schedule, at: number): number {
  const last = schedule.pastEnd === "last step" ? Math.max(0, schedule.steps - 1) : Number.POSITIVE_INFINITY;
  const every = schedule.every ?? 1;
  const step = Math.min(Math.floor(Math.max(0, at - (schedule.behind ?? 0)) / every) * every, last);
  const { rate, steps, warmupSteps = 0, warmupStart = 0, warmup = "after" } = schedule;
  const start = warmup === "after" && schedule.kind !== "step" ? warmupSteps : 0;
  const progress = Math.min(1, Math.max(0, (step - start) / Math.max(1, steps - start)));
  const curve = curveAt(schedule, progress);
  if (step >= warmupSteps) return rate * curve;
  const ramp = warmupStart + ((1 - warmupStart) * step) / warmupSteps;
  return rate * ramp * (warmup === "times" ? curve : 1);
}

/** The curve without warm-up, as a fraction of the largest rate. */
function curveAt({ kind, power = 1, milestones = [], factor = 1, final = 0 }: Schedule, progress: number): number {
  switch (kind) {
    case "constant":
      return 1;
    case "step":
      return factor ** milestones.filter((fraction) => fraction <= progress).length;
    case "poly":
      return final + (1 - final) * (1 - progress) ** power;
    case "cosine":
      return final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
  }
}
