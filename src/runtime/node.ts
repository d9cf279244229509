/** ONNX Runtime's native package, on Node. Loaded at first use: whoever does not compute does not wait for it. */
import { InputError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import type { Device } from "./engine.ts";
import { createSession, type OrtModule, sessionOptions } from "./ort-session.ts";

const remedies: Record<Exclude<Device, "cpu">, string> = {
  cuda: "Install with ONNXRUNTIME_NODE_INSTALL=cuda12 on Linux with an NVIDIA GPU, or use --device cpu.",
  webgpu: "It needs a GPU with a Vulkan, Metal or Direct3D 12 driver; or use --device cpu.",
  coreml: "It needs macOS; or use --device cpu.",
  dml: "It needs Windows with DirectML; or use --device cpu.",
};

interface NativeModule extends OrtModule {
  readonly env: { logLevel?: string };
  listSupportedBackends?(): readonly { readonly name: string }[];
}

async function load(): Promise<NativeModule> {
  // Since 1.30 ONNX Runtime reports to its makers and keeps a data base in the home folder, unless told not to before
  // it loads.
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
  try {
    const module = await import("onnxruntime-node");
    const native = ("default" in module ? module.default : module) as unknown as NativeModule;
    // Errors come as exceptions; the terminal is ours.
    native.env.logLevel = "fatal";
    return native;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new InputError(
      `onnxruntime-node: expected the native package for ${process.platform}-${process.arch}, got: ${reason}. Run npm ci again on this machine.`,
    );
  }
}

export const nodeBackend: Backend = {
  fillsFetches: true,
  async create(model, options) {
    const { device } = options;
    const ort = await load();
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
    return createSession(ort, model, native, { fillsFetches: true, problem });
  },
};
