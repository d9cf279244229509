/**
 * The engine in a worker thread. `run` of the native package blocks its thread until it is done, so ONNX Runtime lives
 * in a thread of its own and the main one stays free for progress, signals and decoding. Arrays move between the
 * threads without being copied.
 */
import { SHARE_ENV, Worker } from "node:worker_threads";
import type { Engine, EngineOptions } from "./engine.ts";
import { type Answers, packed, type Reply, type Request } from "./messages.ts";
import { questions } from "./questions.ts";

/** Throws InputError when the device cannot be had. `close()` ends the worker. */
export async function openThreadedEngine(options: EngineOptions = {}): Promise<Engine> {
  const worker = startWorker();
  const asked = questions<Answers[keyof Answers]>();
  const fail = (error: Error) => {
    asked.end(error);
    worker.unref();
  };
  worker.on("message", (reply: Reply) => {
    asked.receive(reply);
    // A program waits for what it asked for; an engine that nobody asks anything does not keep the process alive.
    if (asked.open === 0) worker.unref();
  });
  worker.on("error", (error) => fail(error instanceof Error ? error : new Error(String(error))));
  worker.on("exit", (code) => fail(new Error(`engine: the worker thread has ended (code ${code}).`)));

  const ask = <A extends Request["act"]>(
    request: Extract<Request, { act: A }>,
    moved: Set<ArrayBuffer> = new Set(),
  ): Promise<Answers[A]> =>
    asked.ask((id) => {
      worker.ref();
      worker.postMessage({ id, request }, [...moved]);
    }) as Promise<Answers[A]>;

  const end = async (reason: string) => {
    asked.end(new Error(reason));
    await worker.terminate();
  };

  let opened: Answers["open"];
  try {
    opened = await ask<"open">({ act: "open", options });
  } catch (error) {
    await end("engine: it could not be opened.");
    throw error;
  }
  return {
    ...opened,
    async load(source, variables, programOptions = {}) {
      const loaded = await ask<"load">({ act: "load", source, variables, options: programOptions });
      const { program, inputs, outputs, metadata } = loaded;
      return {
        inputs,
        outputs,
        metadata,
        async run(feeds, { fetch, keepFeeds = false } = {}) {
          const moved = new Set<ArrayBuffer>();
          return ask<"run">({ act: "run", program, feeds: packed(feeds, moved, keepFeeds), fetch }, moved);
        },
        release: async () => {
          if (asked.ended === undefined) await ask<"release">({ act: "release", program });
        },
      };
    },
    put: async (values) => {
      const moved = new Set<ArrayBuffer>();
      await ask<"put">({ act: "put", values: packed(values, moved) }, moved);
    },
    get: (names) => ask<"get">({ act: "get", names }),
    drop: async (names) => {
      await ask<"drop">({ act: "drop", names });
    },
    close: async () => {
      if (asked.ended !== undefined) return;
      await ask<"close">({ act: "close" });
      await end("engine: it is closed. Open another one.");
    },
  };
}

/** As a package the worker is a file that package.json names ("imports"); from source it is TypeScript and needs a loader. */
function startWorker(): Worker {
  const file = import.meta.url.endsWith(".ts")
    ? new URL("./worker-from-source.mjs", import.meta.url)
    : new URL(import.meta.resolve("#engine-worker"));
  // ONNX Runtime reads the process's environment; a worker's own copy would not reach it.
  return new Worker(file, { execArgv: [], env: SHARE_ENV });
}
