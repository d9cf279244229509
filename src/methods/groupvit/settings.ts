/** The image encoder: stages of a vision transformer, each but the last ending in a grouping block. */
export interface ImageEncoderSettings {
  /** Sides of a training image, pixels: positions are kept for its grid of patches. */
  readonly imageSize: number;
  /** Sides of a patch, pixels. */
  readonly patchSize: number;
  /**
   * Ours, none in the paper: channels of 3 × 3 convolutions of stride 2 that see the photograph first, multiples of 8. A patch still covers
   * `patchSize` pixels. With a convolutional stem transformers learn faster (Xiao et al. 2021, "Early convolutions help transformers see better").
   */
  readonly stemChannels: readonly number[];
  /** Of the tokens of the first stage. */
  readonly width: number;
  /** What `width` is multiplied by in each stage. */
  readonly widthFactors: readonly number[];
  /** Of each stage. */
  readonly heads: readonly number[];
  /**
   * Transformer blocks of each stage. With a single stage nothing is grouped: a plain vision transformer, each of whose patches is
   * compared with words by itself.
   */
  readonly depths: readonly number[];
  /** Learned group tokens of each stage; those of a stage that groups must be above 0. */
  readonly groupTokens: readonly number[];
  /** Segments that each stage but the last makes of its tokens; what is listed beyond is not used. */
  readonly outputGroups: readonly number[];
  /** Hidden width of the MLPs, as a multiple of the tokens' width. */
  readonly mlpRatio: number;
  /** The same in a grouping block: of the MLP along the group tokens, and of the one over channels. */
  readonly assignMlpRatio: readonly number[];
  /**
   * How tokens are given to groups. `hard`: each to one, drawn with Gumbel noise in training (`gumbelNoise`) and the likeliest in
   * prediction, with the gradient of its probabilities. `soft`: by the probabilities themselves, never with noise.
   */
  readonly assignment: "hard" | "soft";
  /** Whether hard assignment is noisy in training; if not, each token goes to its likeliest group there, too. */
  readonly gumbelNoise: boolean;
  /** Temperature of the noisy assignment: the scores and their noise are divided by it. */
  readonly gumbelTau: number;
  /** Whether a segment is the sum of its tokens, or their sum divided by how many they are and `assignEps`. */
  readonly sumAssign: boolean;
  readonly assignEps: number;
  /** Deviation of the linear layers' first numbers on the side of images. */
  readonly initialDeviation: number;
  /** Of stochastic depth in the last block; it grows evenly from 0 in the first. */
  readonly dropPath: number;
  /** Position vectors: learned, or fixed sines and cosines. */
  readonly position: "learned" | "sinusoidal";
}

/** What a recipe says of a GroupViT: image encoder, text encoder, projections and what their losses need. */
export interface GroupViTSettings extends ImageEncoderSettings {
  // Text encoder: a causal transformer.
  /** Most tokens of a text. */
  readonly textContext: number;
  readonly textWidth: number;
  readonly textHeads: number;
  readonly textLayers: number;
  /** Token ids are 0 … textVocabulary − 1. */
  readonly textVocabulary: number;
  /** A text is the vector at the first place of this id; −1: of the largest id in it. */
  readonly textEndToken: number;

  // What both become, and how they are compared.
  /** Hidden width of the two projections; 0: each is one linear layer, without a norm. */
  readonly projectionHidden: number;
  /** Width of the vectors that images and texts are compared by. */
  readonly projectionWidth: number;
  /** Prompted nouns of each caption that the multi-label loss takes; 0: without that loss. */
  readonly prompts: number;
  /** Whether the multi-label loss has the temperature of the contrastive one, or its own. */
  readonly sharedTemperature: boolean;
  /**
   * What is taken of an image's own prompts in the multi-label loss: the mean of their log-probabilities, as in the
   * authors' code, or the logarithm of their summed probability, as in the paper.
   */
  readonly multiLabelForm: "mean-of-logs" | "log-of-sum";
  /**
   * Which prompts are right of an image in the multi-label loss: `own`, as in the paper, or also those of other images whose word
   * is in its captions (`same-word`). With `own` a word of many images says little: all of them are told from it but one.
   */
  readonly promptMatches: "own" | "same-word";
}

/** That of GroupViT-S with two grouping stages at 224 pixels (Xu et al. 2022). */
export const publishedImageEncoder: ImageEncoderSettings = {
  imageSize: 224,
  patchSize: 16,
  stemChannels: [],
  width: 384,
  widthFactors: [1, 1, 1],
  heads: [6, 6, 6],
  depths: [6, 3, 3],
  groupTokens: [64, 8, 0],
  outputGroups: [64, 8],
  mlpRatio: 4,
  assignMlpRatio: [0.5, 4],
  assignment: "hard",
  gumbelNoise: true,
  gumbelTau: 1,
  sumAssign: false,
  assignEps: 1,
  initialDeviation: 0.02,
  dropPath: 0.1,
  position: "learned",
};

/** Ours, for crops of 96 pixels: captions on two cores, and masks that begin with what they taught. */
export const smallImageEncoder: ImageEncoderSettings = {
  ...publishedImageEncoder,
  imageSize: 96,
  patchSize: 8,
  width: 128,
  heads: [4, 4, 4],
  depths: [3, 2, 1],
  groupTokens: [32, 8, 0],
  outputGroups: [32, 8],
  dropPath: 0.05,
};

/** GroupViT-S with two grouping stages at 224 pixels: the released models (Xu et al. 2022). */
export const publishedGroupViT: GroupViTSettings = {
  ...publishedImageEncoder,
  textContext: 77,
  textWidth: 256,
  textHeads: 4,
  textLayers: 12,
  textVocabulary: 49_408,
  textEndToken: -1,
  projectionHidden: 4096,
  projectionWidth: 256,
  prompts: 3,
  sharedTemperature: false,
  multiLabelForm: "mean-of-logs",
  promptMatches: "own",
};

/** The paper's model with one grouping stage; its weights were never released. */
export const oneStageGroupViT: GroupViTSettings = {
  ...publishedGroupViT,
  widthFactors: [1, 1],
  heads: [6, 6],
  depths: [6, 6],
  groupTokens: [64, 0],
  outputGroups: [8],
};
