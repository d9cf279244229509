/**
 * The batches of a step that accumulates. Each gives gradients and what running averages are moved by, which are added up in the order of
 * the batches. Where an engine has helpers, these compute batches beside it, unless a batch reads a running average that those before it
 * move: they get the weights before each step, and the engine keeps the sums.
 */
import { item, type Named, type NdArray, scalar } from "../array/ndarray.ts";
import { reach, replacing } from "../graph/graph.ts";
import type { HostCall, Model } from "../graph/scope.ts";
import { input, type Tensor, variable } from "../graph/tensor.ts";
import { add, greater, where } from "../ops/index.ts";
import { averagesSoFar, waiting } from "./averages.ts";
import { type CompileOptions, type Sequence, writing } from "./programs.ts";

/** What programs are fed for one batch: the batch, its noise and the like, by input name, made anew for each run. */
export type BatchFeeds = () => Named<NdArray>;

/** What one batch gives. */
export interface BatchGraph {
  readonly model: Model;
  readonly reported: Named<Tensor>;
  /** By the names of their sums in the store. */
  readonly gradients?: Named<Tensor>;
  /** Running averages that it moves: what each becomes. */
  readonly averages?: ReadonlyMap<string, Tensor>;
  readonly hostCalls?: readonly HostCall[];
  /** Sums that something else has begun; others the first batch begins. */
  readonly begun?: (sum: string) => boolean;
}

export interface BatchPrograms {
  /** Gives the helpers the weights as they are now: all, or those that train. */
  share(which: "all" | "trained"): Promise<void>;
  /**
   * Adds up what the batches give and returns what each reports, in order; ends with one whose `total` is not finite. `keepFeeds`: see
   * `Program.run`. Throws what the first of the batches threw that failed, when none is computed any more.
   */
  run(batches: readonly BatchFeeds[], options?: { readonly keepFeeds?: boolean }): Promise<Named<NdArray>[]>;
  release(): Promise<void>;
}

const firstInput = "accumulate:first";
const fresh = (sum: string) => `fresh/${sum}`;

/** Compiles what computes a batch, on the engine and its helpers, and what adds it up. */
export async function compileBatchPrograms(
  graph: BatchGraph,
  options: CompileOptions,
  accumulate: number,
): Promise<BatchPrograms> {
  const { engine } = options;
  const { model, reported, gradients = {}, averages = new Map<string, Tensor>(), hostCalls = [] } = graph;
  const { begun = () => false } = graph;
  const first = greater(input(firstInput, []), 0);
  const soFar = averagesSoFar(model, averages.keys(), first);
  const moves = cutMoves(averages, soFar);
  const given: Record<string, Tensor> = { ...moves.found };
  const next: Record<string, Tensor> = { ...moves.next };
  for (const [name, gradient] of Object.entries(gradients)) {
    const [sum, one] = [variable(name, gradient.shape), variable(fresh(name), gradient.shape)];
    given[fresh(name)] = gradient;
    next[name] = add(begun(name) ? sum : where(first, 0, sum), one);
  }

  const read = reading({ reported, given, hostCalls }, soFar);
  const helpers = waits(read) ? [] : (engine.helpers ?? []).slice(0, accumulate - 1);
  const members: Sequence[] = [];
  let adding: Sequence | null = null;
  const release = async () => {
    await Promise.all([...members, adding].map((program) => program?.release()));
    await Promise.all(helpers.map((helper) => helper.drop([...model.parameters.keys()])));
    await engine.drop(Object.keys(given));
  };
  try {
    members.push(await writing(read.reported, read.given, { ...options, hostCalls: read.hostCalls }));
    for (const helper of helpers) {
      members.push(await writing({ ...reported, ...given }, {}, { ...options, engine: helper, hostCalls }));
    }
    if (Object.keys(next).length > 0) adding = await writing({}, next, { ...options, over: "" });
  } catch (error) {
    await release();
    throw error;
  }

  return {
    async share(which) {
      const shared = [...model.parameters.values()].filter(({ trained }) => trained || which === "all");
      const names = shared.map(({ name }) => name);
      for (const helper of helpers) await helper.put(await engine.get(names));
    },

    async run(batches, { keepFeeds = false } = {}) {
      const reports: Named<NdArray>[] = [];
      const isFirst = () => (reports.length === 0 ? 1 : 0);
      for (let start = 0; start < batches.length; start += members.length) {
        const running = batches.slice(start, start + members.length).map((feeds, i) => {
          const fed = { ...feeds(), [firstInput]: scalar(start === 0 ? 1 : 0) };
          return members[i].run(fedTo(members[i], fed), { keepFeeds });
        });
        for (const [i, outcome] of (await Promise.allSettled(running)).entries()) {
          if (outcome.status === "rejected") throw outcome.reason;
          const results = outcome.value;
          if ("total" in results && !Number.isFinite(item(results.total))) return [...reports, results];
          if (i > 0) await engine.put(picked(results, Object.keys(given)));
          await adding?.run(fedTo(adding, { [firstInput]: scalar(isFirst()) }));
          reports.push(picked(results, Object.keys(reported)));
        }
      }
      return reports;
    },

    release,
  };
}

/**
 * The moves of running averages, cut where what a batch alone says (`found`: means, variances) meets what is there of the batches
 * before it (`next`, by store name).
 */
function cutMoves(averages: ReadonlyMap<string, Tensor>, soFar: ReadonlyMap<Tensor, Tensor>) {
  const moving = new Set<Tensor>(soFar.keys());
  const found = new Map<Tensor, string>();
  const find = (tensor: Tensor) => {
    const { kind } = tensor.source;
    const isThere = kind === "constant" || kind === "variable";
    if (!isThere && !moving.has(tensor) && !found.has(tensor)) found.set(tensor, `found/${found.size + 1}`);
  };
  const goals = [...averages.values()];
  for (const node of reach(goals).nodes) {
    if (!node.inputs.some((tensor) => tensor !== null && moving.has(tensor))) continue;
    for (const tensor of node.outputs) moving.add(tensor);
    for (const tensor of node.inputs) if (tensor !== null) find(tensor);
  }
  for (const tensor of goals) find(tensor);
  const stands = [...found].map(([tensor, name]) => [tensor, variable(name, tensor.shape, tensor.dtype)] as const);
  const replaced = replacing(goals, new Map([...soFar, ...stands]));
  return {
    found: Object.fromEntries([...found].map(([tensor, name]) => [name, tensor])),
    next: Object.fromEntries([...averages].map(([name, tensor]) => [waiting(name), replaced(tensor)])),
  };
}

interface BatchOutputs {
  readonly reported: Named<Tensor>;
  readonly given: Named<Tensor>;
  readonly hostCalls: readonly HostCall[];
}

/** The same with `stands` read in place of their keys. */
function reading({ reported, given, hostCalls }: BatchOutputs, stands: ReadonlyMap<Tensor, Tensor>): BatchOutputs {
  const parts = [reported, given, ...hostCalls.map(({ inputs }) => inputs)];
  const replaced = replacing(
    parts.flatMap((part) => Object.values(part)),
    stands,
  );
  const read = (part: Named<Tensor>) =>
    Object.fromEntries(Object.entries(part).map(([key, tensor]) => [key, replaced(tensor)]));
  return {
    reported: read(reported),
    given: read(given),
    hostCalls: hostCalls.map((call) => ({ ...call, inputs: read(call.inputs) })),
  };
}

/** Whether a batch reads what is there of those before it, and so has to wait for them. */
function waits({ reported, given, hostCalls }: BatchOutputs): boolean {
  const parts = [reported, given, ...hostCalls.map(({ inputs }) => inputs)];
  return reach(parts.flatMap((part) => Object.values(part))).leaves.has(firstInput);
}

export function fedTo({ inputs }: Sequence, feeds: Named<NdArray>): Named<NdArray> {
  return picked(
    feeds,
    inputs.filter((name) => feeds[name] !== undefined),
  );
}

const picked = (values: Named<NdArray>, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, values[name]]));
