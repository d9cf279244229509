/** From class maps to the labels that a segmentation network learns: saliency, the background's score and a dense CRF, as asked for. */
import { float32, type NdArray } from "../../array/ndarray.ts";
import type { Labels } from "../../data/sample.ts";
import { IGNORE, type Image, type LabelMap } from "../../image/image.ts";
import { crfSettings } from "../../refinement/crf-settings.ts";
import { denseCrf } from "../../refinement/dense-crf.ts";
import { likeliest } from "../../refinement/refine-labels.ts";
import { pseudoMask, salientMask } from "./cam.ts";

export const camSaliencyNames = ["none", "background", "mean"] as const;
export const camCrfNames = ["none", "constant", "alpha", "agreed"] as const;

export interface PseudoLabelSettings {
  /** Score of the background, 0 … 1. */
  readonly camThreshold: number;
  /**
   * `background`: where it is at most a half there is none of the classes, and where it is more and no map exceeds the threshold nothing
   * is known (the release's option). `mean`: each map is averaged with it, ours.
   */
  readonly camSaliency: (typeof camSaliencyNames)[number];
  /** Weight of saliency in `mean`, above 0 and below 1; the map has the rest. */
  readonly camSaliencyWeight: number;
  /**
   * A dense CRF on the scores. `constant`: the background's is the threshold. `alpha`: (1 − the largest map) to the first power of
   * `camAlphas`. `agreed`: what that and the second say, and nothing is known elsewhere. AffinityNet and SEAM have 4 and 24.
   */
  readonly camCrf: (typeof camCrfNames)[number];
  /** Two powers of the background's score, the more likely one first. */
  readonly camAlphas: readonly number[];
}

/** Maps with the saliency's shape, where that is asked for and there is one: [T, H, W] in [0, 1]. */
export function shapedMaps(
  maps: NdArray,
  saliency: LabelMap | undefined,
  { camSaliency, camSaliencyWeight: weight }: Pick<PseudoLabelSettings, "camSaliency" | "camSaliencyWeight">,
): NdArray {
  if (camSaliency !== "mean" || saliency === undefined) return maps;
  const shape = shares(saliency);
  const values = maps.data as Float32Array;
  return float32(
    maps.shape,
    values.map((value, i) => (1 - weight) * value + weight * shape[i % shape.length]),
  );
}

/**
 * maps: those of `shapedMaps`; labels: of the maps; of: the photograph's own, for its saliency; background: what the rest is. A photograph
 * without maps is background, and one without saliency is as if none were asked for.
 */
export function pseudoLabels(
  maps: NdArray,
  labels: readonly number[],
  image: Image,
  { saliency }: Pick<Labels, "saliency">,
  {
    camThreshold: threshold,
    camSaliency,
    camCrf,
    camAlphas,
    background,
  }: PseudoLabelSettings & { readonly background: number },
): LabelMap {
  const { width, height } = image;
  if (labels.length === 0) return { width, height, data: new Uint8Array(width * height).fill(background) };
  const refined = (score: (most: number) => number) => {
    const { data, ...size } = likeliest(denseCrf(withBackground(maps, score), image, crfSettings.cam));
    return { ...size, data: data.map((at) => (at === 0 ? background : labels[at - 1])) };
  };
  const power = (alpha: number) => refined((most) => (1 - most) ** alpha);
  const options = { threshold, background };
  switch (camCrf) {
    case "constant":
      return cut(refined(() => threshold));
    case "alpha":
      return cut(power(camAlphas[0]));
    case "agreed": {
      const [likely, unlikely] = camAlphas.map(power);
      const agreed = likely.data.map((label, i) => (label === unlikely.data[i] ? label : IGNORE));
      return cut({ ...likely, data: agreed });
    }
    default:
      return camSaliency === "background" && saliency !== undefined
        ? salientMask(maps, labels, shares(saliency), options)
        : pseudoMask(maps, labels, options);
  }

  /** What saliency has to say behind the CRF. */
  function cut(mask: LabelMap): LabelMap {
    if (camSaliency !== "background" || saliency === undefined) return mask;
    const salient = shares(saliency);
    // Salient background: no class was found there, so nothing is known.
    const data = mask.data.map((label, i) => {
      if (salient[i] <= 0.5) return background;
      return label === background ? IGNORE : label;
    });
    return { ...mask, data };
  }
}

/** Scores with the background's first, of the largest map: [1 + T, H, W]. */
export function withBackground({ shape: [count, height, width], data }: NdArray, score: (most: number) => number) {
  const pixels = height * width;
  const values = data as Float32Array;
  const out = new Float32Array((count + 1) * pixels);
  for (let i = 0; i < pixels; i++) {
    let most = 0;
    for (let k = 0; k < count; k++) most = Math.max(most, values[k * pixels + i]);
    out[i] = score(most);
  }
  out.set(values, pixels);
  return float32([count + 1, height, width], out);
}

/** Bytes as shares of 1. */
function shares(saliency: LabelMap): Float32Array {
  return Float32Array.from(saliency.data, (value) => value / 255);
}
