/**
 * How fast a large matrix product is in our engine and in PyTorch: the limit of a step on this machine, and whether
 * PyTorch is a baseline at all. Without OpenBLAS, Debian's has the reference BLAS, more than ten times slower.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { zeros } from "../src/array/ndarray.ts";
import { Random } from "../src/array/random.ts";
import { InputError, problem } from "../src/errors.ts";
import { lower } from "../src/graph/graph.ts";
import { variable } from "../src/graph/tensor.ts";
import { writeModel } from "../src/onnx/write.ts";
import { matmul, slice } from "../src/ops/index.ts";
import { openEngine } from "../src/runtime/open.ts";
import { targetOf } from "../src/runtime/target.ts";

const side = 1024;

/** GFLOP/s, the best of a second or more. */
export interface ProductRates {
  readonly ours: number;
  readonly pytorch: number;
}

export interface Baseline extends ProductRates {
  /** In which PyTorch had that rate and should be compared. */
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * Measures the product of two float32 matrices of 1024 × 1024 on both sides, prints both, and throws InputError where
 * PyTorch is no baseline.
 */
export async function requireBaseline({ threads, python }: { threads: string; python: string }): Promise<Baseline> {
  const ours = await ourRate(Number(threads));
  const candidates = environments(threads).map((environment) => ({
    environment,
    pytorch: pytorchRate(threads, python, environment),
  }));
  const best = candidates.reduce((left, right) => (right.pytorch > left.pytorch ? right : left));
  const kernels = best.environment.OPENBLAS_CORETYPE;
  const how = kernels === undefined ? "" : ` (OPENBLAS_CORETYPE=${kernels})`;
  console.log(
    `matrix product of ${side}³, float32, ${threads} thread(s): tessera ${ours.toFixed(1)} GFLOP/s, PyTorch ${best.pytorch.toFixed(1)} GFLOP/s${how}`,
  );
  checkBaseline({ ours, pytorch: best.pytorch });
  return { ours, ...best };
}

/** Throws InputError where PyTorch's matrix product has less than a third of our rate. */
export function checkBaseline({ ours, pytorch }: ProductRates): void {
  if (pytorch >= ours / 3) return;
  const expected = `expected a matrix product of PyTorch at ${(ours / 3).toFixed(1)} GFLOP/s or more, a third of ours`;
  const remedy = "It probably has the reference BLAS: apt-get install libopenblas0-pthread.";
  throw new InputError(problem("bench", expected, pytorch.toFixed(1), remedy));
}

/**
 * PyTorch as it is, and with the OpenBLAS kernels for this processor's widest instructions: on a processor newer than
 * itself OpenBLAS takes those of 2004 (0.3.21 on an Emerald Rapids: 33 GFLOP/s instead of 154).
 */
function environments(threads: string): NodeJS.ProcessEnv[] {
  // torch.set_num_threads does not reach OpenBLAS, whose threads would burn CPU time beside the measured one.
  const own = { ...process.env, OMP_NUM_THREADS: threads, OPENBLAS_NUM_THREADS: threads };
  const kernels = process.env.OPENBLAS_CORETYPE === undefined ? widestKernels() : null;
  return kernels === null ? [own] : [own, { ...own, OPENBLAS_CORETYPE: kernels }];
}

function widestKernels(): string | null {
  const file = "/proc/cpuinfo";
  const flags = new Set(existsSync(file) ? /^flags\s*:(.*)$/m.exec(readFileSync(file, "utf8"))?.[1].split(" ") : []);
  if (["avx512f", "avx512bw", "avx512dq", "avx512vl"].every((flag) => flags.has(flag))) return "SkylakeX";
  return flags.has("avx2") && flags.has("fma") ? "Haswell" : null;
}

/** Through the engine, as a step runs; one number is returned, so that no result is copied. */
async function ourRate(threads: number): Promise<number> {
  const engine = await openEngine({ threads });
  const [a, b] = ["a", "b"].map((name) => variable(name, [side, side]));
  const corner = slice(
    matmul(a, b),
    [0, 1].map((axis) => ({ axis, start: 0, end: 1 })),
  );
  const { bytes, variables } = writeModel(lower({ outputs: { corner } }, targetOf(engine)));
  const random = new Random(1, "matrix product");
  for (const name of variables) {
    const array = zeros("float32", [side, side]);
    random.fillNormal(array.data as Float32Array);
    await engine.put({ [name]: array });
  }
  const program = await engine.load(bytes, variables, { use: "training" });
  await program.run({});
  const begin = performance.now();
  let best = Number.POSITIVE_INFINITY;
  while (performance.now() - begin < 1000) {
    const start = performance.now();
    await program.run({});
    best = Math.min(best, performance.now() - start);
  }
  await program.release();
  await engine.close();
  return (2 * side ** 3) / best / 1e6;
}

function pytorchRate(threads: string, python: string, env: NodeJS.ProcessEnv): number {
  const script = fileURLToPath(new URL("matrix-product.py", import.meta.url));
  const { stdout, stderr, error } = spawnSync(python, [script, `${side}`, threads], { encoding: "utf8", env });
  const rate = Number.parseFloat(stdout ?? "");
  if (Number.isFinite(rate)) return rate;
  const said = error?.message ?? (stderr.trim().split("\n").at(-1) || "no answer");
  const remedy = "Install python3-torch, or name another with --python.";
  throw new InputError(problem("bench", "expected a Python with PyTorch", `${python}: ${said}`, remedy));
}
