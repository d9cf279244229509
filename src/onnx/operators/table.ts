/**
 * The operators of ONNX (domain ai.onnx, operator sets 7 to 25) that we read: what each takes and gives, and at which
 * operator set that changed. Facts from ONNX's `docs/Changelog.md`; `signature.ts` reads the notation:
 *
 *   name: "since inputs > outputs attributes; since+ …; since! …"
 *
 * - `since+`: from this operator set on there is more (attributes, inputs, values of an attribute); what was valid
 *   before means the same. Only what is new is written; inputs and outputs if their number changed.
 * - `since!`: from this operator set on the operator is another one. Everything is written again.
 * - `since x`: from this operator set on there is no such operator.
 * - An input or output is a letter for the element types that it may have in operator set 20 (`types` below); those with
 *   the same number after it have the same type. `?`: may be left out. `*`: any number from one on.
 * - An attribute is `name:kind`; `!`: must be there. Kinds: `i` integer, `n` 0 or more, `p` 1 or more, `b` 0 or 1, `a` an
 *   axis of the first input, `l` any 64-bit integer; with an `s` a list of them. `f` and `fs` floats, `s` and `ss` texts,
 *   `t` a tensor, `st` a sparse one; `one|two`: one of these texts.
 *
 * Where ONNX Runtime's CPU kernels take less than ONNX allows, or have an operator longer, this is what they take.
 */
import type { Dtype } from "../../array/dtype.ts";
import type { Named } from "../../array/ndarray.ts";

const all = "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 bool";

/** Element types by letter, as far as we have arrays for them. */
export const types: Named<readonly Dtype[]> = Object.fromEntries(
  Object.entries({
    A: all,
    B: "bool",
    C: "uint8",
    D: "int32 int8 uint8",
    F: "float16 float32 float64",
    G: "float16 float32 float64 int8 int16 int32 int64",
    H: "float16 float32 float64 int8 uint8",
    I: "int32 int64",
    J: "int32",
    K: "float16 float32 float64 int32 int64 int8 uint8 bool",
    L: "int64",
    M: "float16 float32 float64 int32 int64",
    N: "float16 float32 float64 int8 int16 int32 int64 uint8 uint16",
    P: "float16 float32 int32",
    Q: "int8 uint8",
    R: "float16 float32 float64 int32 int64 int8 uint8",
    S: "float32",
    T: "float32 float64 int16 int32 int64",
    X: "int8 int16 int32 int64 uint8 uint16",
    Y: "float16 float32",
  }).map(([letter, names]) => [letter, names.split(" ") as Dtype[]]),
);

const padding = "auto_pad:NOTSET|SAME_UPPER|SAME_LOWER|VALID";
const borders = "constant|reflect|edge";
const coordinates = "half_pixel|pytorch_half_pixel|align_corners|asymmetric|tf_crop_and_resize|tf_half_pixel_for_nn";
const roundings = "round_prefer_floor|round_prefer_ceil|floor|ceil";
const interpolations = "nearest|linear|cubic";
const reduction = "7 M1 > M1 axes:as keepdims:b; ";
const reductionOfInput = "M1 L? > M1 keepdims:b noop_with_empty_axes:b";

export const operators: Named<string> = {
  Abs: "7 N1 > N1",
  Acos: "7 F1 > F1",
  Acosh: "9 F1 > F1",
  Add: "7 N1 N1 > N1",
  AffineGrid: "20 F1 L > F1 align_corners:b",
  And: "7 B1 B1 > B",
  ArgMax: "7 N > L axis:a keepdims:b; 12+ select_last_index:b",
  ArgMin: "7 N > L axis:a keepdims:b; 12+ select_last_index:b",
  Asin: "7 F1 > F1",
  Asinh: "9 F1 > F1",
  Atan: "7 F1 > F1",
  Atanh: "9 F1 > F1",
  AveragePool: `7 F1 > F1 ${padding} count_include_pad:b kernel_shape:ps! pads:ns strides:ps; 10+ ceil_mode:b; 19+ dilations:ps`,
  BatchNormalization:
    "7 F1 F1 F1 F1 F1 > F1 F1? F1? F1? F1? epsilon:f momentum:f spatial:b; 9! F1 F1 F1 F1 F1 > F1 F1? F1? F1? F1? epsilon:f momentum:f; 14! F1 F2 F2 F3 F3 > F1 F3? F3? epsilon:f momentum:f training_mode:b",
  BitShift: "11 C1 C1 > C1 direction:LEFT|RIGHT!",
  BitwiseAnd: "18 X1 X1 > X1",
  BitwiseNot: "18 X1 > X1",
  BitwiseOr: "18 X1 X1 > X1",
  BitwiseXor: "18 X1 X1 > X1",
  BlackmanWindow: "17 I > N output_datatype:i periodic:b",
  Cast: "7 A > A to:i!; 19+ saturate:b; 24+ round_mode:s",
  CastLike: "15 A A1 > A1; 19+ saturate:b; 24+ round_mode:s",
  Ceil: "7 F1 > F1",
  Celu: "12 S1 > S1 alpha:f",
  CenterCropPad: "18 A1 I > A1 axes:as",
  Clip: "7 F1 > F1 max:f min:f; 11! N1 N1? N1? > N1",
  Col2Im: "18 A1 L L > A1 dilations:ps pads:ns strides:ps",
  Compress: "9 A1 B > A1 axis:a",
  Concat: "7 A1* > A1 axis:a!",
  Constant:
    "7 > A value:t!; 11! > A sparse_value:st value:t; 12+ value_float:f value_floats:fs value_int:l value_ints:ls value_string:s value_strings:ss",
  ConstantOfShape: "9 L > A value:t",
  Conv: `7 F1 F1 F1? > F1 ${padding} dilations:ps group:p kernel_shape:ps pads:ns strides:ps`,
  ConvInteger: `10 Q1 Q2 Q1? Q2? > J ${padding} dilations:ps group:p kernel_shape:ps pads:ns strides:ps`,
  ConvTranspose: `7 F1 F1 F1? > F1 ${padding} dilations:ps group:p kernel_shape:ps output_padding:ns output_shape:is pads:ns strides:ps`,
  Cos: "7 F1 > F1",
  Cosh: "9 F1 > F1",
  CumSum: "11 M1 I > M1 exclusive:b reverse:b",
  DeformConv: "19 F1 F1 F1 F1? F1? > F1 dilations:ps group:p kernel_shape:ps offset_group:p pads:ns strides:ps",
  DepthToSpace: "7 A1 > A1 blocksize:p!; 11+ mode:DCR|CRD",
  DequantizeLinear:
    "10 D1 S D1? > S; 13+ axis:i; 19+ D1 Y2 D1? > Y2; 21+ block_size:n; 23+ D1 Y D1? > F output_dtype:i",
  Det: "11 F1 > F1",
  DFT: "17 F1 I? > F1 axis:a inverse:b onesided:b; 20! F1 I? L? > F1 inverse:b onesided:b",
  Div: "7 N1 N1 > N1",
  Dropout: "7 F1 > F1 B? ratio:f; 12! F1 F? B2? > F1 B2? seed:l",
  DynamicQuantizeLinear: "11 S > C1 S C1",
  Einsum: "12 N1* > N1 equation:s!",
  Elu: "7 F1 > F1 alpha:f",
  Equal: "7 A1 A1 > B",
  Erf: "9 N1 > N1",
  Exp: "7 F1 > F1",
  Expand: "8 A1 L > A1",
  EyeLike: "9 A > A dtype:i k:i",
  Flatten: "7 A1 > A1 axis:i",
  Floor: "7 F1 > F1",
  Gather: "7 A1 I > A1 axis:a",
  GatherElements: "11 A1 I > A1 axis:a",
  GatherND: "11 A1 L > A1; 12+ batch_dims:n",
  Gelu: "20 F1 > F1 approximate:none|tanh",
  Gemm: "7 M1 M1 M1 > M1 alpha:f beta:f transA:b transB:b; 11+ M1 M1 M1? > M1",
  GlobalAveragePool: "7 F1 > F1",
  GlobalLpPool: "7 F1 > F1 p:p",
  GlobalMaxPool: "7 F1 > F1",
  Greater: "7 N1 N1 > B",
  GreaterOrEqual: "12 N1 N1 > B",
  GridSample:
    "16 A1 F > A1 align_corners:b mode:bilinear|nearest|bicubic padding_mode:zeros|border|reflection; 20! A1 F > A1 align_corners:b mode:linear|nearest|cubic padding_mode:zeros|border|reflection",
  GroupNormalization:
    "18 F1 F1 F1 > F1 epsilon:f num_groups:p!; 21! F1 F1 F1 > F1 epsilon:f num_groups:p! stash_type:i",
  GRU: "7 F1 F1 F1 F1? J? F1? > F1? F1? activation_alpha:fs activation_beta:fs activations:ss clip:f direction:forward|reverse|bidirectional hidden_size:p linear_before_reset:b; 14+ layout:b",
  HammingWindow: "17 I > N output_datatype:i periodic:b",
  HannWindow: "17 I > N output_datatype:i periodic:b",
  Hardmax: "7 F1 > F1 axis:a; 13! F1 > F1 axis:a",
  HardSigmoid: "7 F1 > F1 alpha:f beta:f",
  HardSwish: "14 F1 > F1",
  Identity: "7 A1 > A1",
  InstanceNormalization: "7 F1 F1 F1 > F1 epsilon:f",
  IsInf: "10 F > B detect_negative:b detect_positive:b",
  IsNaN: "9 F > B",
  LayerNormalization: "7 F1 F1 F1? > F1 S2? S2? axis:a epsilon:f stash_type:i",
  LeakyRelu: "7 F1 > F1 alpha:f",
  Less: "7 N1 N1 > B",
  LessOrEqual: "12 N1 N1 > B",
  Log: "7 F1 > F1",
  LogSoftmax: "7 F1 > F1 axis:a; 13! F1 > F1 axis:a",
  LpNormalization: "7 F1 > F1 axis:a p:p",
  LpPool: `7 F1 > F1 ${padding} kernel_shape:ps! p:p pads:ns strides:ps; 18+ ceil_mode:b dilations:ps`,
  LRN: "7 F1 > F1 alpha:f beta:f bias:f size:p!",
  LSTM: "7 F1 F1 F1 F1? J? F1? F1? F1? > F1? F1? F1? activation_alpha:fs activation_beta:fs activations:ss clip:f direction:forward|reverse|bidirectional hidden_size:p input_forget:b; 14+ layout:b",
  MatMul: "7 M1 M1 > M1",
  MatMulInteger: "10 Q1 Q2 Q1? Q2? > J",
  Max: "7 N1* > N1",
  MaxPool: `7 F1 > F1 ${padding} kernel_shape:ps! pads:ns strides:ps; 8+ H1 > H1 L? storage_order:b; 10+ ceil_mode:b dilations:ps`,
  MaxRoiPool: "7 F1 F1 > F1 pooled_shape:ps! spatial_scale:f",
  MaxUnpool: "9 F1 L L? > F1 kernel_shape:ps! pads:ns strides:ps",
  Mean: "7 F1* > F1",
  MeanVarianceNormalization: "7 F1 > F1 axes:as",
  MelWeightMatrix: "17 I1 I1 I1 F2 F2 > N output_datatype:i",
  Min: "7 N1* > N1",
  Mish: "18 F1 > F1",
  Mod: "10 N1 N1 > N1 fmod:b",
  Mul: "7 N1 N1 > N1",
  Neg: "7 G1 > G1",
  NegativeLogLikelihoodLoss: "12 F1 I F1? > F1 ignore_index:l reduction:none|mean|sum",
  NonMaxSuppression: "10 S S L? S? S? > L center_point_box:b",
  NonZero: "9 A > L",
  Not: "7 B1 > B1",
  OneHot: "9 N N A1 > A1 axis:i",
  Or: "7 B1 B1 > B",
  Pad: `7 F1 > F1 mode:${borders} pads:is! value:f; 11! A1 L A1? > A1 mode:${borders}; 18+ A1 L A1? I? > A1; 19+ mode:${borders}|wrap`,
  Pow: "7 M1 N > M1",
  PRelu: "7 M1 M1 > M1",
  QLinearConv: `10 Q1 S Q1 Q2 S Q2 S Q3 J? > Q3 ${padding} dilations:ps group:p kernel_shape:ps pads:ns strides:ps`,
  QLinearMatMul: "10 Q1 S Q1 Q2 S Q2 S Q3 > Q3",
  QuantizeLinear:
    "10 P S Q1? > Q1; 13+ axis:i; 19+ P1 P1 Q2? > Q2 saturate:b; 21+ block_size:n output_dtype:i; 23+ P Y Q1? > Q1 precision:i",
  Range: "11 T1 T1 T1 > T1",
  Reciprocal: "7 F1 > F1",
  ReduceL1: `${reduction}18! ${reductionOfInput}`,
  ReduceL2: `${reduction}18! ${reductionOfInput}`,
  ReduceLogSum: `${reduction}18! ${reductionOfInput}`,
  ReduceLogSumExp: `${reduction}18! ${reductionOfInput}`,
  ReduceMax: "7 R1 > R1 axes:as keepdims:b; 18! R1 L? > R1 keepdims:b noop_with_empty_axes:b; 20+ K1 L? > K1",
  ReduceMean: `${reduction}18! ${reductionOfInput}`,
  ReduceMin: "7 R1 > R1 axes:as keepdims:b; 18! R1 L? > R1 keepdims:b noop_with_empty_axes:b; 20+ K1 L? > K1",
  ReduceProd: `${reduction}18! ${reductionOfInput}`,
  ReduceSum: `${reduction}13! ${reductionOfInput}`,
  ReduceSumSquare: `${reduction}18! ${reductionOfInput}`,
  Relu: "7 G1 > G1",
  Reshape: "7 A1 L > A1; 14+ allowzero:b",
  Resize: `10 A1 S > A1 mode:nearest|linear; 11! A1 F S L? > A1 coordinate_transformation_mode:${coordinates} cubic_coeff_a:f exclude_outside:b extrapolation_value:f mode:${interpolations} nearest_mode:${roundings}; 13+ A1 F? S? L? > A1; 18+ antialias:b axes:as keep_aspect_ratio_policy:stretch|not_larger|not_smaller; 19+ coordinate_transformation_mode:${coordinates}|half_pixel_symmetric`,
  ReverseSequence: "10 A1 L > A1 batch_axis:i time_axis:i",
  RMSNormalization: "23 F1 F2 > F2 axis:a epsilon:f stash_type:i",
  RNN: "7 F1 F1 F1 F1? J? F1? > F1? F1? activation_alpha:fs activation_beta:fs activations:ss clip:f direction:forward|reverse|bidirectional hidden_size:p; 14+ layout:b",
  RoiAlign:
    "10 F1 F1 L > F1 mode:avg|max output_height:p output_width:p sampling_ratio:n spatial_scale:f; 16! F1 F1 L > F1 coordinate_transformation_mode:half_pixel|output_half_pixel mode:avg|max output_height:p output_width:p sampling_ratio:n spatial_scale:f",
  Round: "11 F1 > F1",
  Scatter: "9 A1 I A1 > A1 axis:a; 11x",
  ScatterElements: "11 A1 I A1 > A1 axis:a; 16+ reduction:none|add|mul; 18+ reduction:none|add|mul|min|max",
  ScatterND: "11 A1 L A1 > A1; 16+ reduction:none|add|mul; 18+ reduction:none|add|mul|min|max",
  Selu: "7 F1 > F1 alpha:f gamma:f",
  Shape: "7 A > L; 15+ end:l start:l",
  Shrink: "9 N1 > N1 bias:f lambd:f",
  Sigmoid: "7 F1 > F1",
  Sign: "9 N1 > N1",
  Sin: "7 F1 > F1",
  Sinh: "9 F1 > F1",
  Size: "7 A > L",
  Slice: "7 A1 > A1 axes:as ends:ls! starts:ls!; 10! A1 I2 I2 I2? I2? > A1",
  Softmax: "7 F1 > F1 axis:a; 13! F1 > F1 axis:a",
  SoftmaxCrossEntropyLoss: "12 F1 I F1? > F1 F1? ignore_index:l reduction:none|mean|sum",
  Softplus: "7 F1 > F1",
  Softsign: "7 F1 > F1",
  SpaceToDepth: "7 A1 > A1 blocksize:p!",
  Split: "7 A1 > A1* axis:a split:is; 13! A1 L? > A1* axis:a; 18+ num_outputs:p",
  Sqrt: "7 F1 > F1",
  Squeeze: "7 A1 > A1 axes:as; 13! A1 L? > A1",
  STFT: "17 F1 I2 F1? I2? > F1 onesided:b",
  Sub: "7 N1 N1 > N1",
  Sum: "7 F1* > F1",
  Swish: "24 F1 > F1 alpha:f",
  Tan: "7 F1 > F1",
  Tanh: "7 F1 > F1",
  TfIdfVectorizer:
    "9 I > S max_gram_length:n! max_skip_count:n! min_gram_length:n! mode:TF|IDF|TFIDF! ngram_counts:ns! ngram_indexes:ns! pool_int64s:ls pool_strings:ss weights:fs",
  ThresholdedRelu: "7 F1 > F1 alpha:f",
  Tile: "7 A1 L > A1",
  TopK: "7 F1 > F1 L axis:a k:l!; 10! N1 L > N1 L axis:a; 11+ largest:b sorted:b",
  Transpose: "7 A1 > A1 perm:is",
  Trilu: "14 A1 L? > A1 upper:b",
  Unique: "11 A1 > A1 L? L? L? axis:a sorted:b",
  Unsqueeze: "7 A1 > A1 axes:is!; 13! A1 L > A1",
  Upsample: "7 A1 > A1 mode:nearest|linear scales:fs!; 9! A1 S > A1 mode:nearest|linear; 10x",
  Where: "9 B A1 A1 > A1",
  Xor: "7 B1 B1 > B",
};

/** Operators that we refuse, with the reason. */
export const refusals: Named<string> = Object.fromEntries(
  Object.entries({
    "holds a graph of its own": "If Loop Scan SequenceMap",
    "works on lists or on values that may be missing":
      "ConcatFromSequence Optional OptionalGetElement OptionalHasElement SequenceAt SequenceConstruct SequenceEmpty SequenceErase SequenceInsert SequenceLength SplitToSequence",
    "works on text": "RegexFullMatch StringConcat StringNormalizer StringSplit",
    "draws random numbers of its own":
      "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike",
    "decodes files": "ImageDecoder",
    "is newer than operator set 20, in which models are written":
      "Attention BitCast CausalConvWithState CumProd LinearAttention RotaryEmbedding TensorScatter",
  }).flatMap(([reason, names]) => names.split(" ").map((name) => [name, reason])),
);
