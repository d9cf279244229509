import type { Norms } from "../../backbones/encoder.ts";
import type { DeepLabHead } from "../deeplab/heads.ts";

/** What a recipe says of a network of encoder and decoder. */
export interface UNetSettings {
  /** By name, see `backbones/encoders.ts`. */
  readonly encoder: string;
  /** `batch`: of each batch while the encoder trains. `frozen`: running averages always. `folded`: none, see `Norms`. */
  readonly encoderNorms: Norms;
  /** Learning rate of the encoder, as a fraction of the recipe's; 0: it keeps its weights. */
  readonly encoderRate: number;
  /** Stride of the encoder's last maps, where it can be chosen; 16 and 8 widen kernels in place of further strides. */
  readonly encoderStride: 32 | 16 | 8;
  /** 2: photographs are made twice as large before they are encoded. For small ones: encoders know things of some size. */
  readonly magnification: 1 | 2;
  /**
   * `unet`: blocks that double the size and join the encoder's maps. `linear`: batch norm and one 1×1 convolution on the last
   * map. `convolutional`: a 1×1 convolution, then one of 3×3 with a norm for each further width, then the scores. `aspp`, `large-fov` and
   * `deep-aspp`: DeepLab's heads on the last map, see `networks/deeplab/heads.ts`; the latter two are as wide as the first width says.
   */
  readonly decoder: "unet" | "linear" | "convolutional" | DeepLabHead;
  /** `batch`: each of the encoder's maps passes a batch norm before the U-Net's blocks see it. `none`: they see it as it is. */
  readonly mapNorms: "none" | "batch";
  readonly upsampling: "nearest" | "bilinear";
  /** Of the blocks, from the smallest map; for `convolutional`, of its convolutions. */
  readonly decoderChannels: readonly number[];
  /** 1: the blocks go on to the picture's size. 2, 4: to that part of it, and scores are resized bilinearly. */
  readonly outputStride: 1 | 2 | 4;
}

/** The decoder of segmentation_models.pytorch at its default width, on MobileNetV2. */
export const usualUNet: UNetSettings = {
  encoder: "mobilenet-v2",
  encoderNorms: "batch",
  encoderRate: 1,
  encoderStride: 32,
  magnification: 1,
  decoder: "unet",
  mapNorms: "none",
  upsampling: "nearest",
  decoderChannels: [256, 128, 64, 32, 16],
  outputStride: 1,
};
