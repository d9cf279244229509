/** What the main thread and the engine's worker say to each other. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sizeOf } from "../array/shape.ts";
import { copyOf } from "./copy.ts";
import type { Engine, EngineOptions, Program, ProgramOptions, ProgramSource } from "./engine.ts";
import type { Answered } from "./questions.ts";

export type Request =
  | { readonly act: "open"; readonly options: EngineOptions }
  | {
      readonly act: "load";
      readonly source: ProgramSource;
      readonly variables: readonly string[];
      readonly options: ProgramOptions;
    }
  | {
      readonly act: "run";
      readonly program: number;
      readonly feeds: Named<NdArray>;
      readonly fetch: readonly string[] | undefined;
    }
  | { readonly act: "release"; readonly program: number }
  | { readonly act: "put"; readonly values: Named<NdArray> }
  | { readonly act: "get"; readonly names: readonly string[] | undefined }
  | { readonly act: "drop"; readonly names: readonly string[] }
  | { readonly act: "close" };

/** What each request is answered with. */
export interface Answers {
  readonly open: Pick<Engine, "device" | "convBlock">;
  readonly load: Pick<Program, "inputs" | "outputs" | "metadata"> & { readonly program: number };
  readonly run: Named<NdArray>;
  readonly release: null;
  readonly put: null;
  readonly get: Named<NdArray>;
  readonly drop: null;
  readonly close: null;
}

export type Reply = Answered<Answers[keyof Answers]>;

/**
 * Arrays made fit for another thread: those that fill a buffer of their own move there (they are empty here
 * afterwards), others are copied, as `copy` asks for all. Buffers to move are added to `moved`.
 */
export function packed(values: Named<NdArray>, moved: Set<ArrayBuffer>, copy = false): Named<NdArray> {
  const result: Record<string, NdArray> = {};
  for (const [name, { data, shape }] of Object.entries(values)) {
    if (data.length === 0 && sizeOf(shape) > 0)
      throw new Error(`engine: "${name}" was handed over before. Pass keepFeeds.`);
    const { buffer } = data;
    const owned =
      !copy &&
      buffer instanceof ArrayBuffer &&
      data.byteLength === buffer.byteLength &&
      !moved.has(buffer) &&
      data.length > 0;
    const own = owned ? values[name] : copyOf(values[name]);
    moved.add(own.data.buffer as ArrayBuffer);
    result[name] = own;
  }
  return result;
}
