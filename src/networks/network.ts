/** The networks that recipes describe, as methods take them: which one it is, its fields tell. */
import type { Named, NdArray } from "../array/ndarray.ts";
import { encoderNames, findEncoder } from "../backbones/encoders.ts";
import type { OnnxEncoderFile } from "../backbones/onnx-file.ts";
import { publishedEncoder } from "../backbones/published.ts";
import { InputError } from "../errors.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { globalAveragePool, mean, reshape } from "../ops/index.ts";
import type { WeightFile } from "../weights/read-weights.ts";
import { inEncoder, type TransferOptions } from "./transfer.ts";
import { encoder } from "./transunet/encoder.ts";
import { settingsFrom } from "./transunet/found-settings.ts";
import { transunet } from "./transunet/network.ts";
import type { TransUNetSettings } from "./transunet/settings.ts";
import { conventionOf, transferTransUNet } from "./transunet/transfer.ts";
import { headsOf, hybridVitWeights, publishedName } from "./transunet/weights.ts";
import type { Modulation } from "./unet/decoder.ts";
import { encodedBy, unet } from "./unet/network.ts";
import type { UNetSettings } from "./unet/settings.ts";
import { transferUNet } from "./unet/transfer.ts";

export type NetworkSettings = TransUNetSettings | UNetSettings;

export interface Network {
  /** Sides of pictures are multiples of this. */
  readonly multiple: number;
  /** The only sides that its pictures can have; default: all multiples. */
  readonly size?: readonly [height: number, width: number] | undefined;
  /** image: [B, 3, H, W] in [−1, 1] → one value per output and pixel, [B, outputs, H, W]. modulate: of the decoder. */
  logits(scope: Scope, image: Tensor, outputs: number, modulate?: Modulation): Tensor;
  /** The encoder's last features, averaged over all positions. image: [B, 3, H, W] in [−1, 1] → [B, C]. */
  pooled(scope: Scope, image: Tensor): Tensor;
  /**
   * The weights of `parts` as this network takes them, with a line for each thing that was changed. from: the recipe that they
   * were trained by. Throws InputError where they are of another network.
   */
  transfer(
    weights: Named<NdArray>,
    from: object,
    options: TransferOptions,
  ): { readonly weights: Named<NdArray>; readonly notes: readonly string[] };
  /** What weights say of the network that takes them: fields of its recipe. */
  adopted(weights: Named<NdArray>, from: object): Partial<NetworkSettings>;
  /** A published file of its encoder: weights, and the fields that they are of. Throws InputError for other files. */
  encoder(file: WeightFile | OnnxEncoderFile): {
    readonly weights: Named<NdArray>;
    readonly settings: Partial<NetworkSettings>;
  };
}

/** The network that a recipe describes. */
export function networkOf(settings: NetworkSettings): Network {
  return "encoder" in settings ? uNetOf(settings) : transUNetOf(settings);
}

/** The ONNX file of a recipe's encoder; undefined where it has none. Methods of others may mean anything by `encoder`. */
export function encoderFileOf(recipe: object): Uint8Array | undefined {
  const { encoder } = recipe as Partial<UNetSettings>;
  return encoder !== undefined && encoderNames().includes(encoder) ? findEncoder(encoder).file : undefined;
}

function uNetOf(settings: UNetSettings): Network {
  const { multiple, size } = findEncoder(settings.encoder);
  return {
    multiple,
    size,
    logits: (scope, image, outputs, modulate) => unet(scope, image, outputs, settings, { modulate }).logits,
    pooled(scope, image) {
      const { map } = encodedBy(scope, image, settings).at(-1)!;
      return reshape(globalAveragePool(map), [map.shape[0], map.shape[1]]);
    },
    transfer: (weights, from, options) => transferUNet(weights, from, settings, options),
    adopted(weights, from) {
      const { encoder: name, encoderNorms: norms } = from as Partial<UNetSettings>;
      if (name === undefined || norms === undefined || !hasEncoder(weights)) return {};
      const same = (norms === "folded") === (settings.encoderNorms === "folded");
      return { encoder: name, encoderNorms: same ? settings.encoderNorms : norms };
    },
    encoder(file) {
      if (file.kind === "onnx") return { weights: prefixed(file.tensors), settings: { encoder: file.encoder } };
      const { encoders, norms, weights } = publishedEncoder(file);
      const name = encoders.includes(settings.encoder) ? settings.encoder : encoders[0];
      return { weights: prefixed(weights), settings: { encoder: name, encoderNorms: norms } };
    },
  };
}

function transUNetOf(settings: TransUNetSettings): Network {
  return {
    multiple: 16,
    logits: (scope, image, outputs, modulate) =>
      transunet(scope, image, outputs, settings, modulate && { modulate }).logits,
    // Differs: the published files were trained on a class token, which TransUNet's encoder does not have.
    pooled: (scope, image) =>
      mean(encoder(scope.drawnAs(publishedName).at("encoder"), image, settings).tokens, { axes: [1] }),
    transfer: (weights, from, options) => transferTransUNet(weights, from as TransUNetSettings, settings, options),
    adopted: (weights, from) => conventionOf(weights, from as TransUNetSettings),
    encoder(file) {
      if (file.kind !== "npz") {
        throw new InputError(
          `${file.where}: expected the weights of a hybrid vision transformer (R50+ViT-B_16.npz), got another kind of file. For other encoders choose a recipe that has the key encoder.`,
        );
      }
      const weights = hybridVitWeights(file.tensors, file.where, { patchOnly: settings.stageUnits.length === 0 });
      const heads = headsOf(file.tensors);
      const found = { ...settingsFrom(weights, file.where), ...(heads !== undefined && { heads }) };
      return { weights, settings: { ...found, encoderConvention: "jax" } };
    },
  };
}

function hasEncoder(weights: Named<NdArray>): boolean {
  return Object.keys(weights).some(inEncoder);
}

function prefixed(weights: Named<NdArray>): Named<NdArray> {
  return Object.fromEntries(Object.entries(weights).map(([name, array]) => [`encoder.${name}`, array]));
}
