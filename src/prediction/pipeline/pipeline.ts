/**
 * The whole way from a photograph to its class map as one ONNX graph of standard operators, around a model that sees
 * one window. `predict` runs it and `export` writes it, so both give the same masks.
 */
import { float32, fromNumbers } from "../../array/ndarray.ts";
import type { ResizeFilter } from "../../methods/model.ts";
import { castTo, type NodeWriter, nodeWriter, scalarValue } from "../../onnx/nodes.ts";
import { tensorProto, valueInfo } from "../../onnx/tensor-proto.ts";
import type { GraphProto, ModelProto } from "../../onnx/wire.ts";
import { modelProto } from "../../onnx/write.ts";
import { fitWindow, maxEnlargement } from "../windows.ts";
import { labelBands } from "./label-bands.ts";
import { type WindowModel, windowLoops } from "./window-loops.ts";

/** How images are scaled, besides `short_side`. */
export interface ScalingOptions {
  /** Most pixels of the longer side of a scaled image; 0, the default: any. */
  readonly longSide?: number;
  /** Default true: all pixels count where images are reduced. */
  readonly antialias?: boolean;
  /** Default `bilinear`. */
  readonly filter?: ResizeFilter;
}

export interface PipelineOptions extends WindowModel, ScalingOptions {
  /** The graph's `short_side`. */
  readonly shortSide: number;
  /** See `ModelCard`. Default: probabilities. */
  readonly averages?: "probabilities" | "logits";
}

export const imageInput = valueInfo("image", { dtype: "uint8", shape: [-1, -1, 3] });
const shortSideInput = scalarValue("short_side", "int64");

/**
 * image: uint8 [H, W, 3] RGB of any size ≥ 1. short_side: int64 scalar, pixels that the shorter side is scaled to before
 * windows are cut; 0 for the image's own size, −n for at most n, −2³¹ for what makes it fit one window. It is a constant of
 * the file, not an input: ONNX Runtime warns of inputs that have a default. `scaleAsInput` makes an input of it.
 * Gives `labels` [H, W], uint8, and `probabilities` float32 [K, h, w] at the working size.
 *
 * Reduced by a linear filter, antialiased if nothing else is said; padded with its border pixels up to one window; windows lie as `windowing`
 * says; their probabilities, or their logits in front of a softmax, are averaged with weights whose sum is 1 everywhere; enlarged bilinearly
 * with half-pixel centres; the lowest class wins ties.
 */
export function pipelineGraph(options: PipelineOptions): GraphProto {
  const { shortSide, longSide, antialias, filter, averages, ...windows } = options;
  const { classes, window } = windows;
  const w = nodeWriter("");
  const { sizes, working, scaled } = scaledImage(w, window, { longSide, antialias, filter });
  const padded = w.add("Max", [working, w.integers([...window])]);
  const missing = w.add("Sub", [padded, working]);
  const image = w.add(
    "Pad",
    [scaled, w.add("Concat", [w.integers([0, 0, 0, 0, 0]), missing, w.integers([0])], { axis: 0 })],
    { mode: "edge" },
  );
  const blended = windowLoops(w, windows, image, padded); // [K, h', w']
  const averaged = w.add("Slice", [blended, w.integers([0, 0]), working, w.integers([1, 2])]); // [K, h, w]
  const probabilities = averages === "logits" ? w.add("Softmax", [averaged], { axis: 0 }) : averaged;
  w.output(probabilities, "probabilities");
  w.output(labelBands(w, probabilities, working, sizes, classes), "labels");

  w.initializers.push(tensorProto(fromNumbers("int64", [], [shortSide]), "short_side"));
  return {
    name: "tessera",
    node: w.nodes,
    initializer: w.initializers,
    input: [imageInput],
    output: [
      valueInfo("labels", { dtype: "uint8", shape: [-1, -1] }),
      valueInfo("probabilities", { dtype: "float32", shape: [classes, -1, -1] }),
    ],
  };
}

/** The pipeline's first step by itself: `image` and `short_side` as there → `scaled` uint8 [h, w, 3]. */
export function scalingModel(options: ScalingOptions): ModelProto {
  const w = nodeWriter("");
  w.output(w.add("Squeeze", [scaledImage(w, null, options).scaled, w.integers([0])]), "scaled");
  const graph: GraphProto = {
    name: "tessera_scaling",
    node: w.nodes,
    initializer: w.initializers,
    input: [imageInput, shortSideInput],
    output: [valueInfo("scaled", { dtype: "uint8", shape: [-1, -1, 3] })],
  };
  return modelProto({ graph, opsets: [{ domain: "", version: 20 }], inputs: [], variables: [] });
}

/**
 * sizes [H, W] and working [h, w] int64; scaled uint8 [1, h, w, 3]. window: what an image can be made to fit; null: nothing.
 * clamped: no side is longer than the window's, if that costs the proportions. corners: see `PanopticModel.corners`.
 */
export function scaledImage(
  w: NodeWriter,
  window: readonly [number, number] | null,
  {
    clamped = false,
    corners = false,
    longSide = 0,
    antialias = true,
    filter = "bilinear",
  }: ScalingOptions & { readonly clamped?: boolean; readonly corners?: boolean } = {},
): { sizes: string; working: string; scaled: string } {
  const sizes = w.add("Slice", [w.add("Shape", ["image"]), w.integers([0]), w.integers([2])]);
  const free = scaledSizes(w, sizes, window, longSide);
  const working = clamped && window !== null ? w.add("Min", [free, w.integers([...window])]) : free;
  const one = w.add("Unsqueeze", ["image", w.integers([0])]);
  if (filter === "bicubic") return { sizes, working, scaled: bicubic(w, one, working, antialias) };
  const target = w.add("Concat", [w.integers([1]), working, w.integers([3])], { axis: 0 });
  const scaled = w.add("Resize", [one, "", "", target], {
    mode: "linear",
    coordinate_transformation_mode: corners ? "align_corners" : "half_pixel",
    antialias: antialias && !corners ? 1 : 0,
  });
  return { sizes, working, scaled };
}

/**
 * image: uint8 [1, H, W, 3] → uint8 [1, h, w, 3]. Channel by channel: with the channels last, which is where ONNX Runtime moves
 * them, it refuses the filter, or has other numbers.
 */
function bicubic(w: NodeWriter, image: string, working: string, antialias: boolean): string {
  const floats = w.add("Cast", [image], { to: castTo("float32") });
  const target = w.add("Concat", [w.integers([1, 1]), working], { axis: 0 });
  const [black, white] = [0, 255].map((value) => w.constant(float32([], [value])));
  const channels = [0, 1, 2].map((channel) => {
    const plane = w.add("Gather", [floats, w.integers(channel)], { axis: 3 }); // [1, H, W]
    const resized = w.add("Resize", [w.add("Unsqueeze", [plane, w.integers([1])]), "", "", target], {
      mode: "cubic",
      cubic_coeff_a: { float: antialias ? -0.5 : -0.75 },
      coordinate_transformation_mode: "half_pixel",
      antialias: antialias ? 1 : 0,
      exclude_outside: antialias ? 1 : 0,
    }); // [1, 1, h, w]
    const bytes = w.add("Cast", [w.add("Clip", [w.add("Round", [resized]), black, white])], { to: castTo("uint8") });
    return w.add("Unsqueeze", [w.add("Squeeze", [bytes, w.integers([1])]), w.integers([3])]); // [1, h, w, 1]
  });
  return w.add("Concat", channels, { axis: 3 });
}

/** `workingSize` of windows.ts as graph. sizes: int64 [2] → int64 [2]. */
function scaledSizes(w: NodeWriter, sizes: string, window: readonly [number, number] | null, longSide: number): string {
  const short = w.add("ReduceMin", [sizes], { keepdims: 0 });
  const limit = w.add("Mul", [short, w.integers(maxEnlargement)]);
  let side = "short_side";
  if (window !== null) {
    // As `fittedShortSide`, for both sides at once.
    const room = w.add("Sub", [w.add("Mul", [w.integers(window.map((side) => 2 * side + 1)), short]), w.integers(1)]);
    const fits = w.add("Div", [room, w.add("Mul", [sizes, w.integers(2)])]);
    const fitted = w.add("Max", [w.add("ReduceMin", [fits], { keepdims: 0 }), w.integers(1)]);
    side = w.add("Where", [w.add("Equal", ["short_side", w.integers(fitWindow)]), fitted, "short_side"]);
  }
  const exactly = w.add("Min", [side, limit]);
  const atMost = w.add("Min", [w.add("Neg", [side]), short]);
  const wanted = w.add("Where", [w.add("Less", [side, w.integers(0)]), atMost, exactly]);
  const ownSize = w.add("Equal", [side, w.integers(0)]);
  let to = w.add("Where", [ownSize, short, wanted]);
  let from = short;
  if (longSide > 0) {
    const long = w.add("ReduceMax", [sizes], { keepdims: 0 });
    const beyond = w.add("Less", [w.add("Mul", [w.integers(longSide), short]), w.add("Mul", [to, long])]);
    const tooLong = w.add("And", [beyond, w.add("Not", [ownSize])]);
    to = w.add("Where", [tooLong, w.integers(longSide), to]);
    from = w.add("Where", [tooLong, long, short]);
  }
  const twice = w.add("Mul", [w.add("Mul", [sizes, to]), w.integers(2)]);
  const divided = w.add("Div", [w.add("Add", [twice, from]), w.add("Mul", [from, w.integers(2)])]);
  return w.add("Max", [divided, w.integers(1)]);
}

/** A pipeline with `short_side` as an input that must be fed, instead of a constant; also of files in which it was an input with a default. */
export function scaleAsInput(model: ModelProto): ModelProto {
  const initializer = model.graph?.initializer?.filter(({ name }) => name !== "short_side");
  const input = model.graph?.input?.filter(({ name }) => name !== "short_side") ?? [];
  return { ...model, graph: { ...model.graph, initializer, input: [...input, shortSideInput] } };
}
