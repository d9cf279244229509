import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import { InputError } from "../errors.ts";
import type { Engine, EngineOptions } from "./engine.ts";
import { openThreadedEngine } from "./threaded.ts";

/**
 * The engine of this machine, in a thread of its own.
 *
 * device: default cpu; throws InputError where it cannot be had. threads: default one for each physical core. replicas: engines that
 * share these threads, each with one at least, and compute the batches of an accumulating step side by side; default 1, on the CPU.
 */
export async function openEngine({
  device = "cpu",
  threads = physicalCores(),
  replicas = 1,
}: EngineOptions = {}): Promise<Engine> {
  if (device !== "cpu") {
    if (replicas === 1) return openThreadedEngine({ device, threads });
    throw new InputError(`replicas: expected device cpu, got ${device}. Leave --replicas out.`);
  }
  const opened = await Promise.allSettled(
    Array.from({ length: replicas }, () =>
      openThreadedEngine({ device, threads: Math.max(1, Math.floor(threads / replicas)) }),
    ),
  );
  const engines = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const close = async () => {
    await Promise.all(engines.map((engine) => engine.close()));
  };
  for (const each of opened) {
    if (each.status === "fulfilled") continue;
    await close();
    throw each.reason;
  }
  const [engine, ...helpers] = engines;
  return { ...engine, memoryBytes: usableMemory(), helpers, close };
}

/** Bytes of this machine, or of the container that we are in. */
export function usableMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0; // 0 or absurdly large where there is none
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Cores of this machine that we may use; two hardware threads of one core count once where that can be read. */
export function physicalCores(): number {
  const usable = availableParallelism();
  try {
    const folder = "/sys/devices/system/cpu";
    const cores = new Set<string>();
    for (const name of readdirSync(folder)) {
      if (/^cpu\d+$/.test(name)) cores.add(readFileSync(`${folder}/${name}/topology/thread_siblings_list`, "utf8"));
    }
    return cores.size === 0 ? usable : Math.min(usable, cores.size);
  } catch {
    // Not Linux. Apple's processors have one thread a core; elsewhere more threads than cores cost little.
    return usable;
  }
}
