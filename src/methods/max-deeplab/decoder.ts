/** The stacked decoder (Wang et al. 2021, sec. 3.2): from stride 16 to 4, and back as often as is asked for. */
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { add, relu } from "../../ops/index.ts";
import {
  type BlockGroup,
  blockGroup,
  extraStageGroup,
  type Paths,
  partOf,
  type Stages,
  transformerFilters,
} from "./backbone.ts";
import { convNorm } from "./layers.ts";
import { resizedTo } from "./semantic-decoder.ts";
import type { MaxDeepLabSettings } from "./settings.ts";

/**
 * The sum of maps at one size and width: those of that width are resized; others that are twice as large are convolved with
 * stride 2; all others convolved and resized. No map is rectified where it is only resized, nor is the sum.
 */
export function resizedFuse(
  scope: Scope,
  inputs: readonly Tensor[],
  [channels, height, width]: readonly [number, number, number],
): Tensor {
  const parts = inputs.map((x, i) => {
    const [, own, rows, columns] = x.shape;
    if (own === channels) return resizedTo(x, [height, width]);
    if (Math.ceil(rows / 2) === height && Math.ceil(columns / 2) === width) {
      return convNorm(scope.at(`stridedConv${i + 1}`), relu(x), channels, { stride: 2 });
    }
    return resizedTo(convNorm(scope.at(`resizedConv${i + 1}`), relu(x), channels), [height, width]);
  });
  return parts.reduce((left, right) => add(left, right));
}

export interface Decoded {
  readonly paths: Paths;
  /** Rectified, stride 4: one for each climb. */
  readonly high: readonly Tensor[];
}

/** `ofBackboneOnly`: ends where what ImageNet pretrains ends. */
export function stackedDecoder(
  scope: Scope,
  { stem, stages, paths: start }: Stages,
  settings: MaxDeepLabSettings,
  ofBackboneOnly = false,
): Decoded {
  const { backboneHourglasses, extraHourglasses } = settings;
  let paths = start;
  // Stage 4 has the stride of stage 5, and counts no more.
  const known = new Map<number, Tensor[]>([
    [2, [stem]],
    [4, [stages[1]]],
    [8, [stages[2]]],
    [16, [paths.pixels]],
  ]);
  const high: Tensor[] = [];
  const addExtra = (name: string, group: BlockGroup) => {
    if (ofBackboneOnly) return;
    paths = blockGroup(scope, { stage: name, isExtra: true }, paths, group, settings);
    known.set(16, [...known.get(16)!.slice(0, -1), paths.pixels]);
  };
  if (backboneHourglasses === 0) addExtra("stage5Extra", extraStageGroup(settings));

  const climbs = [8, 4];
  const walk = Array.from({ length: backboneHourglasses + extraHourglasses }, () => [...climbs, 8, 16]).flat();
  const ofBackbone = 4 * backboneHourglasses;
  const steps = [...walk, ...climbs].slice(0, ofBackboneOnly ? ofBackbone : undefined);
  for (const [i, stride] of steps.entries()) {
    const isExtra = i >= ofBackbone;
    const name = `decoderStage${i + 1}${isExtra ? "Extra" : ""}`;
    const group = decoderGroup(stride, isExtra, settings);
    const there = known.get(stride)!;
    const [, , height, width] = there[0].shape;
    const inputs = [paths.pixels, ...there.slice(-2)];
    const fused = resizedFuse(partOf(scope, isExtra).at(`${name}ResizedFuse`), inputs, [
      4 * group.filters,
      height,
      width,
    ]);
    paths = blockGroup(scope, { stage: name, isExtra }, { ...paths, pixels: fused }, group, settings);
    known.set(stride, [...there, paths.pixels]);
    if (stride === 4) high.push(relu(paths.pixels));
    if (i === ofBackbone - 1) addExtra(`decoderStage${i + 1}Extra`, decoderGroup(16, true, settings));
  }
  return { paths, high };
}

function decoderGroup(stride: number, isExtra: boolean, settings: MaxDeepLabSettings): BlockGroup {
  const { widthMultiplier, transformerMultiplier } = settings;
  return {
    blocks: isExtra ? settings.extraDecoderBlocks : settings.backboneDecoderBlocks,
    // At stride 16 as wide as stage 5.
    filters: Math.round(32 * widthMultiplier * (stride === 16 ? 16 : stride / 2)),
    transformerFilters: transformerFilters(stride, transformerMultiplier),
    ...{ inputStride: stride, outputStride: stride, stride: 1 },
    atrousRate: stride === 16 ? 2 : 1,
    transformerFromStride: isExtra ? settings.extraTransformerFromStride : settings.transformerFromStride,
  };
}
