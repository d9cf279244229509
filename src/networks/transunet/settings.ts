/** What a recipe says of a TransUNet: every method that trains one has these fields. */
export interface TransUNetSettings {
  /** Training crop, pixels: the position embedding is made for its grid of tokens. */
  readonly cropHeight: number;
  readonly cropWidth: number;

  // Encoder: a residual network with weight-standardised convolutions, then a transformer.
  /** Padding, pooling and norms as in TransUNet's code, or as in the JAX code that trained the published hybrids. */
  readonly encoderConvention: "transunet" | "jax";
  /** How weights start: framework defaults as in TransUNet, or as in the JAX code, with He-uniform decoder convolutions. */
  readonly initialization: "transunet" | "jax";
  /** Channels after the first convolution; the stages have 4, 8 and 16 times as many. */
  readonly stemWidth: number;
  /** Groups of the group norms. */
  readonly normGroups: number;
  /** Residual units of the three stages; empty: no residual network, patches of 16 × 16 pixels are the tokens. */
  readonly stageUnits: readonly number[];
  readonly tokenWidth: number;
  readonly layers: number;
  readonly heads: number;
  /** Hidden width of the transformer's MLPs. */
  readonly mlpWidth: number;
  /** After the position embedding, in the MLPs and on the attention's result. */
  readonly dropout: number;
  readonly attentionDropout: number;

  // Decoder: four blocks that each double the size.
  /** Channels of the convolution before the blocks. */
  readonly headChannels: number;
  /** Channels of the four blocks. */
  readonly decoderChannels: readonly number[];
  /** Multiplies `headChannels` and `decoderChannels`. */
  readonly widthMultiplier: number;
  /** How many of the encoder's feature maps the blocks are given, deepest first: 0 to 3. */
  readonly skips: number;
  /** 1: class scores are computed for each pixel. 2, 4: for each 2 × 2 or 4 × 4, then resized; later blocks are left out. */
  readonly outputStride: 1 | 2 | 4;
}

/** R50+ViT-B/16 at 224 pixels with TransUNet's decoder: the published size (Chen et al. 2021). */
export const publishedTransUNet: TransUNetSettings = {
  cropHeight: 224,
  cropWidth: 224,
  encoderConvention: "transunet",
  initialization: "transunet",
  stemWidth: 64,
  normGroups: 32,
  stageUnits: [3, 4, 9],
  tokenWidth: 768,
  layers: 12,
  heads: 12,
  mlpWidth: 3072,
  dropout: 0.1,
  attentionDropout: 0,
  headChannels: 512,
  decoderChannels: [256, 128, 64, 16],
  widthMultiplier: 1,
  skips: 3,
  outputStride: 1,
};
