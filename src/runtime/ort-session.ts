/** Sessions of either ONNX Runtime package behind our own types. */
import type { InferenceSession, Tensor, TensorConstructor } from "onnxruntime-node";
import type { Dtype, TypedArray } from "../array/dtype.ts";
import type { NdArray } from "../array/ndarray.ts";
import type { Shape } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import type { Session, SessionOptions, ValueType } from "./backend.ts";
import { isRefusal, refused } from "./unwrapped.ts";

/** What we use of the packages. */
export interface OrtModule {
  readonly Tensor: TensorConstructor;
  readonly InferenceSession: {
    create(model: Uint8Array | string, options: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
}

/** Options of `InferenceSession.create`, as measured to be best on the CPU. */
export function sessionOptions(
  { threads, use }: SessionOptions,
  providers: readonly string[],
): InferenceSession.SessionOptions {
  return {
    executionProviders: providers,
    intraOpNumThreads: threads,
    // Training graphs are lowered with the same care and step as fast without; looking for more takes seconds.
    graphOptimizationLevel: use === "inference" ? "all" : "disabled",
    enableCpuMemArena: true,
    // Training graphs: planning memory ahead takes up to twice as much of it, and no less time.
    enableMemPattern: use === "inference",
    executionMode: "sequential",
    // Errors come as exceptions; nothing is to be written to the terminal.
    logSeverityLevel: 4,
    // Idle threads that spin steal the cores from other sessions.
    extra: { session: { intra_op: { allow_spinning: "0" }, inter_op: { allow_spinning: "0" } } },
  };
}

/** How an error of ONNX Runtime is introduced. */
export interface Problem {
  readonly where: string;
  readonly expected: string;
  readonly remedy: string;
}

const longestReason = 600;

const runProblem: Problem = {
  where: "run",
  expected: "numbers that the graph can compute with",
  remedy: "Check indices and sizes of what is fed.",
};

/** `fillsFetches`: see `Backend`. `problem`: what it means when the session cannot be made. */
export async function createSession(
  ort: OrtModule,
  model: Uint8Array | string,
  options: InferenceSession.SessionOptions,
  {
    fillsFetches,
    problem = {
      where: typeof model === "string" ? model : "graph",
      expected: "a model that ONNX Runtime loads",
      remedy: "It may be damaged, or made for another version.",
    },
  }: { fillsFetches: boolean; problem?: Problem },
): Promise<Session> {
  let session: InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, options);
  } catch (error) {
    throw ortError(problem, error);
  }
  // Wrapping costs a check of every size; arrays that come again at each run are wrapped once.
  const wrapped = new WeakMap<NdArray, Tensor>();
  const wrap = (array: NdArray): Tensor => {
    let tensor = wrapped.get(array);
    if (tensor === undefined) {
      tensor = new ort.Tensor(array.dtype as Tensor.Type, nativeData(array), array.shape) as Tensor;
      wrapped.set(array, tensor);
    }
    return tensor;
  };
  const refuses = session.outputNames.includes(refused);
  return {
    inputs: session.inputMetadata.map(valueType),
    outputs: session.outputMetadata.filter(({ name }) => name !== refused).map(valueType),
    async run(feeds, fetches) {
      const given: Record<string, Tensor> = {};
      for (const name in feeds) given[name] = wrap(feeds[name]);
      const wanted: Record<string, Tensor | null> = {};
      for (const name in fetches) {
        const into = fillsFetches ? fetches[name] : null;
        wanted[name] = into === null ? null : wrap(into);
      }
      const unwrapped = refuses && Object.values(wanted).every((tensor) => tensor !== null);
      if (unwrapped) wanted[refused] = null;
      let results: InferenceSession.ReturnType = {};
      try {
        results = await session.run(given, wanted);
      } catch (error) {
        if (!(unwrapped && isRefusal(error))) throw ortError(runProblem, error);
      }
      const arrays: Record<string, NdArray> = {};
      for (const name in fetches) {
        const into = fillsFetches ? fetches[name] : null;
        arrays[name] = into ?? unwrap(results[name] as Tensor);
      }
      return arrays;
    },
    release: () => session.release(),
  };
}

/** Takes a result out of its wrapper. Half floats are raw bits with us, whatever the JavaScript engine has for them. */
function unwrap(tensor: Tensor): NdArray {
  const data = tensor.data as TypedArray;
  const dtype = tensor.type as Dtype;
  const bits = dtype === "float16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { dtype, shape: tensor.dims, data: bits };
}

function nativeData({ dtype, data }: NdArray): Tensor.DataType {
  if (dtype !== "float16") return data as Tensor.DataType;
  // Newer JavaScript engines have an array type of their own for half floats, and ONNX Runtime then asks for it.
  const Float16Array = (
    globalThis as { Float16Array?: new (buffer: ArrayBufferLike, offset: number, length: number) => unknown }
  ).Float16Array;
  return (
    Float16Array === undefined ? data : new Float16Array(data.buffer, data.byteOffset, data.length)
  ) as Tensor.DataType;
}

function valueType(metadata: InferenceSession.ValueMetadata): ValueType {
  if (!metadata.isTensor)
    throw new InputError(`graph: expected tensors, got another kind of value in "${metadata.name}".`);
  const shape: Shape = metadata.shape.map((size) => (typeof size === "number" ? size : -1));
  return { name: metadata.name, dtype: metadata.type as Dtype, shape };
}

/** ONNX Runtime's errors run over several lines with source positions; we keep what they say, on one. */
function ortError({ where, expected, remedy }: Problem, error: unknown): InputError {
  const text = error instanceof Error ? error.message : String(error);
  const brief = text
    .replace(/\s+/g, " ")
    // `/onnxruntime_src/…/file.cc:12 type name(arguments)::<lambda()>`
    .replace(/\S*onnxruntime_src\S*:\d+ [^()]*\([^()]*\)(::<lambda\(\)>)? ?/g, "")
    .trim()
    .replace(/\.$/, "");
  const reason = brief.length > longestReason ? `${brief.slice(0, longestReason)} …` : brief;
  const advice = /allocate memory|bad_alloc|out of memory/i.test(brief) ? "Use smaller batches or images." : remedy;
  return new InputError(`${where}: expected ${expected}, got: ${reason}. ${advice}`);
}
