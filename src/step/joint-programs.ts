/**
 * A step whose loss compares the samples of several batches with each other (Gao et al. 2021, "Scaling Deep Contrastive
 * Learning Batch Size under Memory Limited Setup", sec. 3): each batch is embedded, the loss of all that came of it is
 * differentiated once, and each batch is embedded again to carry its share of that gradient back to the weights. The memory is that of
 * one batch, the gradient that of all of them in one.
 */
import { isFloat } from "../array/dtype.ts";
import { item, joinArrays, type Named, type NdArray, partOfArray, scalar } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { reach } from "../graph/graph.ts";
import { input, type Tensor, variable } from "../graph/tensor.ts";
import { add, greater, mul, sum, where } from "../ops/index.ts";
import { globalNorm } from "../optimizers/clip.ts";
import type { Sequence } from "./programs.ts";
import {
  averagesInWaiting,
  type CompileOptions,
  type StepGraph,
  type StepPrograms,
  waiting,
  writing,
} from "./step-programs.ts";
import { updateGraph } from "./update.ts";

/** What the loss gets in place of the batches: their embeddings, joined along the first axis. */
export interface Joint {
  /** Of one batch. */
  readonly embedded: Named<Tensor>;
  /** Inputs of the loss, by the same names. */
  readonly joined: Named<Tensor>;
  /** Running averages that the embedding moves, by name: with every batch. Those of the loss move once. */
  readonly averages: ReadonlyMap<string, Tensor>;
}

const embeddedPrefix = "embedded:";
const joinedPrefix = "joined:";
const gradientPrefix = "joined-gradient:";

/** Inputs for the loss of `count` batches. */
export function joinedInputs(embedded: Named<Tensor>, count: number): Named<Tensor> {
  return Object.fromEntries(
    Object.entries(embedded).map(
      ([
        name,
        {
          shape: [batch, ...rest],
          dtype,
        },
      ]) => [name, input(`${joinedPrefix}${name}`, [batch * count, ...rest], dtype)],
    ),
  );
}

/** What a batch's program is fed: the batch and its noise, by input name, made anew for each run. */
export type BatchFeeds = () => Named<NdArray>;

export interface JointPrograms extends Pick<StepPrograms, "norm" | "updateGraph" | "kept"> {
  readonly embed: Sequence;
  readonly loss: Sequence;
  readonly backward: Sequence;
  readonly update: Sequence;
  /** Leaves the gradients of all batches in the store. `noise`: that of the loss. Returns what is reported. */
  run(batches: readonly BatchFeeds[], noise: Named<NdArray>): Promise<Named<NdArray>>;
}

export async function compileJointStep(
  { model, total, reported, recipe, group }: StepGraph,
  { embedded, joined, averages: ofBatches }: Joint,
  options: CompileOptions,
): Promise<JointPrograms> {
  const trained = model.trained;
  const kept = trained.map(({ name, tensor }) => variable(`gradient/${name}`, tensor.shape));
  const update = updateGraph(trained, kept, recipe, group, input("gradientNorm", []));
  const floats = Object.keys(embedded).filter((name) => isFloat(embedded[name].dtype));

  // A weight may be of the embedding, of the loss, or of both.
  const { leaves: ofLoss } = reach(Object.values(reported));
  const { leaves: ofEmbedding } = reach(Object.values(embedded));
  const weightsIn = (leaves: ReadonlyMap<string, Tensor>) => trained.filter(({ name }) => leaves.has(name));
  const own = weightsIn(ofLoss);
  const lossGradients = gradients(total, [...floats.map((name) => joined[name]), ...own.map(({ tensor }) => tensor)]);
  const first = greater(input("accumulate:first", []), 0);
  const surrogate = floats
    .map((name) => sum(mul(embedded[name], input(gradientPrefix + name, embedded[name].shape, embedded[name].dtype))))
    .reduce((left, right) => add(left, right));
  const carried = weightsIn(ofEmbedding);
  const carriedGradients = gradients(
    surrogate,
    carried.map(({ tensor }) => tensor),
  );
  const sums = carried.map(({ name }, i) => {
    const soFar = kept[trained.findIndex((each) => each.name === name)];
    // The loss has left its own share of a weight that is of both; what else is there is of the last step.
    const before = ofLoss.has(name) ? soFar : where(first, 0, soFar);
    return [`gradient/${name}`, add(before, carriedGradients[i])] as const;
  });

  const ofAll = [...model.updates].filter(([name]) => !ofBatches.has(name));
  const moved = averagesInWaiting(model, ofBatches, first);
  const prefixed = (prefix: string, tensors: Named<Tensor>) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
  const built: Sequence[] = [];
  try {
    built.push(await writing(prefixed(embeddedPrefix, embedded), {}, options));
    const shares = Object.fromEntries(floats.map((name, i) => [gradientPrefix + name, lossGradients[i]]));
    const left = own.map(({ name }, i) => [`gradient/${name}`, lossGradients[floats.length + i]] as const);
    const waitingAverages = ofAll.map(([name, next]) => [waiting(name), next] as const);
    built.push(
      await writing({ ...reported, ...shares }, Object.fromEntries([...left, ...waitingAverages]), {
        ...{ ...options, hostCalls: model.hostCalls, commitIf: "total", over: "gradient/" },
      }),
    );
    const backward = moved.read({ reported: {}, next: Object.fromEntries([...sums, ...moved.next]), hostCalls: [] });
    built.push(await writing({}, backward.next, { ...options, over: "gradient/" }));
    built.push(await writing({ gradientNorm: globalNorm(kept) }, {}, options));
    const settled = averagesInWaiting(model, model.updates, first).settled;
    built.push(await writing({}, { ...update.next, ...settled }, { ...options, over: "" }));
  } catch (error) {
    await Promise.all(built.map((program) => program.release()));
    throw error;
  }
  const [embed, loss, backward, norm, apply] = built;
  return {
    ...{ embed, loss, backward, norm, update: apply, updateGraph: update },
    kept: {
      ...Object.fromEntries(trained.map(({ name }) => [`gradient/${name}`, name])),
      ...Object.fromEntries([...model.updates.keys()].map((name) => [waiting(name), name])),
    },
    async run(batches, noise) {
      const parts: Named<NdArray>[] = [];
      for (const feeds of batches) parts.push(await embed.run(fedTo(embed, feeds())));
      const names = Object.keys(embedded);
      const joinedArrays = names.map(
        (name) => [joinedPrefix + name, joinArrays(parts.map((part) => part[embeddedPrefix + name]))] as const,
      );
      const results = await loss.run(fedTo(loss, { ...noise, ...Object.fromEntries(joinedArrays) }));
      if (!Number.isFinite(item(results.total))) return results;
      for (const [i, feeds] of batches.entries()) {
        const shares = floats.map((name) => {
          const key = gradientPrefix + name;
          return [key, partOfArray(results[key], i, batches.length)] as const;
        });
        const given = { ...feeds(), ...Object.fromEntries(shares), "accumulate:first": scalar(i === 0 ? 1 : 0) };
        await backward.run(fedTo(backward, given));
      }
      return results;
    },
  };
}

function fedTo({ inputs }: Sequence, feeds: Named<NdArray>): Named<NdArray> {
  return Object.fromEntries(inputs.filter((name) => feeds[name] !== undefined).map((name) => [name, feeds[name]]));
}
