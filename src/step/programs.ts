/** Graphs with host work in between, as programs on an engine that run like one. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape, show } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { type Graph, lower, reach } from "../graph/graph.ts";
import type { HostCall } from "../graph/scope.ts";
import { checkRange, type Target, type Tensor } from "../graph/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import { elementwiseModel } from "../runtime/elementwise.ts";
import type { Engine, Program } from "../runtime/engine.ts";
import { withoutViews } from "./other-shapes.ts";
import { overwritable } from "./overwrite.ts";
import { splitGraph } from "./split.ts";

export interface Sequence {
  /** Inputs that the caller feeds: not the results of host calls. */
  readonly inputs: readonly string[];
  /** Runs once; the arrays of `feeds` are handed over, unless `keepFeeds`. Returns the outputs that are not written to the store. */
  run(feeds: Named<NdArray>, options?: { readonly keepFeeds?: boolean }): Promise<Named<NdArray>>;
  release(): Promise<void>;
}

interface SequenceOptions {
  readonly engine: Engine;
  readonly target: Target;
  readonly hostCalls: readonly HostCall[];
  /** Graph output → store name that it becomes. */
  readonly writes: Named<string>;
  /** Output that must be finite for the writes to count, except those that overwrite. */
  readonly commitIf?: string | undefined;
  /** Store names that may be written in the memory that they have; done for those where the graph allows it. */
  readonly overwrite?: readonly string[];
}

/**
 * Compiles a training graph. Without host calls it is one program; with n of them n + 1 programs, which hand over what
 * they computed through the store. Only the last one writes what the caller named.
 */
export async function compile(
  outputs: Named<Tensor>,
  { engine, target, hostCalls, writes, commitIf, overwrite = [] }: SequenceOptions,
): Promise<Sequence> {
  const parts = splitAtHostCalls(outputs, hostCalls, target);
  const programs: Program[] = [];
  const saved: string[] = [];
  try {
    for (const [i, { outputs: partOutputs, saves }] of parts.entries()) {
      const last = i === parts.length - 1;
      const graph = { outputs: partOutputs };
      const guard = commitIf === undefined ? {} : { commitIf };
      const over = Object.entries(writes).filter(([, name]) => overwrite.includes(name));
      const elementwise = target.device === "cpu" ? elementwiseModel(graph) : null;
      // Loops read a number before they write at its place.
      const inPlace =
        elementwise === null ? overwritable(graph, Object.fromEntries(over)) : over.map(([output]) => output);
      const options = last ? { writes, ...guard, inPlace } : { writes: saves };
      const { outputs, reads, shapes } =
        elementwise === null ? withoutViews(graph, Object.keys(options.writes)) : { ...graph, reads: {}, shapes: {} };
      const source = elementwise ?? writeModel({ outputs }, { name: `part ${i + 1} of ${parts.length}` }).bytes;
      programs.push(
        await engine.load(source, variablesOf({ outputs }), { ...options, reads, shapes, use: "training" }),
      );
      saved.push(...Object.values(saves));
    }
  } catch (error) {
    await Promise.all(programs.map((program) => program.release()));
    throw error;
  }

  const { leaves } = reach(Object.values(outputs));
  const fromHost = new Set(hostCalls.flatMap((call) => Object.keys(call.outputs).map((key) => hostInput(call, key))));
  const names = new Set(programs.flatMap(({ inputs }) => inputs.map(({ name }) => name)));
  return {
    inputs: [...names].filter((name) => !fromHost.has(name)),
    async run(feeds, { keepFeeds = false } = {}) {
      for (const [name, tensor] of leaves) if (feeds[name] !== undefined) checkRange(tensor, feeds[name]);
      const pool: Record<string, NdArray> = { ...feeds };
      for (const [i, program] of programs.entries()) {
        const given: Record<string, NdArray> = {};
        for (const { name } of program.inputs) if (pool[name] !== undefined) given[name] = pool[name];
        const last = i === programs.length - 1;
        const results = await program.run(given, { keepFeeds: keepFeeds || !last });
        if (last) return results;
        Object.assign(pool, await callHost(hostCalls[i], i, results));
      }
      return {};
    },
    release: async () => {
      await Promise.all(programs.map((program) => program.release()));
      await engine.drop(saved);
    },
  };
}

function variablesOf({ outputs }: Graph): string[] {
  const { leaves } = reach(Object.values(outputs));
  return [...leaves].filter(([, { source }]) => source.kind === "variable").map(([name]) => name);
}

/** The graph is lowered as a whole, so that it is the same one however it is cut. */
function splitAtHostCalls(outputs: Named<Tensor>, hostCalls: readonly HostCall[], target: Target) {
  const toHost = hostCalls.map((call, i) =>
    Object.entries(call.inputs).map(([key, tensor]) => [toHostName(i, key), tensor] as const),
  );
  const lowered = lower({ outputs: { ...outputs, ...Object.fromEntries(toHost.flat()) } }, target).outputs;
  const pick = (names: Iterable<string>) => Object.fromEntries([...names].map((name) => [name, lowered[name]]));
  return splitGraph(
    toHost.map((entries) => pick(entries.map(([name]) => name))),
    pick(Object.keys(outputs)),
  );
}

const toHostName = (call: number, key: string) => `to-host:${call + 1}.${key}`;
const hostInput = (call: HostCall, key: string) => `host:${call.name}.${key}`;

async function callHost(call: HostCall, index: number, results: Named<NdArray>): Promise<Record<string, NdArray>> {
  const values = Object.fromEntries(Object.keys(call.inputs).map((key) => [key, results[toHostName(index, key)]]));
  const computed = await call.compute(values);
  return Object.fromEntries(
    Object.entries(call.outputs).map(([key, { dtype, shape }]) => {
      const array = computed[key];
      if (array === undefined || array.dtype !== dtype || !sameShape(array.shape, shape)) {
        const got = array === undefined ? "nothing" : `${array.dtype} ${show(array.shape)}`;
        throw new InputError(
          `${call.name}.${key}: expected ${dtype} ${show(shape)} from the host, got ${got}. Correct the host function.`,
        );
      }
      return [hostInput(call, key), array];
    }),
  );
}

export interface CompileOptions {
  readonly engine: Engine;
  readonly target: Target;
  /** See `StepOptions`. */
  readonly inPlace: boolean;
}

interface WritingOptions extends CompileOptions {
  /** The host calls that the graph has. */
  readonly hostCalls?: readonly HostCall[];
  readonly commitIf?: string;
  /** What the names of entries begin with that may be overwritten, if this is done in place. */
  readonly over?: string;
}

const nextPrefix = "next:";

/** Compiles a graph that reports `outputs` and writes `next`, by store name, if the output `commitIf` is finite. */
export function writing(
  outputs: Named<Tensor>,
  next: Named<Tensor>,
  { engine, target, inPlace, hostCalls = [], commitIf, over }: WritingOptions,
): Promise<Sequence> {
  const names = Object.keys(next);
  return compile(
    { ...outputs, ...Object.fromEntries(names.map((name) => [`${nextPrefix}${name}`, next[name]])) },
    {
      engine,
      target,
      hostCalls,
      writes: Object.fromEntries(names.map((name) => [`${nextPrefix}${name}`, name])),
      commitIf,
      overwrite: inPlace && over !== undefined ? names.filter((name) => name.startsWith(over)) : [],
    },
  );
}
