/** What weights say of the TransUNet that they belong to. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { TransUNetSettings } from "./settings.ts";

/** What the shapes of weights say of the network. */
export type FoundSettings = Partial<TransUNetSettings>;

/**
 * What weights under our names say of their network. Heads and groups of norms are in no shape: they are as published
 * (64 values a head, 32 groups) where they fit. Throws InputError where a part is missing.
 */
export function settingsFrom(weights: Named<NdArray>, where: string): FoundSettings {
  const shape = (name: string) => {
    const found = weights[name]?.shape;
    if (found === undefined) {
      throw new InputError(
        `${where}: expected a weight ${name}, got none. The file is not whole, or another network's.`,
      );
    }
    return found;
  };
  const count = (pattern: RegExp) =>
    Object.keys(weights).reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? 0)), 0);
  const tokenWidth = shape("encoder.patches.weight")[0];
  const hybrid = "encoder.stem.conv.weight" in weights;
  const layers = count(/^encoder\.layer(\d+)\.norm2\.bias$/);
  const side = 16 * gridSide(shape("encoder.positions"), where);
  const stageUnits = hybrid
    ? [1, 2, 3].map((stage) => count(new RegExp(`^encoder\\.stage${stage}\\.unit(\\d+)\\.conv1\\.weight$`)))
    : [];
  return {
    ...{ cropHeight: side, cropWidth: side, tokenWidth, layers, stageUnits },
    ...(hybrid && { stemWidth: shape("encoder.stem.conv.weight")[0] }),
    ...(tokenWidth % 64 === 0 && { heads: tokenWidth / 64 }),
    ...(layers > 0 && { mlpWidth: shape("encoder.layer1.mlp.hidden.weight")[0] }),
    ...("decoder.entry.conv.weight" in weights ? decoderSettings(shape, weights) : { skips: hybrid ? 3 : 0 }),
  };
}

/** Of the settings that are in no shape, those that cannot be as published: the widths are others. */
export function untoldBy(
  weights: Named<NdArray>,
  { tokenWidth = 0, stemWidth = 0, heads }: FoundSettings,
): ("heads" | "normGroups")[] {
  const groups = "encoder.stem.conv.weight" in weights && stemWidth % 32 !== 0;
  return [
    ...(heads === undefined && tokenWidth % 64 !== 0 ? (["heads"] as const) : []),
    ...(groups ? (["normGroups"] as const) : []),
  ];
}

/** Tokens along a side of the square grid that a position table is for, with or without a class token. */
export function gridSide(shape: readonly number[], where: string): number {
  for (const tokens of [shape[1], shape[1] - 1]) {
    const side = Math.sqrt(tokens);
    if (shape.length === 3 && shape[0] === 1 && side >= 1 && Number.isInteger(side)) return side;
  }
  throw new InputError(
    `${where}: expected position embeddings of a square grid, got ${show(shape)}. The file is another network's.`,
  );
}

function decoderSettings(shape: (name: string) => readonly number[], weights: Named<NdArray>): FoundSettings {
  const headChannels = shape("decoder.entry.conv.weight")[0];
  const blocks = [1, 2, 3, 4].filter((i) => `decoder.block${i}.unit1.conv.weight` in weights);
  const channels = blocks.map((i) => shape(`decoder.block${i}.unit1.conv.weight`)[0]);
  const joined = blocks.filter((i, at) => {
    const before = at === 0 ? headChannels : channels[at - 1];
    return shape(`decoder.block${i}.unit1.conv.weight`)[1] > before;
  });
  const decoderChannels = [
    ...channels,
    ...Array.from({ length: 4 - channels.length }, () => channels[channels.length - 1]),
  ];
  const outputStride = (2 ** (4 - channels.length)) as TransUNetSettings["outputStride"];
  return { headChannels, decoderChannels, widthMultiplier: 1, skips: joined.length, outputStride };
}
