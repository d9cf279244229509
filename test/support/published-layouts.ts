/**
 * Names and shapes that published files of encoders have, by the rules of the libraries that wrote them, beside our own
 * tables of names: what those are held to.
 */
import type { Shape } from "../../src/array/shape.ts";

export type Layout = Readonly<Record<string, Shape>>;

export interface PublishedLayout {
  readonly encoder: Layout;
  /** What is in such files besides, such as classifiers and counters. */
  readonly beside: Layout;
}

/** Encoder → library → layout. */
export function publishedLayouts(): Readonly<Record<string, Readonly<Record<string, PublishedLayout>>>> {
  const resNets = { resnet18: [2, 2, 2, 2], resnet34: [3, 4, 6, 3], resnet50: [3, 4, 6, 3], resnet101: [3, 4, 23, 3] };
  const plain = Object.entries(resNets).map(([name, units]) => {
    const bottleneck = !["resnet18", "resnet34"].includes(name);
    return [name, { torchvision: residual(units, bottleneck, { ...plainStem }) }] as const;
  });
  const deep = (["resnet50", "resnet101"] as const).map(
    (name) =>
      [
        `${name}-v1c`,
        { timm: residual(resNets[name], true, deepStem), mmsegmentation: residual(resNets[name], true, namedStem) },
      ] as const,
  );
  const transformers16 = Object.entries(transformerWidths).flatMap(([size, width]) => {
    const layouts = { timm: timmVit(width), transformers: transformersVit(width) };
    return [[`vit-${size}-16`, layouts] as const, [`deit-${size}-16`, layouts] as const];
  });
  const dino = (["small", "base"] as const).flatMap((size) =>
    [0, 4].map((registers) => {
      const width = transformerWidths[size];
      const layouts = { "torch.hub": hubDino(width, registers), transformers: transformersDino(width, registers) };
      return [`dinov2-${size}-14${registers === 0 ? "" : "-registers"}`, layouts] as const;
    }),
  );
  const swins = Object.entries(swinSizes).map(
    ([name, size]) =>
      [name, { mmsegmentation: namedSwin(...size), swin: originalSwin(...size), timm: timmSwin(...size) }] as const,
  );
  return Object.fromEntries<Readonly<Record<string, PublishedLayout>>>([
    ["mobilenet-v2", { torchvision: torchvisionMobileNet(), timm: timmMobileNet() }],
    ["mobilenet-v2-tf", { transformers: transformersMobileNet(), "tf-slim": foldedMobileNet() }],
    ...plain,
    ...deep,
    ["resnet101-caffe", { "deeplab-pytorch": deepLabResidual(resNets.resnet101) }],
    ["resnet38", { affinitynet: wideResidual(), mxnet: inMxnet(wideResidual()) }],
    ["vgg16", { torchvision: torchvisionVgg() }],
    ["vgg16-deeplab", { "deeplab-pytorch": deepLabVgg() }],
    ["resnet50-v2", { gluon: gluonResidual([3, 4, 6, 3]) }],
    ["resnet50-v2-c4", { gluon: gluonResidual([3, 4, 6]) }],
    ...transformers16,
    ...dino,
    ...swins,
    ...[18, 32, 48].map((width) => {
      const { encoder, beside } = highResolution(width);
      const layouts = { mmsegmentation: { encoder, beside: counter("bn1") }, timm: { encoder, beside } };
      return [`hrnet-w${width}`, layouts] as const;
    }),
  ]);
}

/** The numbers 0 … count − 1. */
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

function norm(name: string, channels: number): Layout {
  return Object.fromEntries(
    ["weight", "bias", "running_mean", "running_var"].map((leaf) => [`${name}.${leaf}`, [channels]]),
  );
}

function biased(name: string, shape: Shape): Layout {
  return { [`${name}.weight`]: shape, [`${name}.bias`]: [shape[0]] };
}

const counter = (name: string): Layout => ({ [`${name}.num_batches_tracked`]: [] });

const plainStem: Layout = { "conv1.weight": [64, 3, 7, 7], ...norm("bn1", 64) };

function threeConvolutions(conv: (i: number) => string, unit: (i: number) => string): Layout {
  return {
    [`${conv(0)}.weight`]: [32, 3, 3, 3],
    ...norm(unit(0), 32),
    [`${conv(1)}.weight`]: [32, 32, 3, 3],
    ...norm(unit(1), 32),
    [`${conv(2)}.weight`]: [64, 32, 3, 3],
    ...norm(unit(2), 64),
  };
}

/** timm's last norm of a deep stem keeps the name that it has behind a plain one. */
const deepStem = threeConvolutions(
  (i) => `conv1.${3 * i}`,
  (i) => (i === 2 ? "bn1" : `conv1.${3 * i + 1}`),
);
const namedStem = threeConvolutions(
  (i) => `stem.${3 * i}`,
  (i) => `stem.${3 * i + 1}`,
);

/** DeepLab's of kazuto1011, without its head. */
function deepLabResidual(units: readonly number[]): PublishedLayout {
  const unit = (name: string, shape: Shape): Layout => ({
    [`${name}.conv.weight`]: shape,
    ...norm(`${name}.bn`, shape[0]),
  });
  const blocks = units.flatMap((count, stage) =>
    upTo(count).map((block): Layout => {
      const [name, middle] = [`layer${stage + 2}.block${block + 1}`, 64 * 2 ** stage];
      const before = block > 0 ? 4 * middle : stage === 0 ? 64 : 2 * middle;
      return {
        ...unit(`${name}.reduce`, [middle, before, 1, 1]),
        ...unit(`${name}.conv3x3`, [middle, middle, 3, 3]),
        ...unit(`${name}.increase`, [4 * middle, middle, 1, 1]),
        ...(block === 0 && unit(`${name}.shortcut`, [4 * middle, before, 1, 1])),
      };
    }),
  );
  return {
    encoder: Object.assign({}, unit("layer1.conv1", [64, 3, 7, 7]), ...blocks),
    beside: { ...biased("aspp.c0", [21, 2048, 3, 3]), ...counter("layer1.conv1.bn") },
  };
}

/** ResNet-38 of AffinityNet's code and of those that began with it. */
function wideResidual(): PublishedLayout {
  let before = 64;
  const units = [3, 3, 6, 3, 1, 1].flatMap((count, stage) =>
    upTo(count).map((unit): Layout => {
      const out = 128 * 2 ** stage;
      const name = `b${stage + 2}${unit === 0 ? "" : `_${unit}`}`;
      const shapes: Readonly<Record<string, Shape>> =
        stage < 4
          ? { "2a": [stage === 3 ? 512 : out, before, 3, 3], "2b1": [out, stage === 3 ? 512 : out, 3, 3] }
          : { "2a": [out / 4, before, 1, 1], "2b1": [out / 2, out / 4, 3, 3], "2b2": [out, out / 2, 1, 1] };
      const shortcut: Layout = unit === 0 ? { [`${name}.conv_branch1.weight`]: [out, before, 1, 1] } : {};
      const branches = Object.entries(shapes).map(
        ([branch, shape]): Layout => ({
          ...norm(`${name}.bn_branch${branch}`, shape[1]),
          [`${name}.conv_branch${branch}.weight`]: shape,
        }),
      );
      before = out;
      return Object.assign({}, shortcut, ...branches);
    }),
  );
  return {
    encoder: Object.assign({ "conv1a.weight": [64, 3, 3, 3], ...norm("bn7", 4096) }, ...units),
    beside: { "fc8.weight": [20, 4096, 1, 1], ...counter("bn7") },
  };
}

/** The same in the file that it was published in: `b3_1.bn_branch2a.running_mean` is `aux:bn3b1_branch2a_moving_mean`. */
function inMxnet({ encoder }: PublishedLayout): PublishedLayout {
  const renamed = Object.entries(encoder).map(([name, shape]) => {
    const parts = name.split(".");
    const [place, leaf] = [parts[0], parts[parts.length - 1]];
    const part = parts.length === 3 ? parts[1] : place;
    const isNorm = part.startsWith("bn");
    const norms = { weight: "gamma", bias: "beta", running_mean: "moving_mean", running_var: "moving_var" };
    const what = isNorm ? norms[leaf as keyof typeof norms] : leaf;
    const [, stage, unit] = /^b(\d)(?:_(\d))?$/.exec(place) ?? [];
    const where =
      stage === undefined
        ? place
        : `${isNorm ? "bn" : "res"}${stage}${unit === undefined ? "a" : `b${unit}`}_${part.split("_")[1]}`;
    return [`${leaf.startsWith("running") ? "aux" : "arg"}:${where}_${what}`, shape] as const;
  });
  return { encoder: Object.fromEntries(renamed), beside: { "arg:linear1000_weight": [1000, 4096] } };
}

/** DeepLab's of L2G's code, without its head: units of a convolution and a ReLU, counted with the pools. */
function deepLabVgg(): PublishedLayout {
  const convolutions = [
    ["layer1.0", 64, 3],
    ["layer1.1", 64, 64],
    ["layer1.3", 128, 64],
    ["layer1.4", 128, 128],
    ["layer1.6", 256, 128],
    ["layer1.7", 256, 256],
    ["layer1.8", 256, 256],
    ["layer1.10", 512, 256],
    ...["layer1.11", "layer1.12", "layer2.0", "layer2.1", "layer2.2"].map((place) => [place, 512, 512] as const),
  ] as const;
  return {
    encoder: Object.assign({}, ...convolutions.map(([place, out, from]) => biased(`${place}.0`, [out, from, 3, 3]))),
    beside: biased("aspp.conv8", [21, 1024, 1, 1]),
  };
}

function torchvisionVgg(): PublishedLayout {
  const convolutions = [
    [0, 64, 3],
    [2, 64, 64],
    [5, 128, 64],
    [7, 128, 128],
    [10, 256, 128],
    [12, 256, 256],
    [14, 256, 256],
    [17, 512, 256],
    ...[19, 21, 24, 26, 28].map((place) => [place, 512, 512] as const),
  ] as const;
  return {
    encoder: Object.assign(
      {},
      ...convolutions.map(([place, out, from]) => biased(`features.${place}`, [out, from, 3, 3])),
    ),
    beside: biased("classifier.6", [1000, 4096]),
  };
}

function residual(units: readonly number[], bottleneck: boolean, stem: Layout): PublishedLayout {
  const out = bottleneck ? 4 : 1;
  const layers = units.flatMap((count, stage) =>
    upTo(count).map((unit): Layout => {
      const [name, middle] = [`layer${stage + 1}.${unit}`, 64 * 2 ** stage];
      const before = stage === 0 && unit === 0 ? 64 : out * (unit === 0 ? middle / 2 : middle);
      const convolutions: Shape[] = bottleneck
        ? [
            [middle, before, 1, 1],
            [middle, middle, 3, 3],
            [4 * middle, middle, 1, 1],
          ]
        : [
            [middle, before, 3, 3],
            [middle, middle, 3, 3],
          ];
      const parts = convolutions.map((shape, i) => ({
        [`${name}.conv${i + 1}.weight`]: shape,
        ...norm(`${name}.bn${i + 1}`, shape[0]),
      }));
      const projected = before !== out * middle;
      const shortcut = projected
        ? {
            [`${name}.downsample.0.weight`]: [out * middle, before, 1, 1],
            ...norm(`${name}.downsample.1`, out * middle),
          }
        : {};
      return Object.assign({}, ...parts, shortcut);
    }),
  );
  const beside = { ...biased("fc", [1000, 512 * out]), ...counter("layer1.0.bn1") };
  return { encoder: Object.assign({}, stem, ...layers), beside };
}

function gluonResidual(units: readonly number[]): PublishedLayout {
  const layers = units.flatMap((count, stage) =>
    upTo(count).map((unit): Layout => {
      const [name, middle] = [`layer${stage + 1}.${unit}`, 64 * 2 ** stage];
      const before = stage === 0 && unit === 0 ? 64 : unit === 0 ? 2 * middle : 4 * middle;
      return {
        ...norm(`${name}.norm1`, before),
        [`${name}.conv1.weight`]: [middle, before, 1, 1],
        ...norm(`${name}.norm2`, middle),
        [`${name}.conv2.weight`]: [middle, middle, 3, 3],
        ...norm(`${name}.norm3`, middle),
        [`${name}.conv3.weight`]: [4 * middle, middle, 1, 1],
        ...(unit === 0 ? { [`${name}.downsample.weight`]: [4 * middle, before, 1, 1] } : {}),
      };
    }),
  );
  const last = 256 * 2 ** (units.length - 1);
  return {
    encoder: Object.assign(
      { "norm0.running_mean": [3], "norm0.running_var": [3], "conv1.weight": [64, 3, 7, 7] },
      norm("norm1", 64),
      ...layers,
      norm("norm", last),
    ),
    beside: biased("fc", [1000, last]),
  };
}

interface Inverted {
  readonly group: number;
  readonly index: number;
  readonly inputs: number;
  readonly inner: number;
  readonly outputs: number;
}

/** MobileNetV2's 17 blocks, in order (Sandler et al. 2018, table 2). */
function invertedBlocks(): Inverted[] {
  const blocks = [16, 24, 24, 32, 32, 32, 64, 64, 64, 64, 96, 96, 96, 160, 160, 160, 320];
  const firsts = [0, 1, 3, 6, 10, 13, 16];
  return blocks.map((outputs, i) => {
    const inputs = i === 0 ? 32 : blocks[i - 1];
    const group = firsts.filter((first) => first <= i).length - 1;
    return { group, index: i - firsts[group], inputs, inner: i === 0 ? 32 : 6 * inputs, outputs };
  });
}

/** Weights of a block's convolutions by the names of each and of its norm; the first block expands nothing. */
function inverted(
  { inputs, inner, outputs }: Inverted,
  [expand, depthwise, project]: readonly (readonly [conv: string, norm: string])[],
): Layout {
  const conv = ([name, normName]: readonly [string, string], shape: Shape): Layout => ({
    [`${name}.weight`]: shape,
    ...norm(normName, shape[0]),
  });
  return {
    ...(inner === inputs ? {} : conv(expand, [inner, inputs, 1, 1])),
    ...conv(depthwise, [inner, 1, 3, 3]),
    ...conv(project, [outputs, inner, 1, 1]),
  };
}

function torchvisionMobileNet(): PublishedLayout {
  const blocks = invertedBlocks().map((block, i) => {
    const conv = `features.${i + 1}.conv`;
    const own = (part: number) => [`${conv}.${part}.0`, `${conv}.${part}.1`] as const;
    const parts = i === 0 ? [own(0), own(0), [`${conv}.1`, `${conv}.2`] as const] : [own(0), own(1), last(conv)];
    return inverted(block, parts);
  });
  return {
    encoder: Object.assign({ "features.0.0.weight": [32, 3, 3, 3], ...norm("features.0.1", 32) }, ...blocks),
    beside: {
      "features.18.0.weight": [1280, 320, 1, 1],
      ...norm("features.18.1", 1280),
      ...biased("classifier.1", [1000, 1280]),
      ...counter("features.0.1"),
    },
  };
}

const last = (conv: string) => [`${conv}.2`, `${conv}.3`] as const;

function timmMobileNet(): PublishedLayout {
  const blocks = invertedBlocks().map((block, i) => {
    const name = `blocks.${block.group}.${block.index}`;
    const own = (conv: string, number: number) => [`${name}.${conv}`, `${name}.bn${number}`] as const;
    const [expand, rest] = [own("conv_pw", 1), i === 0 ? 1 : 2];
    return inverted(block, [expand, own("conv_dw", rest), own(i === 0 ? "conv_pw" : "conv_pwl", rest + 1)]);
  });
  return {
    encoder: Object.assign({ "conv_stem.weight": [32, 3, 3, 3], ...norm("bn1", 32) }, ...blocks),
    beside: {
      "conv_head.weight": [1280, 320, 1, 1],
      ...norm("bn2", 1280),
      ...biased("classifier", [1000, 1280]),
      ...counter("blocks.0.0.bn1"),
    },
  };
}

function transformersMobileNet(): PublishedLayout {
  const blocks = invertedBlocks().map((block, i) => {
    const name = i === 0 ? "conv_stem" : `layer.${i - 1}`;
    const own = (part: string) => [`${name}.${part}.convolution`, `${name}.${part}.normalization`] as const;
    return inverted(block, ["expand_1x1", "conv_3x3", "reduce_1x1"].map(own));
  });
  const stem = "conv_stem.first_conv";
  return {
    encoder: Object.assign(
      { [`${stem}.convolution.weight`]: [32, 3, 3, 3], ...norm(`${stem}.normalization`, 32) },
      ...blocks,
    ),
    beside: { "conv_1x1.convolution.weight": [1280, 320, 1, 1], ...norm("conv_1x1.normalization", 1280) },
  };
}

function foldedMobileNet(): PublishedLayout {
  const blocks = invertedBlocks().map(({ inputs, inner, outputs }, i) => ({
    ...(i === 0 ? {} : biased(`features.${i + 1}.expand`, [inner, inputs, 1, 1])),
    ...biased(`features.${i + 1}.depthwise`, [inner, 1, 3, 3]),
    ...biased(`features.${i + 1}.project`, [outputs, inner, 1, 1]),
  }));
  return {
    encoder: Object.assign(biased("features.0", [32, 3, 3, 3]), ...blocks),
    beside: { ...biased("features.18", [1280, 320, 1, 1]), ...biased("classifier", [1001, 1280]) },
  };
}

/** Channels of the first stage, depth of the third, heads of the first, tokens along a window. */
const swinSizes: Readonly<Record<string, SwinSize>> = {
  "swin-tiny": [96, 6, 3, 7],
  "swin-small": [96, 18, 3, 7],
  "swin-base": [128, 18, 4, 7],
  "swin-base-384": [128, 18, 4, 12],
  "swin-large": [192, 18, 6, 7],
  "swin-large-384": [192, 18, 6, 12],
};

type SwinSize = readonly [width: number, depth: number, heads: number, window: number];

interface SwinNames {
  readonly patches: string;
  readonly stages: string;
  readonly attention: string;
  readonly mlp: readonly [string, string];
  /** Stage that a merging of stage `from` is named in. */
  readonly mergedIn: (from: number) => number;
}

/** Blocks and mergings, and the norms behind each stage, which detectors and mmsegmentation have. */
function swinLayout([width, depth, heads, window]: SwinSize, names: SwinNames): Layout {
  const stages = [2, 2, depth, 2].map((count, stage): Layout => {
    const channels = width * 2 ** stage;
    const blocks = upTo(count).map((i): Layout => {
      const name = `${names.stages}.${stage}.blocks.${i}`;
      return {
        ...biased(`${name}.norm1`, [channels]),
        [`${name}.${names.attention}.relative_position_bias_table`]: [(2 * window - 1) ** 2, heads * 2 ** stage],
        ...biased(`${name}.${names.attention}.qkv`, [3 * channels, channels]),
        ...biased(`${name}.${names.attention}.proj`, [channels, channels]),
        ...biased(`${name}.norm2`, [channels]),
        ...biased(`${name}.${names.mlp[0]}`, [4 * channels, channels]),
        ...biased(`${name}.${names.mlp[1]}`, [channels, 4 * channels]),
      };
    });
    const merging = `${names.stages}.${names.mergedIn(stage)}.downsample`;
    const merged =
      stage === 3
        ? {}
        : {
            ...biased(`${merging}.norm`, [4 * channels]),
            [`${merging}.reduction.weight`]: [2 * channels, 4 * channels],
          };
    return Object.assign({}, ...blocks, merged, biased(`norm${stage}`, [channels]));
  });
  return Object.assign(
    { ...biased(names.patches, [width, 3, 4, 4]), ...biased("patch_embed.norm", [width]) },
    ...stages,
  );
}

const swinTables = (name: string, window: number): Layout => ({
  [`${name}.relative_position_index`]: [window ** 2, window ** 2],
});

function namedSwin(...size: SwinSize): PublishedLayout {
  const encoder = swinLayout(size, {
    ...{ patches: "patch_embed.projection", stages: "stages", attention: "attn.w_msa" },
    ...{ mlp: ["ffn.layers.0.0", "ffn.layers.1"], mergedIn: (from) => from },
  });
  return { encoder, beside: swinTables("stages.0.blocks.0.attn.w_msa", size[3]) };
}

const originalSwinNames: SwinNames = {
  ...{ patches: "patch_embed.proj", stages: "layers", attention: "attn", mlp: ["mlp.fc1", "mlp.fc2"] },
  mergedIn: (from) => from,
};

function originalSwin(...size: SwinSize): PublishedLayout {
  const [width, , , window] = size;
  return {
    encoder: swinLayout(size, originalSwinNames),
    beside: {
      ...swinTables("layers.0.blocks.0.attn", window),
      "layers.0.blocks.1.attn_mask": [64, window ** 2, window ** 2],
      ...biased("norm", [8 * width]),
      ...biased("head", [1000, 8 * width]),
    },
  };
}

/** timm has none of the norms behind stages; they are written under the names that detectors have. */
function timmSwin(...size: SwinSize): PublishedLayout {
  const [width] = size;
  return {
    encoder: swinLayout(size, { ...originalSwinNames, mergedIn: (from) => from + 1 }),
    beside: { ...biased("norm", [8 * width]), ...biased("head.fc", [1000, 8 * width]) },
  };
}

/** HRNet of its authors, whom mmsegmentation and timm follow. */
function highResolution(width: number): PublishedLayout {
  const conv = (name: string, unit: string, shape: Shape): Layout => ({
    [`${name}.weight`]: shape,
    ...norm(unit, shape[0]),
  });
  const pair = (name: string, shape: Shape) => conv(`${name}.0`, `${name}.1`, shape);
  const unit = (name: string, shapes: readonly Shape[]): Layout =>
    Object.assign({}, ...shapes.map((shape, i) => conv(`${name}.conv${i + 1}`, `${name}.bn${i + 1}`, shape)));
  const first = upTo(4).map((i): Layout => {
    const before = i === 0 ? 64 : 256;
    return {
      ...unit(`layer1.${i}`, [
        [64, before, 1, 1],
        [64, 64, 3, 3],
        [256, 64, 1, 1],
      ]),
      ...(i === 0 && pair("layer1.0.downsample", [256, 64, 1, 1])),
    };
  });
  const stages = [1, 4, 3].map((modules, stage): Layout => {
    const widths = upTo(stage + 2).map((branch) => width * 2 ** branch);
    const last = widths.length - 1;
    const transitions =
      stage === 0
        ? [pair("transition1.0", [width, 256, 3, 3]), pair("transition1.1.0", [2 * width, 256, 3, 3])]
        : [pair(`transition${stage + 1}.${last}.0`, [widths[last], widths[last - 1], 3, 3])];
    const parts = upTo(modules).flatMap((module) => {
      const name = `stage${stage + 2}.${module}`;
      const branches = widths.flatMap((channels, branch) =>
        upTo(4).map((i) => {
          const shape = [channels, channels, 3, 3];
          return unit(`${name}.branches.${branch}.${i}`, [shape, shape]);
        }),
      );
      const fused = widths.flatMap((to, i) =>
        widths.flatMap((from, j): Layout[] => {
          const layer = `${name}.fuse_layers.${i}.${j}`;
          if (j > i) return [pair(layer, [to, from, 1, 1])];
          return upTo(i - j).map((k) => pair(`${layer}.${k}`, [k === i - j - 1 ? to : from, from, 3, 3]));
        }),
      );
      return [...branches, ...fused];
    });
    return Object.assign({}, ...transitions, ...parts);
  });
  return {
    encoder: Object.assign(
      { ...conv("conv1", "bn1", [64, 3, 3, 3]), ...conv("conv2", "bn2", [64, 64, 3, 3]) },
      ...first,
      ...stages,
    ),
    beside: {
      ...biased("classifier", [1000, 2048]),
      ...biased("final_layer.0", [2048, 1024, 1, 1]),
      ...norm("final_layer.1", 2048),
      ...counter("bn1"),
    },
  };
}

const transformerWidths = { tiny: 192, small: 384, base: 768 } as const;

/** The same parts of each of 12 layers. */
const layers = (of: (layer: number) => Layout): Layout => Object.assign({}, ...upTo(12).map(of));

/** A layer as timm and DINOv2's code have it. */
function joinedLayer(name: string, width: number): Layout {
  return {
    ...biased(`${name}.norm1`, [width]),
    ...biased(`${name}.attn.qkv`, [3 * width, width]),
    ...biased(`${name}.attn.proj`, [width, width]),
    ...biased(`${name}.norm2`, [width]),
    ...biased(`${name}.mlp.fc1`, [4 * width, width]),
    ...biased(`${name}.mlp.fc2`, [width, 4 * width]),
  };
}

function around(width: number, patch: number, tokens: number): Layout {
  return {
    cls_token: [1, 1, width],
    pos_embed: [1, tokens, width],
    ...biased("patch_embed.proj", [width, 3, patch, patch]),
    ...biased("norm", [width]),
  };
}

function timmVit(width: number): PublishedLayout {
  return {
    encoder: { ...around(width, 16, 1 + 14 * 14), ...layers((i) => joinedLayer(`blocks.${i}`, width)) },
    beside: biased("head", [1000, width]),
  };
}

function hubDino(width: number, registers: number): PublishedLayout {
  return {
    encoder: {
      ...around(width, 14, 1 + 37 * 37),
      ...(registers === 0 ? {} : { register_tokens: [1, registers, width] }),
      ...layers((i) => ({
        ...joinedLayer(`blocks.${i}`, width),
        [`blocks.${i}.ls1.gamma`]: [width],
        [`blocks.${i}.ls2.gamma`]: [width],
      })),
    },
    beside: { mask_token: [1, width] },
  };
}

function transformersAround(width: number, patch: number, tokens: number): Layout {
  return {
    "embeddings.cls_token": [1, 1, width],
    "embeddings.position_embeddings": [1, tokens, width],
    ...biased("embeddings.patch_embeddings.projection", [width, 3, patch, patch]),
    ...biased("layernorm", [width]),
  };
}

function transformersAttention(layer: string, width: number): Layout {
  const projections = ["attention.query", "attention.key", "attention.value", "output.dense"];
  return Object.assign({}, ...projections.map((name) => biased(`${layer}.attention.${name}`, [width, width])));
}

function transformersVit(width: number): PublishedLayout {
  const layer = (name: string) => ({
    ...biased(`${name}.layernorm_before`, [width]),
    ...transformersAttention(name, width),
    ...biased(`${name}.layernorm_after`, [width]),
    ...biased(`${name}.intermediate.dense`, [4 * width, width]),
    ...biased(`${name}.output.dense`, [width, 4 * width]),
  });
  return {
    encoder: { ...transformersAround(width, 16, 1 + 14 * 14), ...layers((i) => layer(`encoder.layer.${i}`)) },
    beside: biased("pooler.dense", [width, width]),
  };
}

function transformersDino(width: number, registers: number): PublishedLayout {
  const layer = (name: string) => ({
    ...biased(`${name}.norm1`, [width]),
    ...transformersAttention(name, width),
    [`${name}.layer_scale1.lambda1`]: [width],
    ...biased(`${name}.norm2`, [width]),
    ...biased(`${name}.mlp.fc1`, [4 * width, width]),
    ...biased(`${name}.mlp.fc2`, [width, 4 * width]),
    [`${name}.layer_scale2.lambda1`]: [width],
  });
  return {
    encoder: {
      ...transformersAround(width, 14, 1 + 37 * 37),
      ...(registers === 0 ? {} : { "embeddings.register_tokens": [1, registers, width] }),
      ...layers((i) => layer(`encoder.layer.${i}`)),
    },
    beside: { "embeddings.mask_token": [1, width] },
  };
}
