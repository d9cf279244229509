/**
 * ONNX Runtime's web package: WebAssembly, and WebGPU where the browser has it. It also loads in Node, for tests.
 * Arrays given as fetches come back as they were, without an error, so results are always taken fresh.
 */
import { InputError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { createSession, type OrtModule, sessionOptions } from "./ort-session.ts";

interface WebModule extends OrtModule {
  readonly env: { logLevel?: string; wasm: { numThreads?: number } };
}

/** A backend on a form of the web package, which `load` imports when a model is first compiled. */
export function webBackendOf(load: () => Promise<unknown>): Backend {
  let loading: Promise<WebModule> | undefined;
  const loaded = async (threads: number): Promise<WebModule> => {
    const module = (await load()) as WebModule;
    module.env.logLevel = "fatal";
    // More than one thread needs a page that is isolated from other origins; the count holds for the page's lifetime.
    module.env.wasm.numThreads = globalThis.crossOriginIsolated === true ? threads : 1;
    return module;
  };
  return {
    fillsFetches: false,
    async create(model, options) {
      const { device, threads } = options;
      if (device !== "cpu" && device !== "webgpu") {
        throw new InputError(
          `device ${device}: expected cpu or webgpu in a browser, got ${device}. Choose one of them.`,
        );
      }
      if (device === "webgpu" && (globalThis.navigator as { gpu?: unknown } | undefined)?.gpu === undefined) {
        throw new InputError("device webgpu: expected a browser with WebGPU, got one without. Use another device.");
      }
      loading ??= loaded(threads);
      const native = sessionOptions(options, [device === "cpu" ? "wasm" : device]);
      const problem =
        device === "cpu"
          ? undefined
          : { where: `device ${device}`, expected: "to load the graph there", remedy: "Use another device." };
      return createSession(await loading, model, native, { fillsFetches: false, problem });
    },
  };
}

export const webBackend: Backend = /* @__PURE__ */ webBackendOf(() => import("onnxruntime-web"));
