/** Where the network computes: WebAssembly on the processor, or the graphics card. */
export type WebDevice = "wasm" | "webgpu";

/**
 * The entry of onnxruntime-web that computes on a device. Its newer `onnxruntime-web/webgpu` does not load the loops of
 * exported models ("Provider type for Cast node … is not set", 1.30); the one that is the package's own does.
 */
export const entryOf = (device: WebDevice) => (device === "wasm" ? "onnxruntime-web/wasm" : "onnxruntime-web");
