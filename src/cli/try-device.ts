/**
 * Run as a process of its own by `devices.ts`, with the name of a device: computes something there, and writes why it
 * could not be done to standard output; nothing where it could.
 */
import type { Device, Engine } from "../runtime/engine.ts";
import { openEngine } from "../runtime/open.ts";
import { tryEngine } from "./devices.ts";

let engine: Engine | undefined;
try {
  engine = await openEngine({ device: process.argv[2] as Device, threads: 1 });
  await tryEngine(engine);
} catch (error) {
  process.stdout.write(error instanceof Error ? error.message : String(error));
} finally {
  await engine?.close();
}
