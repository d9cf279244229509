/** The worker thread that holds ONNX Runtime: answers what `threaded.ts` asks. */
import { closeSync, openSync, readSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import type { Engine, Program } from "./engine.ts";
import { openLocalEngine } from "./local-engine.ts";
import { type Answers, packed, type Reply, type Request } from "./messages.ts";
import { nodeBackend } from "./node.ts";

/** Reads part of a file; fewer bytes at its end. */
export function readRange(file: string, offset: number, length: number): Uint8Array {
  const descriptor = openSync(file, "r");
  try {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, offset));
  } finally {
    closeSync(descriptor);
  }
}

const programs = new Map<number, Program>();
let engine: Engine | undefined;
let lastProgram = 0;

async function answer(request: Request, moved: Set<ArrayBuffer>): Promise<Answers[keyof Answers]> {
  if (request.act === "open") {
    engine = await openLocalEngine(nodeBackend, { ...request.options, readRange });
    return { device: engine.device, convBlock: engine.convBlock };
  }
  if (engine === undefined) throw new Error("engine: it is not open.");
  switch (request.act) {
    case "load": {
      const loaded = await engine.load(request.source, request.variables, request.options);
      programs.set(++lastProgram, loaded);
      const { inputs, outputs, metadata } = loaded;
      return { program: lastProgram, inputs, outputs, metadata };
    }
    case "run": {
      const loaded = programs.get(request.program);
      if (loaded === undefined) throw new Error("program: it was released.");
      return packed(await loaded.run(request.feeds, { fetch: request.fetch }), moved);
    }
    case "release":
      await programs.get(request.program)?.release();
      programs.delete(request.program);
      return null;
    case "put":
      await engine.put(request.values);
      return null;
    case "get":
      return packed(await engine.get(request.names), moved);
    case "drop":
      await engine.drop(request.names);
      return null;
    case "close":
      await engine.close();
      return null;
  }
}

parentPort?.on("message", async ({ id, request }: { id: number; request: Request }) => {
  const moved = new Set<ArrayBuffer>();
  let reply: Reply;
  try {
    reply = { id, result: await answer(request, moved) };
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    moved.clear();
    reply = { id, error: { name, message, stack } };
  }
  parentPort?.postMessage(reply, [...moved]);
});
