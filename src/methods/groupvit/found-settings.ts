/** What weights say of the GroupViT that they belong to. */
import type { Named, NdArray } from "../../array/ndarray.ts";
import { show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { type GroupViTSettings, publishedGroupViT } from "./settings.ts";

/** Settings that are in names or shapes. */
export type FoundSettings = Pick<
  GroupViTSettings,
  | "imageSize"
  | "patchSize"
  | "width"
  | "widthFactors"
  | "depths"
  | "groupTokens"
  | "outputGroups"
  | "mlpRatio"
  | "assignMlpRatio"
  | "textContext"
  | "textWidth"
  | "textLayers"
  | "textVocabulary"
  | "projectionHidden"
  | "projectionWidth"
>;

/**
 * What weights under our names say of their network. Throws InputError, which begins with `where`, where a part is missing or
 * positions are of no square grid.
 */
export function settingsFrom(weights: Named<NdArray>, where: string): FoundSettings {
  const shape = (name: string, rank: number): readonly number[] => {
    const found = weights[name]?.shape;
    if (found?.length === rank) return found;
    const got = found === undefined ? "none" : show(found);
    throw new InputError(
      `${where}: expected a weight ${name} of ${rank} axes, got ${got}. The file is not whole, or another network's.`,
    );
  };
  const count = (pattern: RegExp) =>
    Object.keys(weights).reduce((most, name) => Math.max(most, Number(pattern.exec(name)?.[1] ?? 0)), 0);
  const stages = Array.from({ length: count(/^image\.stage(\d+)\./) }, (_, s) => `image.stage${s + 1}`);
  if (stages.length === 0)
    throw new InputError(`${where}: expected at least one stage, got none. The file is not whole.`);
  const [width, , patchSize] = shape("image.patches.weight", 4);
  const side = Math.sqrt(shape("image.positions", 3)[1]);
  if (!Number.isInteger(side) || side < 1) {
    throw new InputError(
      `${where}: expected position embeddings of a square grid, got ${show(weights["image.positions"].shape)}. The file is another network's.`,
    );
  }
  const depths = stages.map((stage) => count(new RegExp(`^${stage}\\.layer(\\d+)\\.`)));
  const grouping = stages.slice(0, -1).map((stage) => `${stage}.grouping`);
  const widths = stages.map((stage, s) => (depths[s] > 0 ? shape(`${stage}.layer1.norm1.weight`, 1)[0] : width));
  const ratio = (name: string) => shape(`${name}.hidden.weight`, 2)[0];
  const first = depths.findIndex((depth) => depth > 0);
  const [textContext, textWidth] = shape("text.positions", 2);
  const hasOneLayer =
    weights["imageProjection.hidden.weight"] === undefined &&
    shape("imageProjection.out.weight", 2)[1] === shape("image.norm.weight", 1)[0];
  return {
    imageSize: side * patchSize,
    ...{ patchSize, width, depths },
    widthFactors: widths.map((each) => factor(each, width)),
    groupTokens: stages.map((stage) => weights[`${stage}.groupTokens`]?.shape[1] ?? 0),
    outputGroups: grouping.map((stage) => shape(`${stage}.tokenMixer.out.weight`, 2)[0]),
    mlpRatio: first < 0 ? publishedGroupViT.mlpRatio : factor(ratio(`${stages[first]}.layer1.mlp`), widths[first]),
    assignMlpRatio:
      grouping.length === 0
        ? publishedGroupViT.assignMlpRatio
        : [
            factor(ratio(`${grouping[0]}.tokenMixer`), widths[0]),
            factor(ratio(`${grouping[0]}.segmentMlp`), widths[0]),
          ],
    ...{ textContext, textWidth, textVocabulary: shape("text.tokens.weight", 2)[0] },
    textLayers: count(/^text\.layer(\d+)\./),
    projectionHidden: hasOneLayer ? 0 : shape("imageProjection.hidden.weight", 2)[0],
    projectionWidth: shape("imageProjection.out.weight", 2)[0],
  };
}

/** What `whole` is multiplied by to be `part` once it is cut to a whole number again. */
function factor(part: number, whole: number): number {
  return Math.trunc((part / whole) * whole) === part ? part / whole : (part + 0.5) / whole;
}

/** Heads are in no shape: as published, 64 values each, where that is the published width; otherwise nobody knows. */
export function headsBy({ width, depths, textWidth }: FoundSettings): {
  readonly settings: Pick<GroupViTSettings, "heads" | "textHeads">;
  readonly untold: readonly ("heads" | "textHeads")[];
} {
  const known = width === publishedGroupViT.width;
  const textKnown = textWidth === publishedGroupViT.textWidth;
  return {
    settings: {
      heads: depths.map(() => (known ? publishedGroupViT.heads[0] : 1)),
      textHeads: textKnown ? publishedGroupViT.textHeads : 1,
    },
    untold: [...(known ? [] : (["heads"] as const)), ...(textKnown ? [] : (["textHeads"] as const))],
  };
}
