/**
 * A step whose loss compares the samples of several batches with each other (Gao et al. 2021, "Scaling Deep Contrastive
 * Learning Batch Size under Memory Limited Setup", sec. 3): each batch is embedded, the loss of all that came of it is
 * differentiated once, and each batch is embedded again to carry its share of that gradient back to the weights. The memory is that of
 * one batch, the gradient that of all of them in one.
 */
import { isFloat } from "../array/dtype.ts";
import { item, joinArrays, type Named, partOfArray } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { reach } from "../graph/graph.ts";
import { input, type Tensor } from "../graph/tensor.ts";
import { add, mul, sum } from "../ops/index.ts";
import { globalNorm } from "../optimizers/clip.ts";
import { settledAverages, waiting, waitingNames } from "./averages.ts";
import { type BatchPrograms, compileBatchPrograms, fedTo } from "./batch-programs.ts";
import { type CompileOptions, type Sequence, writing } from "./programs.ts";
import { gradientOf, keptGradients, keptNames, type StepGraph, type StepPrograms } from "./step-programs.ts";
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

export async function compileJointStep(
  { model, total, reported, recipe, group }: StepGraph,
  { embedded, joined, averages: ofBatches }: Joint,
  options: CompileOptions,
): Promise<StepPrograms> {
  const trained = model.trained;
  const kept = keptGradients(model);
  const update = updateGraph(trained, kept, recipe, group, input("gradientNorm", []));
  const floats = Object.keys(embedded).filter((name) => isFloat(embedded[name].dtype));

  // A weight may be of the embedding, of the loss, or of both.
  const { leaves: ofLoss } = reach(Object.values(reported));
  const { leaves: ofEmbedding } = reach(Object.values(embedded));
  const weightsIn = (leaves: ReadonlyMap<string, Tensor>) => trained.filter(({ name }) => leaves.has(name));
  const own = weightsIn(ofLoss);
  const lossGradients = gradients(total, [...floats.map((name) => joined[name]), ...own.map(({ tensor }) => tensor)]);
  const shares = Object.fromEntries(floats.map((name, i) => [gradientPrefix + name, lossGradients[i]]));
  const surrogate = floats
    .map((name) => sum(mul(embedded[name], input(gradientPrefix + name, embedded[name].shape, embedded[name].dtype))))
    .reduce((left, right) => add(left, right));
  const carried = weightsIn(ofEmbedding);
  const carriedGradients = gradients(
    surrogate,
    carried.map(({ tensor }) => tensor),
  );
  const begun = new Set(own.map(({ name }) => gradientOf(name)));
  const carrying = {
    ...{ model, reported: {}, averages: ofBatches },
    gradients: Object.fromEntries(carried.map(({ name }, i) => [gradientOf(name), carriedGradients[i]])),
    // The loss has left its own share of a weight that is of both.
    begun: (name: string) => begun.has(name),
  };
  const left = own.map(({ name }, i) => [gradientOf(name), lossGradients[floats.length + i]] as const);
  const ofAll = [...model.updates].filter(([name]) => !ofBatches.has(name));
  const waitingAverages = ofAll.map(([name, next]) => [waiting(name), next] as const);
  const embeddings = Object.entries(embedded).map(([name, tensor]) => [embeddedPrefix + name, tensor] as const);

  const { accumulate } = recipe;
  const looks: BatchPrograms[] = [];
  const built: Sequence[] = [];
  const release = async () => {
    await Promise.all([...looks, ...built].map((program) => program.release()));
  };
  try {
    looks.push(await compileBatchPrograms({ model, reported: Object.fromEntries(embeddings) }, options, accumulate));
    looks.push(await compileBatchPrograms(carrying, options, accumulate));
    built.push(
      await writing({ ...reported, ...shares }, Object.fromEntries([...left, ...waitingAverages]), {
        ...{ ...options, hostCalls: model.hostCalls, commitIf: "total", over: gradientOf("") },
      }),
    );
    built.push(await writing({ gradientNorm: globalNorm(kept) }, {}, options));
    built.push(await writing({}, { ...update.next, ...settledAverages(model) }, { ...options, over: "" }));
  } catch (error) {
    await release();
    throw error;
  }
  const [embedding, backward] = looks;
  const [loss, norm, apply] = built;
  return {
    ...{ norm, update: apply, updateGraph: update, release },
    kept: { ...keptNames(model), ...waitingNames(model) },
    begin: () => embedding.share("all"),
    async run(batches) {
      await embedding.share("trained");
      // Both look at the same batch.
      const parts = await embedding.run(batches, { keepFeeds: true });
      const joinedArrays = Object.keys(embedded).map(
        (name) => [joinedPrefix + name, joinArrays(parts.map((part) => part[embeddedPrefix + name]))] as const,
      );
      const given = fedTo(loss, { ...batches[0](), ...Object.fromEntries(joinedArrays) });
      const results = await loss.run(given, { keepFeeds: true });
      if (!Number.isFinite(item(results.total))) return [results];
      const share = (i: number) =>
        Object.fromEntries(Object.keys(shares).map((key) => [key, partOfArray(results[key], i, batches.length)]));
      await backward.run(batches.map((feeds, i) => () => ({ ...feeds(), ...share(i) })));
      return [results];
    },
  };
}
