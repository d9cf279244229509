/**
 * Golden data: numbers that the authors' code computed, one folder a method, described by its `manifest.json`.
 * `GOLDEN_DIR` names another folder of such folders; nothing here knows a case's sizes, only what its kind means.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { inject, test } from "vitest";
import { type Named, type NdArray, toNumbers } from "../../src/array/ndarray.ts";
import { show } from "../../src/array/shape.ts";
import { readSafetensors } from "../../src/weights/safetensors.ts";
import { type CaseEntry, caseEntries, goldenFolder, readManifest, type TensorEntry } from "./cases.ts";

export interface GoldenCase {
  readonly name: string;
  /** The file that it is about, in the method's folder. */
  readonly file: string | undefined;
  /** Settings, as the manifest has them. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly entries: Named<TensorEntry>;
  /** A tensor of the case's own file, or of a file that it uses. */
  tensor(name: string): NdArray;
  /** All tensors of the files that the case uses. */
  readonly used: Named<NdArray>;
  /** Tensors whose name starts with `prefix`, which is cut off; own and used. */
  under(prefix: string): Named<NdArray>;
  /** Fails unless each array is within the manifest's tolerance of the golden tensor of its name. */
  check(got: Named<NdArray>): void;
  /** The same, and fails where an expected tensor or gradient of the case is not among them. */
  checkAll(got: Named<NdArray>): void;
}

export interface Goldens {
  readonly method: string;
  /** The folder of this method's files. */
  readonly folder: string;
  /** As read, for what only one method's manifest has. */
  readonly manifest: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  /** Whether a file of tensors is there, as it is or packed by gzip (`.gz`), as this copy has large ones. */
  has(file: string): boolean;
  /** The case called `name`; counts as covering it. Throws where the folder has none of that name. */
  case(name: string): GoldenCase;
  /** A test of the case called `name`; skipped where the folder has none of that name. */
  covers(name: string, run: (golden: GoldenCase) => Promise<void> | void): void;
}

/** Opens `<root>/<method>/manifest.json`. A set without this method has no cases of it: their tests are skipped. */
export function openGoldens(method: string, { root = goldenFolder }: { root?: string } = {}): Goldens {
  const folder = join(root, method);
  const manifest = existsSync(root) && !existsSync(folder) ? {} : readManifest(folder);
  const entries = caseEntries(manifest);
  const files = new Map<string, Named<NdArray>>();
  const open = (file: string) => {
    const known = files.get(file) ?? readTensors(join(folder, file));
    files.set(file, known);
    return known;
  };
  const find = (name: string) => {
    const entry = entries.find((candidate) => candidate.name === name);
    if (entry === undefined) throw new Error(`golden ${method}: there is no case "${name}" in ${folder}.`);
    recordCoverage(method, name);
    return readCase(entry, open, tolerancesOf(manifest));
  };
  return {
    method,
    folder,
    manifest,
    names: entries.map(({ name }) => name),
    has: (file) => [file, `${file}.gz`].some((each) => existsSync(join(folder, each))),
    case: find,
    covers(name, run) {
      const known = entries.some((entry) => entry.name === name);
      if (known) recordCoverage(method, name);
      test.skipIf(!known)(name, () => run(find(name)));
    },
  };
}

interface Tolerances {
  readonly forward: readonly [ofMagnitude: number, ofNoise: number];
  readonly gradient: readonly [ofMagnitude: number, ofNoise: number];
}

/** Reads `<= a*max_abs + b*f32_error for forward ..., c*max_abs + d*f32_error for gradients` from the manifest's `numerics`. */
function tolerancesOf({ numerics }: Readonly<Record<string, unknown>>): Tolerances | null {
  const found = [...String(numerics ?? "").matchAll(/([\d.e+-]+)\s*\*\s*max_abs\s*\+\s*([\d.e+-]+)\s*\*\s*f32_error/g)];
  if (found.length < 2) return null;
  const [forward, gradient] = found.map((match): [number, number] => [Number(match[1]), Number(match[2])]);
  return { forward, gradient };
}

function readTensors(path: string): Named<NdArray> {
  if (!path.endsWith(".safetensors")) return {};
  const bytes = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
  return readSafetensors(bytes, path).tensors;
}

function readCase(entry: CaseEntry, open: (file: string) => Named<NdArray>, tolerances: Tolerances | null): GoldenCase {
  const own = entry.file === undefined ? {} : open(entry.file);
  const used: Record<string, NdArray> = {};
  for (const reference of entry.uses ?? []) Object.assign(used, resolve(reference, open));
  const all: Named<NdArray> = { ...used, ...own };
  const entries = entry.tensors ?? {};

  const tensor = (name: string) => {
    const found = all[name];
    if (found === undefined) throw new Error(`golden ${entry.name}: there is no tensor "${name}".`);
    return found;
  };
  const report = (problems: readonly string[]) => {
    if (problems.length > 0) throw new Error([`golden ${entry.name}:`, ...problems].join("\n  "));
  };
  const check = (got: Named<NdArray>) => {
    const problems = Object.entries(got).map(([name, array]) =>
      difference(name, array, tensor(name), allowed(name, entries[name], tolerances)),
    );
    report(problems.filter((problem) => problem !== null));
  };
  return {
    name: entry.name,
    file: entry.file,
    config: entry.config ?? {},
    entries,
    used,
    tensor,
    under: (prefix) =>
      Object.fromEntries(
        Object.entries(all).flatMap(([name, array]) =>
          name.startsWith(prefix) ? [[name.slice(prefix.length), array]] : [],
        ),
      ),
    check,
    checkAll(got) {
      const wanted = Object.keys(entries).filter((name) => ["expected", "grad"].includes(entries[name].role));
      report(wanted.filter((name) => got[name] === undefined).map((name) => `${name}: expected numbers, got none`));
      check(got);
    },
  };
}

/** `file`, `file:name` or `file:pattern.*` → tensors by name; a file of another kind (.npz, .pth) has none. */
function resolve(reference: string, open: (file: string) => Named<NdArray>): Named<NdArray> {
  const colon = reference.indexOf(":");
  if (colon < 0) return open(reference);
  const tensors = open(reference.slice(0, colon));
  const pattern = reference
    .slice(colon + 1)
    .split("*")
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const matches = new RegExp(`^${pattern.join(".*")}$`);
  return Object.fromEntries(Object.entries(tensors).filter(([name]) => matches.test(name)));
}

/** How far a tensor may be off: nothing for whole numbers, what the manifest says for others. */
function allowed(name: string, entry: TensorEntry | undefined, tolerances: Tolerances | null): number {
  if (entry === undefined) throw new Error(`golden: the manifest does not describe "${name}".`);
  if (!/^(F|float)/i.test(entry.dtype)) return 0;
  if (tolerances === null) throw new Error("golden: the manifest's `numerics` gives no tolerance that can be read.");
  const [ofMagnitude, ofNoise] = entry.role === "grad" ? tolerances.gradient : tolerances.forward;
  return ofMagnitude * (entry.max_abs ?? 0) + ofNoise * (entry.f32_error ?? 0);
}

/** What is wrong with `got`, or null. */
function difference(name: string, got: NdArray, expected: NdArray, tolerance: number): string | null {
  if (show(got.shape) !== show(expected.shape))
    return `${name}: expected shape ${show(expected.shape)}, got ${show(got.shape)}`;
  const a = toNumbers(got);
  const b = toNumbers(expected);
  let worst = 0;
  let place = 0;
  for (let i = 0; i < a.length; i++) {
    const off = Math.abs(a[i] - b[i]);
    if (off > worst || Number.isNaN(off)) [worst, place] = [Number.isNaN(off) ? Infinity : off, i];
  }
  if (worst <= tolerance) return null;
  return `${name}: off by ${worst.toPrecision(3)} at element ${place} (${a[place]} for ${b[place]}), allowed ${tolerance.toPrecision(3)}`;
}

/** Leaves a mark that `coverage.ts` reads when all golden tests have run. */
function recordCoverage(method: string, name: string): void {
  const folder = inject("goldenCoverage");
  if (folder !== undefined) writeFileSync(join(folder, encodeURIComponent(`${method}/${name}`)), "");
}
