/** What `eval` scores: a model's own predictions, or a baseline that clusters its patches; and what its groups are worth. */
import { InputError, UsageError } from "../errors.ts";
import type { ClusteringName } from "../evaluation/cluster-segmenter.ts";
import type { FurtherScorer } from "../evaluation/scorer.ts";
import type { Platform } from "../platform/platform.ts";
import type { SegmentOptions } from "../prediction/segmentation.ts";
import type { Segmenter } from "../prediction/segmenter.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Options, Values } from "./command.ts";
import { type OpenModelOptions, openModel, openTrainedModel } from "./open-model.ts";
import type { Terminal } from "./terminal.ts";

const baselines = ["k-means", "mean-shift", "spectral"] as const satisfies readonly ClusteringName[];

export const scoredOptions = {
  groups: {
    kind: "flag",
    help: "of a model that groups pixels: also what its groups are worth before they are named, as oracle mean IoU and mask probing",
  },
  baseline: {
    kind: "text",
    placeholder: "NAME",
    choices: baselines,
    help: "of a model without groups whose patches are compared with words: cluster them in each photograph instead, each cluster by its mean",
  },
  clusters: {
    kind: "number",
    placeholder: "N",
    integer: true,
    minimum: 1,
    maximum: 4096,
    help: "clusters of each photograph, for k-means and spectral; default 8",
  },
} as const satisfies Options;

type ScoredOptions = Values<typeof scoredOptions>;

const usualClusters = 8;

/** Throws UsageError where options do not go together. */
export function checkScoredOptions({ groups, baseline, clusters }: ScoredOptions, how: SegmentOptions): void {
  if (clusters !== undefined && (baseline === undefined || baseline === "mean-shift")) {
    const got = baseline === undefined ? "no --baseline" : `--baseline ${baseline}, which finds their number`;
    throw new UsageError(`--clusters: expected --baseline k-means or spectral, got ${got}. Leave it out.`);
  }
  if (baseline === undefined) return;
  const { scales, flip, windows, shortSide } = how;
  if (groups || flip || [scales, windows, shortSide].some((each) => each !== undefined)) {
    throw new UsageError(
      "--baseline: expected neither --groups nor --scales, --flip, --windows or --short-side, since photographs are seen whole and once, got some. Leave them out.",
    );
  }
}

export interface ScoredModel {
  readonly segmenter: Segmenter;
  readonly further?: FurtherScorer;
}

/** Throws InputError where the model has no groups, or no patches that can be clustered. */
export async function openScored(
  engine: Engine,
  platform: Platform,
  path: string,
  terminal: Terminal,
  { groups, baseline, clusters = usualClusters, ...open }: ScoredOptions & OpenModelOptions,
): Promise<ScoredModel> {
  if (!groups && baseline === undefined) return { segmenter: await openModel(engine, platform, path, terminal, open) };
  if ((await platform.exists(path)) === "file" && path.endsWith(".onnx")) {
    const option = groups ? "groups" : "baseline";
    throw new InputError(`${path}: expected a run for --${option}, got an exported model. Use the run.`);
  }
  const trained = await openTrainedModel(platform, path, terminal, open);
  const { method, recipe, task, weights } = trained;
  if (baseline !== undefined) {
    const features = method.patches?.(recipe, task) ?? null;
    if (features === null) {
      throw new InputError(
        `${path}: expected a model without groups whose patches are compared with words for --baseline, got one of recipe ${recipe.name}. Train such a one, see tessera recipes.`,
      );
    }
    const { clusterSegmenter } = await import("../evaluation/cluster-segmenter.ts");
    const clustering = baseline as ClusteringName;
    return { segmenter: clusterSegmenter(engine, trained, features, { clustering, clusters }) };
  }
  const maps = method.groups?.(recipe, task) ?? null;
  if (maps === null) {
    throw new InputError(
      `${path}: expected a model that groups pixels for --groups, got one of recipe ${recipe.name}. Score it without.`,
    );
  }
  const [{ openSegmenter }, { groupScorer }] = await Promise.all([
    import("../prediction/segmenter.ts"),
    import("../evaluation/group-scorer.ts"),
  ]);
  const segmenter = await openSegmenter(engine, trained);
  return { segmenter, further: groupScorer(maps, { engine, weights, classes: task.classes }) };
}
