/** Whether a device computes on this machine. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { InputError } from "../errors.ts";
import type { Device, Engine } from "../runtime/engine.ts";

/**
 * Why a device cannot be had, as one of our messages; null where it can. It is tried in a process of its own: drivers
 * write to the terminal as they like, and a broken one may crash.
 */
export function problemOf(device: Device): Promise<string | null> {
  const script = fileURLToPath(
    import.meta.url.endsWith(".ts") ? new URL("./try-device.ts", import.meta.url) : import.meta.resolve("#try-device"),
  );
  return new Promise((resolve) => {
    execFile(process.execPath, [...process.execArgv, script, device], { timeout: 120_000 }, (error, stdout) => {
      if (stdout !== "") resolve(stdout);
      else if (error === null) resolve(null);
      else {
        const ending = error.signal ? `was ended by ${error.signal}` : `ended with code ${error.code}`;
        resolve(
          `device ${device}: expected to compute there, got a driver that ${ending}. Update it, or use --device cpu.`,
        );
      }
    });
  });
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
