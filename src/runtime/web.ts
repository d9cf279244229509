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

let loaded: WebModule | undefined;

async function load(threads: number): Promise<WebModule> {
  if (loaded !== undefined) return loaded;
  const module = (await import("onnxruntime-web")) as unknown as WebModule;
  module.env.logLevel = "fatal";
  // More than one thread needs a page that is isolated from other origins; the count holds for the page's lifetime.
  module.env.wasm.numThreads = globalThis.crossOriginIsolated === true ? threads : 1;
  loaded = module;
  return module;
}

export const webBackend: Backend = {
  fillsFetches: false,
  async create(model, options) {
    const { device, threads } = options;
    if (device !== "cpu" && device !== "webgpu") {
      throw new InputError(`device ${device}: expected cpu or webgpu in a browser, got ${device}. Choose one of them.`);
    }
    if (device === "webgpu" && (globalThis.navigator as { gpu?: unknown } | undefined)?.gpu === undefined) {
      throw new InputError("device webgpu: expected a browser with WebGPU, got one without. Use device cpu.");
    }
    const ort = await load(threads);
    return createSession(ort, model, sessionOptions(options, [device === "cpu" ? "wasm" : device]), {
      fillsFetches: false,
    });
  },
};
