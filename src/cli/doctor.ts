import { mkdtemp, rm, statfs } from "node:fs/promises";
import { arch, availableParallelism, cpus, freemem, platform, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { InputError } from "../errors.ts";
import type { Engine } from "../runtime/engine.ts";
import { version } from "../version.ts";
import { command } from "./command.ts";
import { problemOf } from "./devices.ts";

interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found; where it fails, what to do. */
  readonly finding: string;
}

export const doctorCommand = command({
  name: "doctor",
  summary: "check this machine: versions, devices, a small self-test",
  positionals: [],
  options: {},
  examples: [
    ["tessera doctor", "says what works here and what does not"],
    ["tessera doctor --json", "the same for a bug report"],
  ],
  async run(_, terminal) {
    const checks: Check[] = [];
    const check = async (name: string, find: () => Promise<string>) => {
      try {
        checks.push({ name, ok: true, finding: await find() });
      } catch (error) {
        checks.push({ name, ok: false, finding: error instanceof Error ? error.message : String(error) });
      }
      const { ok, finding } = checks[checks.length - 1];
      terminal.print(`${ok ? "ok  " : "FAIL"}  ${terminal.bold(name.padEnd(16))}  ${finding}`);
    };

    await check("tessera", async () => version);
    await check("node", async () => `${process.version} on ${platform()} ${release()} ${arch()}`);
    await check("processor", async () => {
      const { physicalCores } = await import("../runtime/open.ts");
      const model = cpus()[0]?.model.trim() ?? "unknown";
      return `${model}, ${availableParallelism()} threads, ${physicalCores()} physical cores used`;
    });
    await check("memory", async () => `${gigabytes(freemem())} free of ${gigabytes(totalmem())}`);
    await check("disk", async () => {
      const { bavail, bsize } = await statfs(".");
      return `${gigabytes(bavail * bsize)} free here`;
    });
    await check("write a file", selfTestFiles);
    await check("onnx runtime", async () => {
      const [{ openEngine }, { nativeVersion }] = await Promise.all([
        import("../runtime/open.ts"),
        import("../runtime/node.ts"),
      ]);
      const engine = await openEngine();
      const block =
        engine.convBlock === 0 ? "no blocked convolutions" : `convolutions in blocks of ${engine.convBlock}`;
      await engine.close();
      return `${await nativeVersion()}, ${block}`;
    });
    await check("sharp", async () => packageVersion("sharp"));
    await check("train a step", selfTestTraining);
    const devices: { readonly name: string; readonly problem: string | null }[] = [];
    for (const name of deviceNames) devices.push({ name, problem: await problemOf(name) });
    const usable = devices.filter(({ problem }) => problem === null).map(({ name }) => name);
    terminal.print(`      ${terminal.bold("devices".padEnd(16))}  ${usable.join(", ") || "none"}`);
    for (const { name, problem } of devices)
      if (problem !== null) terminal.print(terminal.dim(`      ${name}: ${problem}`));
    terminal.result({ checks, devices });
    const failed = checks.find(({ ok }) => !ok);
    if (failed !== undefined) throw new InputError(`doctor: ${failed.name}: ${failed.finding}`);
  },
});

const deviceNames: readonly Engine["device"][] = ["cpu", "cuda", "webgpu", "coreml", "dml"];

async function selfTestFiles(): Promise<string> {
  const { nodePlatform } = await import("../platform/node.ts");
  const folder = await mkdtemp(join(tmpdir(), "tessera-doctor-"));
  try {
    const data = Uint8Array.of(0, 1, 2, 3);
    const palette = [0, 1, 2, 3].map((value) => [value, value, value] as const);
    const png = await nodePlatform.encodeIndexedPng({ width: 2, height: 2, data, palette });
    await nodePlatform.writeFile(join(folder, "mask.png"), png);
    const { data: read } = await nodePlatform.decodeMask(join(folder, "mask.png"));
    if (String(read) !== String(data)) throw new InputError("a mask came back changed. Reinstall tessera.");
    return `a mask in ${tmpdir()} came back as it was written`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Two steps on y = w·x must lower the loss: graph, gradients, ONNX, runtime and optimizer in one. */
async function selfTestTraining(): Promise<string> {
  const [{ openEngine }, { buildStep }, { resolveRecipe }, { float32 }, ops, { onesInitializer }] = await Promise.all([
    import("../runtime/open.ts"),
    import("../step/step.ts"),
    import("../methods/resolve-recipe.ts"),
    import("../array/ndarray.ts"),
    import("../ops/index.ts"),
    import("../graph/initializer.ts"),
  ]);
  const settings = ["optimizer=sgd", "learningRate=0.1", "schedule=constant", "warmupSteps=0", "clipNorm=0"];
  const { recipe } = resolveRecipe("transunet-tiny", settings);
  const engine = await openEngine();
  try {
    const step = await buildStep({
      engine,
      recipe,
      inputs: { x: { dtype: "float32", shape: [4, 3] } },
      loss: (scope, { x }) => ({
        terms: { square: ops.mean(ops.square(ops.matmul(x, scope.parameter("w", [3, 1], onesInitializer)))) },
      }),
    });
    await step.initialize(0);
    const losses: number[] = [];
    for (const index of [0, 1]) {
      const batch = {
        x: float32(
          [4, 3],
          Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)),
        ),
      };
      losses.push((await step.run(batch, { step: index, seed: 0 })).total);
    }
    if (!(losses[1] < losses[0]))
      throw new InputError(`expected the loss to fall, got ${losses.join(" then ")}. Reinstall tessera.`);
    return `loss ${losses[0].toFixed(4)} then ${losses[1].toFixed(4)}`;
  } finally {
    await engine.close();
  }
}

async function packageVersion(name: string): Promise<string> {
  const { createRequire } = await import("node:module");
  const { readFile } = await import("node:fs/promises");
  const require = createRequire(import.meta.url);
  // The package's own entry lies somewhere below its folder; package.json itself may not be exported.
  const entry = require.resolve(name).replaceAll("\\", "/");
  const folder = `node_modules/${name}`;
  const root = entry.slice(0, entry.lastIndexOf(`${folder}/`) + folder.length);
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  return version;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
