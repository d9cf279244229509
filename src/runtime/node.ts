/** ONNX Runtime's native package, on Node. Loaded at first use: whoever does not compute does not wait for it. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { InputError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import type { Device } from "./engine.ts";
import { createSession, type OrtModule, sessionOptions } from "./ort-session.ts";
import { withRefused } from "./unwrapped.ts";

/** The version that all is tested with, and that our copy has. */
const ortVersion = "1.30";

const remedies: Record<Exclude<Device, "cpu">, string> = {
  cuda: `It needs Linux with an NVIDIA GPU and ONNXRUNTIME_NODE_INSTALL=cuda12 npm install onnxruntime-node@${ortVersion}; or use --device cpu.`,
  webgpu: "It needs a GPU with a Vulkan, Metal or Direct3D 12 driver; or use --device cpu.",
  coreml: "It needs macOS; or use --device cpu.",
  dml: `It needs Windows with DirectML and npm install onnxruntime-node@${ortVersion}; or use --device cpu.`,
};

interface NativeModule extends OrtModule {
  readonly env: { logLevel?: string; readonly versions: { readonly node?: string } };
  listSupportedBackends?(): readonly { readonly name: string }[];
}

/**
 * The CPU is served by the copy that the package brings. It lacks the libraries of some other devices, so for those an
 * onnxruntime-node that is installed beside the package comes first.
 */
async function load(device: Device): Promise<NativeModule> {
  // Since 1.30 ONNX Runtime reports to its makers and keeps a data base in the home folder, unless told not to before
  // it loads.
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  try {
    const other = device === "cpu" ? undefined : await installed();
    const native = other ?? nativeOf(await import("onnxruntime-node"));
    // Errors come as exceptions; the terminal is ours.
    native.env.logLevel = "fatal";
    return native;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new InputError(
      `onnxruntime-node: expected the native package for ${process.platform}-${process.arch}, got: ${reason}. Install again on this machine.`,
    );
  }
}

/** The onnxruntime-node of the project around; undefined where it has none. */
async function installed(): Promise<NativeModule | undefined> {
  const { resolve } = createRequire(import.meta.url);
  let entry: string;
  try {
    // Not an import that the build would turn into one of our own copy.
    entry = resolve(["onnxruntime", "node"].join("-"));
  } catch {
    return undefined;
  }
  const native = nativeOf((await import(pathToFileURL(entry).href)) as object);
  const { node: version = "none" } = native.env.versions;
  if (!version.startsWith(`${ortVersion}.`)) {
    throw new InputError(
      `onnxruntime-node: expected version ${ortVersion}, got ${version}. Run npm install onnxruntime-node@${ortVersion}.`,
    );
  }
  return native;
}

/** It is CommonJS: what imports it may find its exports by their names or all in the default one. */
function nativeOf(module: object): NativeModule {
  return ("default" in module ? module.default : module) as NativeModule;
}

/** Version of the native package that computes on the CPU. */
export async function nativeVersion(): Promise<string> {
  return (await load("cpu")).env.versions.node ?? "unknown";
}

export const nodeBackend: Backend = {
  fillsFetches: true,
  async create(model, options) {
    const { device } = options;
    const ort = await load(device);
    if (device !== "cpu") {
      const available = ort.listSupportedBackends?.().map(({ name }) => name) ?? ["cpu"];
      if (!available.includes(device)) {
        throw new InputError(
          `device ${device}: expected one that this machine has (${available.join(", ")}), got ${device}. ${remedies[device]}`,
        );
      }
    }
    const native = sessionOptions(options, [device]);
    const problem =
      device === "cpu"
        ? undefined
        : { where: `device ${device}`, expected: "to load the graph there", remedy: remedies[device] };
    // Other devices have results of their own kind.
    const given = device === "cpu" && typeof model !== "string" ? withRefused(model) : model;
    return createSession(ort, given, native, { fillsFetches: true, problem });
  },
};
