import type { Target } from "../graph/tensor.ts";
import type { Engine } from "./engine.ts";

/** What graphs for an engine may use. ONNX Runtime's own operators exist on the CPU and with CUDA. */
export function targetOf({ device, convBlock }: Pick<Engine, "device" | "convBlock">): Target {
  return { device, operators: device === "cpu" || device === "cuda" ? "native" : "portable", convBlock };
}
