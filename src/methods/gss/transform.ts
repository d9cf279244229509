/** X and X⁻¹ as a recipe has them: a mask as a tokenizer's picture, and a picture as scores of classes. */
import { float32 } from "../../array/ndarray.ts";
import { fixedInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import { constant, type Tensor } from "../../graph/tensor.ts";
import { argMax, axisSize, cast, concat, oneHot, slice, softmax, stopGradient } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import { convInverse } from "./conv-inverse.ts";
import { type WindowInverseSettings, windowInverse } from "./inverse-window.ts";
import { pseudoInverseOf } from "./least-squares.ts";
import { colorTable, distanceLogits, linearScores, nearness, paint, pseudoInverse } from "./maskige.ts";
import { type Palette, type PaletteSettings, paletteFor } from "./palette.ts";
import type { TokenizerSettings } from "./tokenizer-settings.ts";

/** The paper's names: how X and X⁻¹ come about, F fixed and T trained (Chen et al. 2023, table 1). */
export const variantNames = ["FF", "FF-R", "FT", "FT-W", "TF", "TT"] as const;
export type VariantName = (typeof variantNames)[number];

/** How classes are read off colours where that is not trained, by name. */
export const inverseNames = ["nearest", "pinv", "lstsq", "lstsq+bias"] as const;

export interface TransformSettings extends PaletteSettings {
  /**
   * `FF`: both fixed; `FF-R`: in random colours; `FT`: colours read by three convolutions that are trained; `FT-W`: by blocks of
   * attention within windows; `TF`: colours trained; `TT`: both trained.
   */
  readonly variant: VariantName;
  /**
   * Of FF and FF-R. `nearest`: the class of the nearest colour. `pinv`: the palette's pseudo-inverse. `lstsq`, `lstsq+bias`: least
   * squares over all masks as the tokenizer gives them back, through black or not.
   */
  readonly inverse: (typeof inverseNames)[number];
  /** Channels of a trained X⁻¹; of FT-W, with its heads, side of a window, and blocks. */
  readonly inverseWidth: number;
  readonly inverseHeads: number;
  readonly inverseWindow: number;
  readonly inverseDepth: number;
  /**
   * 0: scores of fixed inverses are votes, 1 for one class a pixel. Above: softmax of −d²/T of distances in [0, 255] (`nearest`), so
   * that pixels between colours are less sure.
   */
  readonly scoreTemperature: number;
}

export interface MaskTransform {
  /** K + 1 colours; null where classes have channels. */
  readonly palette: Palette | null;
  /** labels: [B, H, W] integers, anything from K on unlabelled → [B, channels, H, W] in [0, 1]. */
  paint(scope: Scope, labels: Tensor): Tensor;
  /** maskige: [B, channels, H, W] in [0, 1] → [B, K, H, W] without bounds: the largest wins. */
  scores(scope: Scope, maskige: Tensor): Tensor;
  /** The same as shares of a pixel, which may be averaged over windows: votes, or probabilities. */
  shares(scope: Scope, maskige: Tensor): Tensor;
}

type Settings = TransformSettings & Pick<TokenizerSettings, "tokenizerChannels">;

/** Whether colours are trained. */
export const trainsColors = ({ variant }: Pick<TransformSettings, "variant">): boolean => /^T/.test(variant);

/** Whether what reads them is a network of its own. */
export const trainsInverse = ({ variant }: Pick<TransformSettings, "variant">): boolean => /^FT|^TT/.test(variant);

/** Whether colours are read by a matrix that a pass over the data set gives. */
export const needsLeastSquares = ({ variant, inverse }: Pick<TransformSettings, "variant" | "inverse">): boolean =>
  /^FF/.test(variant) && inverse.startsWith("lstsq");

/** The same recipe with nothing trained about colours: what there is before. */
export function untrained<R extends TransformSettings>(recipe: R): R {
  return { ...recipe, variant: "FF", inverse: "nearest" };
}

/** X and X⁻¹ of a recipe. Throws InputError where its palette is for another number of classes. */
export function transformOf(recipe: Settings, { classes }: Task): MaskTransform {
  const count = classes.length;
  if (recipe.tokenizerChannels === "classes") {
    const channels = (scope: Scope, labels: Tensor) => classChannels(scope, labels, count);
    return { palette: null, paint: channels, scores: (_, maskige) => maskige, shares: (_, maskige) => votes(maskige) };
  }
  const palette = paletteFor(recipe, classes);
  const colors = palette.slice(0, count);
  const scores = (scope: Scope, maskige: Tensor): Tensor => {
    const place = scope.at("inverse");
    switch (recipe.variant) {
      case "FT":
      case "TT":
        return convInverse(place, maskige, count, recipe.inverseWidth);
      case "FT-W":
        return windowInverse(place, maskige, count, windowSettings(recipe));
      case "TF":
        return linearScores(maskige, stopGradient(pseudoInverse(learnedColors(scope, colors))));
      default:
        return fixedScores(place, maskige, colors, recipe.inverse);
    }
  };
  const { scoreTemperature, inverse } = recipe;
  const soft = scoreTemperature > 0 && inverse === "nearest" && /^FF/.test(recipe.variant);
  return {
    palette,
    paint(scope, labels) {
      if (!trainsColors(recipe)) return paint(labels, colorTable(palette));
      const ignored = slice(colorTable(palette), [{ axis: 0, start: count, end: count + 1 }]);
      return paint(labels, concat([learnedColors(scope, colors), ignored], { axis: 0 }));
    },
    scores,
    shares(scope, maskige) {
      if (soft) return softmax(distanceLogits(maskige, colors, scoreTemperature), { axis: 1 });
      return trainsInverse(recipe) ? softmax(scores(scope, maskige), { axis: 1 }) : votes(scores(scope, maskige));
    },
  };
}

function windowSettings(recipe: TransformSettings): WindowInverseSettings {
  const { inverseWidth: width, inverseHeads: heads, inverseWindow: window, inverseDepth: depth } = recipe;
  return { width, heads, window, depth };
}

/** Colours that are trained, which their stage cuts to [0, 1] behind each step: [K, 3]. They begin as the palette. */
function learnedColors(scope: Scope, colors: Palette): Tensor {
  const start = float32(
    [colors.length, 3],
    colors.flat().map((value) => value / 255),
  );
  return scope.shared().at("palette").parameter("colors", [colors.length, 3], fixedInitializer(start));
}

function fixedScores(scope: Scope, maskige: Tensor, colors: Palette, inverse: TransformSettings["inverse"]): Tensor {
  if (inverse === "nearest") return nearness(maskige, colors);
  if (inverse === "pinv") {
    const { rows, columns, data } = pseudoInverseOf(colors.map((color) => color.map((value) => value / 255)));
    return linearScores(maskige, constant(float32([rows, columns], Float32Array.from(data))));
  }
  const rows = inverse === "lstsq+bias" ? 4 : 3;
  return linearScores(maskige, scope.parameter("matrix", [rows, colors.length], zerosInitializer));
}

/** 1 in the channel of a pixel's class; nothing where it has none. */
function classChannels(_: Scope, labels: Tensor, classes: number): Tensor {
  return oneHot(cast(labels, "int32"), classes, { axis: 1 });
}

/** 1 for the largest of each pixel, the first of equals. [B, K, H, W] → the same. */
function votes(scores: Tensor): Tensor {
  return oneHot(argMax(scores, { axis: 1 }), axisSize(scores, 1), { axis: 1 });
}
