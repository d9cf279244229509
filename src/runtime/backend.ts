/** The little that the native and the web package of ONNX Runtime have in common; `node.ts` and `web.ts` provide it. */
import type { Dtype } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import type { Device } from "./engine.ts";

export interface SessionOptions {
  readonly device: Device;
  /** Threads that compute; 0: ONNX Runtime chooses. */
  readonly threads: number;
  readonly use: "training" | "inference";
}

/** A graph's input or output; −1 for a size that may vary. */
export interface ValueType {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: Shape;
}

export interface Session {
  readonly inputs: readonly ValueType[];
  readonly outputs: readonly ValueType[];
  /**
   * Runs once. `fetches`: the outputs wanted; an array given is where the numbers should go. The result holds every
   * output wanted: the given array where the package writes into it, otherwise a fresh one.
   */
  run(feeds: Named<NdArray>, fetches: Named<NdArray | null>): Promise<Named<NdArray>>;
  release(): Promise<void>;
}

export interface Backend {
  /** True where `run` writes into the arrays given as fetches. */
  readonly fillsFetches: boolean;
  /** Compiles a model, given as bytes or as the path of its file. Throws InputError when ONNX Runtime refuses. */
  create(model: Uint8Array | string, options: SessionOptions): Promise<Session>;
}
