/** High-resolution network (Wang et al. 2020): branches of several resolutions side by side that exchange what they found. */
import { heNormalInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { imagenetNormalization } from "../nn/image-input.ts";
import { add, axisSize, relu, resize } from "../ops/index.ts";
import { type Place, renaming } from "../weights/rename.ts";
import { convNorm, type Encoder, type FeatureMap, type Norms, type PublishedNames } from "./encoder.ts";

/** A stage of several branches; the finest first. */
export interface HrNetStage {
  readonly modules: number;
  /** Channels of each branch. */
  readonly widths: readonly number[];
  /** Units of each branch. */
  readonly blocks: readonly number[];
}

export interface HrNetOptions {
  readonly norms?: Norms;
  /** Channels of the stem. */
  readonly stemWidth?: number;
  /** Units of the first stage and the channels within them; outside they have four times as many. */
  readonly first?: { readonly blocks: number; readonly width: number };
  /** Each has one branch more than the one before, the first of them two. */
  readonly stages?: readonly HrNetStage[];
}

const initializer = heNormalInitializer("fanOut");

/** Modules and blocks as published, for a width of the finest branch: 18, 32, 48. */
export function hrNetStages(width: number): readonly HrNetStage[] {
  const modules = [1, 4, 3];
  return modules.map((count, i) => {
    const branches = Array.from({ length: i + 2 }, (_, branch) => branch);
    return { modules: count, widths: branches.map((branch) => width * 2 ** branch), blocks: branches.map(() => 4) };
  });
}

/**
 * HRNet (Wang et al. 2020, fig. 2), as mmsegmentation computes it; HRNet-W48 by default. Parameters: stem1, stem2, stage1.unit1, …,
 * transition1.branch1, …, stage2.module1.branch1.unit1, …, stage2.module1.from1to2.step1, ….
 *
 * x: [B, 3, H, W] float, normalized → a map of each branch of the last stage, at strides 4, 8, 16, 32.
 */
export function hrNet(scope: Scope, x: Tensor, options: HrNetOptions = {}): readonly FeatureMap[] {
  const { norms, stemWidth = 64, first = { blocks: 4, width: 64 }, stages = hrNetStages(48) } = options;
  const stem = [1, 2].reduce(
    (y, i) => relu(unit(scope.at(`stem${i}`), y, stemWidth, { kernel: 3, stride: 2, norms })),
    x,
  );
  let branches: Tensor[] = [units(scope.at("stage1"), stem, first.blocks, first.width, "bottleneck", norms)];
  for (const [i, stage] of stages.entries()) {
    branches = transition(scope.at(`transition${i + 1}`), branches, stage.widths, norms);
    for (let module = 1; module <= stage.modules; module++) {
      branches = exchange(scope.at(`stage${i + 2}`).at(`module${module}`), branches, stage, norms);
    }
  }
  return branches.map((map, branch) => ({ stride: 4 * 2 ** branch, map }));
}

interface UnitOptions {
  readonly kernel: 1 | 3;
  readonly stride?: number;
  readonly norms: Norms | undefined;
}

function unit(scope: Pick<Scope, "at">, x: Tensor, channels: number, { kernel, ...options }: UnitOptions): Tensor {
  return convNorm(scope, x, channels, { kernel, padding: (kernel - 1) / 2, initializer, ...options });
}

/** Residual units one behind another: `unit1`, …, the first with a projection where channels change. */
function units(
  scope: Scope,
  x: Tensor,
  count: number,
  width: number,
  kind: "basic" | "bottleneck",
  norms: Norms | undefined,
): Tensor {
  const channels = kind === "bottleneck" ? 4 * width : width;
  let y = x;
  for (let i = 1; i <= count; i++) {
    const place = scope.at(`unit${i}`);
    const conv = (index: number, input: Tensor, outputs: number, kernel: 1 | 3) =>
      unit({ at: (name) => place.at(`${name}${index}`) }, input, outputs, { kernel, norms });
    const branch =
      kind === "bottleneck"
        ? conv(3, relu(conv(2, relu(conv(1, y, width, 1)), width, 3)), channels, 1)
        : conv(2, relu(conv(1, y, width, 3)), channels, 3);
    const around = axisSize(y, 1) === channels ? y : unit(place.at("shortcut"), y, channels, { kernel: 1, norms });
    y = relu(add(branch, around));
  }
  return y;
}

/** Branches with the channels of the next stage, and one more: half the coarsest. */
function transition(
  scope: Scope,
  branches: readonly Tensor[],
  widths: readonly number[],
  norms: Norms | undefined,
): Tensor[] {
  return widths.map((width, i) => {
    const place = scope.at(`branch${i + 1}`);
    if (i >= branches.length) return relu(unit(place, branches.at(-1)!, width, { kernel: 3, stride: 2, norms }));
    return axisSize(branches[i], 1) === width
      ? branches[i]
      : relu(unit(place, branches[i], width, { kernel: 3, norms }));
  });
}

/** Units in each branch, then every branch is the sum of all, brought to its size: coarser ones enlarged, finer ones halved step by step. */
function exchange(
  scope: Scope,
  branches: readonly Tensor[],
  { widths, blocks }: HrNetStage,
  norms: Norms | undefined,
): Tensor[] {
  const found = branches.map((x, i) => units(scope.at(`branch${i + 1}`), x, blocks[i], widths[i], "basic", norms));
  return found.map((own, to) => {
    const parts = found.map((x, from) => {
      const place = scope.at(`from${from + 1}to${to + 1}`);
      if (from === to) return x;
      return from > to
        ? enlarged(unit(place, x, widths[to], { kernel: 1, norms }), 2 ** (from - to), own)
        : halved(place, x, to - from, widths[to], norms);
    });
    return relu(parts.reduce((left, right) => add(left, right)));
  });
}

/** By its factor first, and by what is then missing of the other's size, as mmsegmentation does. */
function enlarged(x: Tensor, factor: number, { shape: [, , height, width] }: Tensor): Tensor {
  const larger = resize(x, [axisSize(x, 2) * factor, axisSize(x, 3) * factor]);
  return axisSize(larger, 2) === height && axisSize(larger, 3) === width ? larger : resize(larger, [height, width]);
}

function halved(scope: Scope, x: Tensor, steps: number, channels: number, norms: Norms | undefined): Tensor {
  let y = x;
  for (let i = 1; i <= steps; i++) {
    const last = i === steps;
    const next = unit(scope.at(`step${i}`), y, last ? channels : axisSize(x, 1), { kernel: 3, stride: 2, norms });
    y = last ? next : relu(next);
  }
  return y;
}

/** Pairs of different branches of stages with up to four. */
const exchanges = [1, 2, 3, 4].flatMap((from) => [1, 2, 3, 4].filter((to) => to !== from).map((to) => [from, to]));

/** Names of a unit's parts below a place in both schemes. */
const unitParts = (ours: string, theirs: string): readonly Place[] => [
  [`${ours}.unit#.conv#`, `${theirs}.@.conv#`],
  [`${ours}.unit#.norm#`, `${theirs}.@.bn#`],
  [`${ours}.unit#.shortcut.conv`, `${theirs}.@.downsample.0`],
  [`${ours}.unit#.shortcut.norm`, `${theirs}.@.downsample.1`],
];

/** A convolution and its norm, numbered one behind the other. */
const pair = (ours: string, theirs: string): readonly Place[] => [
  [`${ours}.conv`, `${theirs}.0`],
  [`${ours}.norm`, `${theirs}.1`],
];

/** Names of the authors, of mmsegmentation and of timm's trunk. */
const places: readonly Place[] = [
  ["stem1.conv", "conv1"],
  ["stem1.norm", "bn1"],
  ["stem2.conv", "conv2"],
  ["stem2.norm", "bn2"],
  ...unitParts("stage1", "layer1"),
  // A branch that begins in a transition is a step of a chain of one there.
  ...[1, 2, 3].flatMap((stage) => pair(`transition${stage}.branch${stage + 1}`, `transition${stage}.${stage}.0`)),
  ...pair("transition#.branch#", "transition#.@"),
  ...unitParts("stage#.module#.branch#", "stage#.@.branches.@"),
  ...exchanges.flatMap(([from, to]) => {
    const [ours, theirs] = [`stage#.module#.from${from}to${to}`, `stage#.@.fuse_layers.${to - 1}.${from - 1}`];
    return from > to ? pair(ours, theirs) : pair(`${ours}.step#`, `${theirs}.@`);
  }),
];

const names = renaming(places);

const mmsegmentation: PublishedNames = { library: "mmsegmentation", names, beside: /^(head|decode_head)\./ };

/** Classifiers have further layers behind the branches. */
const timm: PublishedNames = {
  library: "timm",
  names,
  beside: /^(incre_modules|downsamp_modules|final_layer|classifier)\./,
};

function encoderOf(width: number): Encoder {
  return {
    normalization: imagenetNormalization,
    multiple: 32,
    dilates: false,
    features: (scope, x, { norms }) => hrNet(scope, x, { norms, stages: hrNetStages(width) }),
    published: [mmsegmentation, timm],
  };
}

export const hrNetEncoders = {
  "hrnet-w18": encoderOf(18),
  "hrnet-w32": encoderOf(32),
  "hrnet-w48": encoderOf(48),
};
