/**
 * What we need of ONNX Runtime: programs (compiled graphs) that run against a store of named tensors.
 *
 * The store is the engine's memory between runs: parameters, optimizer state, running averages, saved activations.
 * A program reads variables from it and may write them. A written variable has two buffers: a run reads one and fills
 * the other, so nothing is copied and nothing is read that was overwritten. Where the graph allows it, a program may
 * be asked to do with one (`ProgramOptions.inPlace`).
 */

import type { Dtype } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import type { ElementwiseModel } from "./elementwise.ts";

export type Device = "cpu" | "cuda" | "webgpu" | "coreml" | "dml";

export interface EngineOptions {
  readonly device?: Device;
  /** Threads that compute; default: the machine's physical cores. */
  readonly threads?: number;
  /** Engines that share these threads, on the CPU: this one and its `helpers`; default 1. */
  readonly replicas?: number;
}

/** What a program is made of: a serialized ONNX model, a file of one, or, on the CPU, a graph that needs no ONNX Runtime. */
export type ProgramSource = Uint8Array | { readonly file: string } | ElementwiseModel;

export interface ProgramOptions {
  /** Graph output → name in the store that it becomes after the run. Such outputs are not returned. */
  readonly writes?: Named<string>;
  /** Variable of the graph → name in the store, where they differ: an entry that is read in another shape. */
  readonly reads?: Named<string>;
  /** Graph output among `writes` → shape in the store, where they differ. */
  readonly shapes?: Named<Shape>;
  /** `training`: memory pattern off (less memory). `inference`: all graph optimizations. Default: inference. */
  readonly use?: "training" | "inference";
  /**
   * A graph output that must be finite for the writes to count. Where it is not, the store stays as it was before the
   * run, and the caller sees it in what the run returns.
   */
  readonly commitIf?: string;
  /**
   * Outputs among `writes` that may go over the numbers that their entry holds, in the same memory: for entries that
   * the graph reads, only where `overwritable` finds it safe. `commitIf` does not hold for them. Where ONNX
   * Runtime's package makes arrays of its own (the web's), they take the entry's place.
   */
  readonly inPlace?: readonly string[];
}

export interface Program {
  /** Names, types and shapes that the graph wants fed (variables not among them); −1 for a size that may vary. */
  readonly inputs: readonly { name: string; dtype: Dtype; shape: Shape }[];
  readonly outputs: readonly string[];
  /** Model metadata (ONNX `metadata_props`), where the file has any. */
  readonly metadata: Named<string>;
  /**
   * Runs once. `feeds` are handed over: their buffers may be moved to another thread and must not be used afterwards,
   * unless `keepFeeds`. `fetch`: which outputs to return; default all that are not written to the store.
   */
  run(feeds: Named<NdArray>, options?: { fetch?: readonly string[]; keepFeeds?: boolean }): Promise<Named<NdArray>>;
  release(): Promise<void>;
}

export interface Engine {
  readonly device: Device;
  /** Which operators and layouts graphs for this engine may use. */
  readonly convBlock: number;
  /** Bytes that this process may use where the device computes; undefined: not known. */
  readonly memoryBytes?: number | undefined;
  /** More engines like this one, each with a store of its own, to compute beside it; closed with it. Default: none. */
  readonly helpers?: readonly Engine[];
  /** Compiles a graph. Its inputs listed in `variables` are read from the store at each run. */
  load(source: ProgramSource, variables: readonly string[], options?: ProgramOptions): Promise<Program>;
  /** Sets store entries (handed over, as feeds are). */
  put(values: Named<NdArray>): Promise<void>;
  /** Copies of store entries; all when no names are given. */
  get(names?: readonly string[]): Promise<Named<NdArray>>;
  /** Removes store entries. */
  drop(names: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
