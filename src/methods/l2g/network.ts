/** The classification network whose last step is a mean over places, so that its class maps are what it classifies by. */
import { deepestMaps, type Norms } from "../../backbones/encoder.ts";
import { encode, findEncoder } from "../../backbones/encoders.ts";
import { resNet38 } from "../../backbones/resnet38.ts";
import { type VggOptions, vgg16 } from "../../backbones/vgg.ts";
import { heNormalInitializer, xavierUniformInitializer, zerosInitializer } from "../../graph/initializer.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { conv2d } from "../../nn/conv.ts";
import { type Normalization, renormalized } from "../../nn/image-input.ts";
import { add, axisSize, concat, mean, relu, resize, slice, stopGradient } from "../../ops/index.ts";
import { correlate } from "./correlation.ts";

/** What is made of a picture before it is classified: two maps that places are compared by, and the features. */
export interface PlaceFeatures {
  readonly early: Tensor;
  readonly late: Tensor;
  /** [B, D, h, w] */
  readonly last: Tensor;
}

export interface HeadSettings {
  /** Channels that the early and the late map are brought to, and those of the embedding. */
  readonly earlyChannels: number;
  readonly lateChannels: number;
  readonly affinityChannels: number;
  /** False: no pixel correlation, the scores of the features alone. */
  readonly correlation: boolean;
  /**
   * First values of the layer that gives the scores. `xavier` as published. `zeros`, ours: features that are large, as those of
   * MobileNet, give scores at which the softmax has no gradient left, and the global network learns nothing for hundreds of steps.
   */
  readonly scoreStart: "xavier" | "zeros";
}

/** As published, on ResNet-38. */
export const usualHead: HeadSettings = {
  earlyChannels: 64,
  lateChannels: 128,
  affinityChannels: 192,
  correlation: true,
  scoreStart: "xavier",
};

export interface Classified {
  /** Scores of each place, the background last: [B, C + 1, h, w]. Raw. */
  readonly maps: Tensor;
  /** Means over places of the classes' maps, without the background's: [B, C]. */
  readonly logits: Tensor;
  /** What places are compared by, [B, 3 + early + late, h, w], and the features averaged so; absent without correlation. */
  readonly compared?: Tensor;
  readonly refined?: Tensor;
  /** Scores of the features alone, the plain CAM: [B, C + 1, h, w]. */
  readonly plain: Tensor;
}

/**
 * Scores of places from features and from features averaged over places that look alike, added. The maps that places are compared by get
 * no gradient, their projections do. Parameters: scores, early, late, affinity; no biases.
 *
 * x: [B, 3, H, W], normalized; classes: C.
 */
export function classify(
  scope: Scope,
  x: Tensor,
  places: PlaceFeatures,
  classes: number,
  settings: HeadSettings,
): Classified {
  const { last } = places;
  const scores = scope.at("scores").shared();
  const initializer = settings.scoreStart === "zeros" ? zerosInitializer : xavierUniformInitializer();
  const score = (features: Tensor) => conv2d(scores, features, classes + 1, { kernel: 1, bias: false, initializer });
  const plain = score(last);
  if (!settings.correlation) return { maps: plain, logits: pooled(plain), plain };
  const compared = comparedMaps(scope, x, places, settings);
  const refined = correlate(scope.at("affinity"), last, compared, { channels: settings.affinityChannels });
  const maps = add(plain, score(refined));
  return { maps, logits: pooled(maps), plain, compared, refined };
}

/**
 * What places are compared by: the picture, and the early and the late map projected, all at the size of the features. activation: behind
 * the projections. Parameters: early, late. → [B, 3 + early + late, h, w]
 */
export function comparedMaps(
  scope: Scope,
  x: Tensor,
  { early, late, last }: PlaceFeatures,
  { earlyChannels, lateChannels }: Pick<HeadSettings, "earlyChannels" | "lateChannels">,
  activation = (map: Tensor) => map,
): Tensor {
  const size = [axisSize(last, 2), axisSize(last, 3)] as const;
  const options = { kernel: 1, bias: false, initializer: heNormalInitializer("fanIn") } as const;
  const project = (name: string, map: Tensor, channels: number) =>
    resized(activation(conv2d(scope.at(name), stopGradient(map), channels, options)), size);
  const projections = [project("early", early, earlyChannels), project("late", late, lateChannels)];
  return concat([resize(x, size, { alignCorners: true }), ...projections], { axis: 1 });
}

function resized(map: Tensor, size: readonly [number, number]): Tensor {
  const isSame = map.shape[2] === size[0] && map.shape[3] === size[1];
  return isSame ? map : resize(map, size, { alignCorners: true });
}

/** maps: [B, C + 1, h, w] → [B, C]: the background, last, is left out. */
export function pooled(maps: Tensor): Tensor {
  return mean(slice(maps, [{ axis: 1, start: 0, end: axisSize(maps, 1) - 1 }]), { axes: [2, 3] });
}

/** ResNet-38's maps by their names in the authors' code. x: normalized. */
export function resNet38Places(scope: Scope, x: Tensor, options: Parameters<typeof resNet38>[2]): PlaceFeatures {
  const maps = resNet38(scope, x, { norms: "frozen", ...options });
  return { early: maps[2].map, late: maps[3].map, last: maps[5].map };
}

/** VGG-16 at stride 8 with three further convolutions `extra1` … `extra3` of the head as L2G's code has it. x: normalized. */
export function vggPlaces(
  scope: Scope,
  head: Scope,
  x: Tensor,
  options: Pick<VggOptions, "width" | "channels" | "units"> = {},
): PlaceFeatures {
  const { maps, pooledFourth } = vgg16(scope, x, { ...options, outputStride: 8 });
  const late = maps.at(-1)!.map;
  let last = late;
  for (const i of [1, 2, 3]) {
    last = relu(conv2d(head.at(`extra${i}`), last, axisSize(late, 1), { kernel: 3, padding: 1 }));
  }
  return { early: pooledFourth.map, late, last };
}

export interface ClassifierSettings extends HeadSettings {
  /** By name, see `backbones/encoders.ts`; `resnet38` and `vgg16` as the authors have them. */
  readonly encoder: string;
  /** The local network's, where it is another one; `same`: as the global one's. */
  readonly localEncoder: string;
  /** Of a local encoder of its own, as `encoderNorms`: its file tells. */
  readonly localNorms: "frozen" | "folded";
  /** Channels of the first stage of `resnet38` and `vgg16`, and units (convolutions) of each stage; 0 and none: as published. */
  readonly encoderWidth: number;
  readonly encoderUnits: readonly number[];
  readonly encoderStride: 32 | 16 | 8;
  /** By which mean and deviation pixels are seen: the encoder's own (ImageNet's), or COCO's, as the release on COCO. */
  readonly viewNormalization: (typeof viewNormalizations)[number];
  /** `folded` where the encoder's weights have none. Others are frozen, whatever a recipe says: the pair trains so. */
  readonly encoderNorms: Norms;
}

export const viewNormalizations = ["encoder", "coco"] as const;

/** Of COCO's photographs, as L2G's release has them. */
export const cocoNormalization: Normalization = {
  mean: [0.471 * 255, 0.448 * 255, 0.408 * 255],
  deviation: [0.234 * 255, 0.239 * 255, 0.242 * 255],
};

/** The two networks of the pair. */
export const pairNames = ["global", "local"] as const;
export type PairName = (typeof pairNames)[number];

/** The encoder that a network stands on, by name. */
export function encoderOf(
  network: PairName,
  { encoder, localEncoder }: Pick<ClassifierSettings, "encoder" | "localEncoder">,
): string {
  return network === "local" && localEncoder !== "same" ? localEncoder : encoder;
}

/** Whether an encoder of the pair has a size that no other network here takes. */
export function isResized({
  encoderWidth,
  encoderUnits,
}: Pick<ClassifierSettings, "encoderWidth" | "encoderUnits">): boolean {
  return encoderWidth > 0 || encoderUnits.length > 0;
}

/** Units of the stages of an encoder of the pair: a local one of another kind has its published ones, none here. */
export function unitsOf(
  name: string,
  { encoder, encoderUnits }: Pick<ClassifierSettings, "encoder" | "encoderUnits">,
): readonly number[] {
  return name === encoder ? encoderUnits : [];
}

/** Encoder and heads of a network are parts of their own, `globalEncoder`, `globalHead`: a pretrained file has only the first. */
export function partOf(scope: Scope, network: PairName, part: "Encoder" | "Head"): Scope {
  return scope.at(`${network}${part}`);
}

/** image: [B, 3, H, W] in [−1, 1]. */
export function classifier(
  scope: Scope,
  network: PairName,
  image: Tensor,
  classes: number,
  settings: ClassifierSettings,
): Classified {
  const name = encoderOf(network, settings);
  const isOwn = network === "local" && settings.localEncoder !== "same";
  const norms = (isOwn ? settings.localNorms : settings.encoderNorms) === "folded" ? "folded" : "frozen";
  const normalization = normalizationOf(name, settings);
  const x = renormalized(image, normalization);
  const [encoder, head] = [partOf(scope, network, "Encoder"), partOf(scope, network, "Head")];
  return classify(
    head,
    x,
    placesOf(
      encoder,
      head,
      { image, x },
      { ...settings, encoder: name, encoderUnits: unitsOf(name, settings), encoderNorms: norms },
    ),
    classes,
    settings,
  );
}

function normalizationOf(encoder: string, { viewNormalization }: ClassifierSettings): Normalization {
  return viewNormalization === "coco" ? cocoNormalization : findEncoder(encoder).normalization;
}

function placesOf(
  place: Scope,
  head: Scope,
  { image, x }: { readonly image: Tensor; readonly x: Tensor },
  settings: ClassifierSettings,
): PlaceFeatures {
  const { encoderWidth, encoderUnits } = settings;
  const width = encoderWidth > 0 && { width: encoderWidth };
  const units = encoderUnits.length > 0 && { units: encoderUnits };
  if (settings.encoder === "resnet38") return resNet38Places(place, x, { ...width, ...units });
  if (settings.encoder === "vgg16") return vggPlaces(place, head, x, { ...width, ...units });
  const encoder = { ...findEncoder(settings.encoder), normalization: normalizationOf(settings.encoder, settings) };
  const maps = deepestMaps(
    encode(encoder, place, image, {
      norms: settings.encoderNorms,
      ...(encoder.dilates && { outputStride: settings.encoderStride }),
    }),
  );
  const last = maps.at(-1)!.map;
  return { early: (maps.at(-3) ?? maps[0]).map, late: (maps.at(-2) ?? maps[0]).map, last };
}
