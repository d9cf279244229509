import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import type { Engine, EngineOptions } from "./engine.ts";
import { openThreadedEngine } from "./threaded.ts";

/**
 * The engine of this machine, in a thread of its own.
 *
 * device: default cpu; throws InputError where it cannot be had. threads: default one for each physical core.
 */
export async function openEngine({ device = "cpu", threads = physicalCores() }: EngineOptions = {}): Promise<Engine> {
  const engine = await openThreadedEngine({ device, threads });
  return device === "cpu" ? { ...engine, memoryBytes: usableMemory() } : engine;
}

/** Bytes of this machine, or of the container that we are in. */
function usableMemory(): number {
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
