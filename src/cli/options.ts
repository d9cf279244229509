/** Options that several commands share. */
import { InputError } from "../errors.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Options, Values } from "./command.ts";

export const engineOptions = {
  device: {
    kind: "text",
    placeholder: "NAME",
    choices: ["cpu", "cuda", "webgpu", "coreml", "dml"],
    help: "where to compute; default cpu",
  },
  threads: {
    kind: "number",
    placeholder: "N",
    integer: true,
    minimum: 1,
    maximum: 1024,
    help: "threads that compute; default one for each physical core",
  },
} as const satisfies Options;

export const datasetOptions = {
  layout: {
    kind: "text",
    placeholder: "NAME",
    choices: ["folder", "voc", "cityscapes", "ade20k"],
    help: "how the data set lies on disk; default: recognized by its folders",
  },
  onBadImage: {
    kind: "text",
    placeholder: "WHAT",
    choices: ["fail", "skip"],
    help: "what to do about an image or mask that cannot be read; skipped ones are listed in the report; default fail",
  },
} as const satisfies Options;

/**
 * The engine that the options ask for. A device other than the CPU is tried at once, before anything is written:
 * throws InputError where it cannot be had.
 */
export async function engineFor({ device, threads }: Values<typeof engineOptions>): Promise<Engine> {
  const { openEngine } = await import("../runtime/open.ts");
  const engine = await openEngine({
    ...(device !== undefined && { device: device as Engine["device"] }),
    ...(threads !== undefined && { threads }),
  });
  if (engine.device === "cpu") return engine;
  try {
    await tryEngine(engine);
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Runs a small graph. Throws InputError where the engine's device cannot. */
export async function tryEngine(engine: Engine): Promise<void> {
  const [{ writeModel }, { input }, { relu }, { float32 }] = await Promise.all([
    import("../onnx/write.ts"),
    import("../graph/tensor.ts"),
    import("../ops/index.ts"),
    import("../array/ndarray.ts"),
  ]);
  const program = await engine.load(writeModel({ outputs: { y: relu(input("x", [2])) } }).bytes, []);
  const { y } = await program.run({ x: float32([2], [-1, 1]) });
  await program.release();
  if (String(y.data) !== "0,1") {
    throw new InputError(`device ${engine.device}: expected relu(-1, 1) = 0, 1, got ${y.data}. Use --device cpu.`);
  }
}

/** `fail` unless the user asked to skip. */
export function badImagePolicy({ onBadImage }: Pick<Values<typeof datasetOptions>, "onBadImage">): "fail" | "skip" {
  return onBadImage === "skip" ? "skip" : "fail";
}
