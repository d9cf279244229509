/** What the golden tests of GSS share: cases by what their tensors are called, and the manifest's tolerances. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { isFloat } from "../../src/array/dtype.ts";
import { fromNumbers, type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { type GoldenCase, openGoldens } from "./manifest.ts";

export const goldens = openGoldens("gss");

interface FileEntry {
  readonly file: string;
  readonly case: string;
  readonly tolerance?: { readonly forward: string; readonly grad: string };
}

export interface GssCase extends Pick<GoldenCase, "name" | "config" | "tensor" | "under"> {
  has(name: string): boolean;
  /** Fails unless each array is within the case's tolerance, plus `noise`, of the golden tensor of its name. */
  check(got: Named<NdArray>, kind?: "forward" | "grad", noise?: Named<number>): void;
}

/** A test of the case of that name, skipped where the set has none; its file may be of any name. */
export function covers(name: string, run: (golden: GssCase) => Promise<void> | void): void {
  goldens.covers(name, (golden) => run(caseOf(golden)));
}

export function caseOf(golden: GoldenCase): GssCase {
  const { tolerance } =
    fileEntries().find((entry) => entry.case === golden.name && entry.tolerance !== undefined) ?? {};
  const own = golden.under("");
  return {
    ...golden,
    has: (name) => own[name] !== undefined,
    check(got, kind = "forward", noise = {}) {
      for (const [name, array] of Object.entries(got)) {
        expectClose(array, golden.tensor(name), tolerance?.[kind] ?? "", `${golden.name}, ${name}`, noise[name]);
      }
    },
  };
}

export function fileEntries(): readonly FileEntry[] {
  return (goldens.manifest.files as readonly FileEntry[] | undefined) ?? [];
}

/** A JSON file of the set; null where it has none. */
export function readJson(file: string): unknown {
  const path = join(goldens.folder, file);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}

/** tolerance: `abs 1e-4 + rel 1e-3`, the latter of each value; noise: added to the first. Whole numbers are the same. */
export function expectClose(got: NdArray, expected: NdArray, tolerance: string, where: string, noise = 0): void {
  expect(got.shape, where).toEqual(expected.shape);
  const [a, b] = [toNumbers(got), toNumbers(expected)];
  if (!isFloat(expected.dtype)) {
    expect(a, where).toEqual(b);
    return;
  }
  const found = /abs ([\d.e+-]+\d) \+ rel ([\d.e+-]+\d)/.exec(tolerance);
  if (found === null) throw new Error(`${where}: the tolerance "${tolerance}" cannot be read.`);
  const [absolute, relative] = [Number(found[1]), Number(found[2])];
  const worst = b.reduce((most, value, i) => {
    const off = Math.abs(a[i] - value) / (absolute + noise + relative * Math.abs(value));
    return Number.isNaN(off) ? Infinity : Math.max(most, off);
  }, 0);
  expect(worst, `${where}: largest error as a part of what is allowed`).toBeLessThanOrEqual(1);
}

/** The manifest's fixed cotangent: sin(0.7·i + 1) at flat index i. */
export function cotangent(shape: readonly number[]): NdArray {
  const size = shape.reduce((product, side) => product * side, 1);
  return fromNumbers(
    "float32",
    shape,
    Array.from({ length: size }, (_, i) => Math.sin(0.7 * i + 1)),
  );
}
