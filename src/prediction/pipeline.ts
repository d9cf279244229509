/**
 * The whole way from a photograph to its class map as one ONNX graph of standard operators, around a model that sees
 * one window. `predict` runs it and `export` writes it, so both give the same masks.
 */
import { float32, fromNumbers } from "../array/ndarray.ts";
import { tensorProto, valueInfo } from "../onnx/tensor-proto.ts";
import type { GraphProto, ModelProto } from "../onnx/wire.ts";
import { modelProto } from "../onnx/write.ts";
import { castTo, type NodeWriter, nodeWriter, openValue, scalarValue } from "./nodes.ts";
import { blendProfile, maxEnlargement, windowStride } from "./windows.ts";

/** Class scores of this many pixels times classes are enlarged at a time, so that memory stays bounded (4 MB). */
const bandElements = 2 ** 20;

export interface PipelineOptions {
  /** Graph of `window` uint8 [1, h, w, 3] → `window_probabilities` float32 [1, K, h, w], weights embedded. */
  readonly model: GraphProto;
  readonly classes: number;
  readonly window: readonly [height: number, width: number];
  /** Default of the graph's `short_side`. */
  readonly shortSide: number;
}

/**
 * image: uint8 [H, W, 3] RGB of any size ≥ 1. short_side: int64 scalar, pixels that the shorter side is scaled to before
 * windows are cut; 0 for the image's own size, −n for at most n (an initializer that a run may override).
 * Gives `labels` [H, W], uint8 (uint16 above 255 classes), and `probabilities` float32 [K, h, w] at the working size.
 *
 * Reduced by an antialiased linear filter; padded with its border pixels up to one window; windows overlap by a third,
 * weighted by a smooth profile whose sum is 1 everywhere; enlarged bilinearly with half-pixel centres; the lowest class
 * wins ties.
 */
export function pipelineGraph({ model, classes, window, shortSide }: PipelineOptions): GraphProto {
  const w = nodeWriter("");
  const { sizes, working, scaled } = scaledImage(w);
  const padded = w.add("Max", [working, w.integers([...window])]);
  const missing = w.add("Sub", [padded, working]);
  const image = w.add(
    "Pad",
    [scaled, w.add("Concat", [w.integers([0, 0, 0, 0, 0]), missing, w.integers([0])], { axis: 0 })],
    { mode: "edge" },
  );
  const blended = windowLoops(w, { model, classes, window }, image, padded); // [K, h', w']
  const probabilities = w.add("Slice", [blended, w.integers([0, 0]), working, w.integers([1, 2])]); // [K, h, w]
  w.output(probabilities, "probabilities");
  w.output(labelsOf(w, probabilities, working, sizes, classes), "labels");

  const labelType = classes > 255 ? "uint16" : "uint8";
  // Among inputs and initializers alike: a default that a run may override.
  w.initializers.push(tensorProto(fromNumbers("int64", [], [shortSide]), "short_side"));
  return {
    name: "tessera",
    node: w.nodes,
    initializer: w.initializers,
    input: [valueInfo("image", { dtype: "uint8", shape: [-1, -1, 3] }), scalarValue("short_side", "int64")],
    output: [
      valueInfo("labels", { dtype: labelType, shape: [-1, -1] }),
      valueInfo("probabilities", { dtype: "float32", shape: [classes, -1, -1] }),
    ],
  };
}

/** The pipeline's first step by itself: `image` and `short_side` as there → `scaled` uint8 [h, w, 3]. */
export function scalingModel(): ModelProto {
  const w = nodeWriter("");
  w.output(w.add("Squeeze", [scaledImage(w).scaled, w.integers([0])]), "scaled");
  const graph: GraphProto = {
    name: "tessera_scaling",
    node: w.nodes,
    initializer: w.initializers,
    input: [valueInfo("image", { dtype: "uint8", shape: [-1, -1, 3] }), scalarValue("short_side", "int64")],
    output: [valueInfo("scaled", { dtype: "uint8", shape: [-1, -1, 3] })],
  };
  return modelProto({ graph, opsets: [{ domain: "", version: 20 }], inputs: [], variables: [] });
}

/** sizes [H, W] and working [h, w] int64; scaled uint8 [1, h, w, 3]. */
function scaledImage(w: NodeWriter): { sizes: string; working: string; scaled: string } {
  const sizes = w.add("Slice", [w.add("Shape", ["image"]), w.integers([0]), w.integers([2])]);
  const working = scaledSizes(w, sizes);
  const one = w.add("Unsqueeze", ["image", w.integers([0])]);
  const target = w.add("Concat", [w.integers([1]), working, w.integers([3])], { axis: 0 });
  const scaled = w.add("Resize", [one, "", "", target], {
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
    antialias: 1,
  });
  return { sizes, working, scaled };
}

/** `workingSize` of windows.ts as graph. sizes: int64 [2] → int64 [2]. */
function scaledSizes(w: NodeWriter, sizes: string): string {
  const short = w.add("ReduceMin", [sizes], { keepdims: 0 });
  const limit = w.add("Mul", [short, w.integers(maxEnlargement)]);
  const exactly = w.add("Min", ["short_side", limit]);
  const atMost = w.add("Min", [w.add("Neg", ["short_side"]), short]);
  const wanted = w.add("Where", [w.add("Less", ["short_side", w.integers(0)]), atMost, exactly]);
  const target = w.add("Where", [w.add("Equal", ["short_side", w.integers(0)]), short, wanted]);
  const twice = w.add("Mul", [w.add("Mul", [sizes, target]), w.integers(2)]);
  const divided = w.add("Div", [w.add("Add", [twice, short]), w.add("Mul", [short, w.integers(2)])]);
  return w.add("Max", [divided, w.integers(1)]);
}

/** Facts about the windows along one axis, as names of values in the graph. */
interface AxisOfWindows {
  readonly window: number;
  readonly size: string;
  readonly last: string;
  readonly count: string;
  /** True where one window covers the axis: nothing is blended. */
  readonly single: string;
  /** Sum of all windows' weights at each pixel. */
  readonly total: string;
}

function axisOfWindows(w: NodeWriter, padded: string, axis: 0 | 1, window: number): AxisOfWindows {
  const size = w.add("Gather", [padded, w.integers(axis)]);
  const stride = windowStride(window);
  const last = w.add("Sub", [size, w.integers(window)]);
  const steps = w.add("Div", [w.add("Add", [last, w.integers(stride - 1)]), w.integers(stride)]);
  const count = w.add("Add", [steps, w.integers(1)]);
  const single = w.add("Equal", [count, w.integers(1)]);
  const starts = w.add("Min", [
    w.add("Mul", [w.add("Range", [w.integers(0), count, w.integers(1)]), w.integers(stride)]),
    last,
  ]);
  const pixels = w.add("Range", [w.integers(0), size, w.integers(1)]);
  const offsets = w.add("Sub", [pixels, w.add("Unsqueeze", [starts, w.integers([1])])]); // [windows, size]
  const within = w.add("And", [
    w.add("GreaterOrEqual", [offsets, w.integers(0)]),
    w.add("Less", [offsets, w.integers(window)]),
  ]);
  const profile = w.constant(float32([window], blendProfile(window)));
  const clipped = w.add("Min", [w.add("Max", [offsets, w.integers(0)]), w.integers(window - 1)]);
  const weights = w.add("Where", [within, w.add("Gather", [profile, clipped]), w.constant(float32([], [0]))]);
  const total = w.add("ReduceSum", [weights, w.integers([0])], { keepdims: 0 });
  return { window, size, last, count, single, total };
}

/** image: uint8 [1, h', w', 3], at least a window large → blended probabilities [K, h', w']. */
function windowLoops(
  w: NodeWriter,
  { model, classes, window }: Pick<PipelineOptions, "model" | "classes" | "window">,
  image: string,
  padded: string,
): string {
  const rows = axisOfWindows(w, padded, 0, window[0]);
  const columns = axisOfWindows(w, padded, 1, window[1]);

  const inner = nodeWriter("column/");
  const left = windowStart(inner, "column", columns);
  const pixels = inner.add("Slice", ["row_image", left.at, left.end, inner.integers([2])]);
  inner.nodes.push({ op_type: "Identity", name: "column/window", input: [pixels], output: ["window"] });
  inner.nodes.push(...(model.node ?? []));
  const found = inner.add("Squeeze", ["window_probabilities", inner.integers([0])]); // [K, wh, ww]
  inner.output(accumulate(inner, "column/", found, "band", left, columns, 2), "next_band");
  inner.output("column_goes_on", "column_still_goes_on");
  const columnBody: GraphProto = {
    name: "windows_of_a_row",
    node: inner.nodes,
    initializer: [...inner.initializers, ...(model.initializer ?? [])],
    value_info: model.value_info,
    input: [scalarValue("column", "int64"), scalarValue("column_goes_on", "bool"), openValue("band", "float32")],
    output: [scalarValue("column_still_goes_on", "bool"), openValue("next_band", "float32")],
  };

  const outer = nodeWriter("row/");
  const top = windowStart(outer, "row", rows);
  const strip = outer.add("Slice", [image, top.at, top.end, outer.integers([1])]);
  outer.nodes.push({ op_type: "Identity", name: "row/row_image", input: [strip], output: ["row_image"] });
  const emptyBand = zeroState(outer, columns.single, classes, [outer.integers([window[0]]), columns.size]);
  const band = outer.add("Loop", [columns.count, "", emptyBand], { body: columnBody });
  outer.output(accumulate(outer, "row/", band, "sum", top, rows, 1), "next_sum");
  outer.output("row_goes_on", "row_still_goes_on");
  const rowBody: GraphProto = {
    name: "rows_of_windows",
    node: outer.nodes,
    initializer: outer.initializers,
    input: [scalarValue("row", "int64"), scalarValue("row_goes_on", "bool"), openValue("sum", "float32")],
    output: [scalarValue("row_still_goes_on", "bool"), openValue("next_sum", "float32")],
  };
  const emptySum = zeroState(w, rows.single, classes, [rows.size, columns.size]);
  return w.add("Loop", [rows.count, "", emptySum], { body: rowBody });
}

/** Zeros [K, height, width] to add to; without elements where one window is all and nothing is added. */
function zeroState(w: NodeWriter, single: string, classes: number, sides: readonly [string, string]): string {
  const flat = w.integers([-1]);
  const [height, width] = sides.map((side) => w.add("Reshape", [side, flat]));
  const none = w.integers([0]);
  const kept = w.add("Where", [single, none, width]);
  return w.add("ConstantOfShape", [w.add("Concat", [w.integers([classes]), height, kept], { axis: 0 })]);
}

/** First pixel of the loop's window, and the one after its last, each int64 [1]. */
function windowStart(w: NodeWriter, counter: string, { window, last }: AxisOfWindows): { at: string; end: string } {
  const start = w.add("Min", [w.add("Mul", [counter, w.integers(windowStride(window))]), last]);
  const at = w.add("Reshape", [start, w.integers([-1])]);
  return { at, end: w.add("Add", [at, w.integers([window])]) };
}

/**
 * state with `found`, weighted, added at its place along `axis`; `found` itself where one window covers the axis.
 * Differs from scattering: slices and one concatenation, since a loop's state cannot be changed in place.
 */
function accumulate(
  w: NodeWriter,
  prefix: string,
  found: string,
  state: string,
  { at, end }: { at: string; end: string },
  { window, size, single, total }: AxisOfWindows,
  axis: 1 | 2,
): string {
  const alone = nodeWriter(`${prefix}alone/`);
  alone.output(found, `${prefix}alone/result`);

  const b = nodeWriter(`${prefix}blend/`);
  const profile = b.constant(float32([window], blendProfile(window)));
  const share = b.add("Div", [profile, b.add("Slice", [total, at, end])]); // [window]
  const shaped = axis === 1 ? b.add("Unsqueeze", [share, b.integers([1])]) : share;
  const weighted = b.add("Mul", [found, shaped]);
  const axes = b.integers([axis]);
  const before = b.add("Slice", [state, b.integers([0]), at, axes]);
  const here = b.add("Add", [b.add("Slice", [state, at, end, axes]), weighted]);
  const after = b.add("Slice", [state, end, b.add("Reshape", [size, b.integers([-1])]), axes]);
  b.output(b.add("Concat", [before, here, after], { axis }), `${prefix}blend/result`);

  const branch = (name: string, { nodes, initializers }: NodeWriter): GraphProto => ({
    name,
    node: nodes,
    initializer: initializers,
    output: [openValue(`${prefix}${name}/result`, "float32")],
  });
  return w.add("If", [single], { then_branch: branch("alone", alone), else_branch: branch("blend", b) });
}

/** Class of every pixel at the photograph's size. probabilities: [K, h, w] → [H, W]. */
function labelsOf(w: NodeWriter, probabilities: string, working: string, sizes: string, classes: number): string {
  const to = castTo(classes > 255 ? "uint16" : "uint8");
  const scores = w.add("Transpose", [probabilities], { perm: [1, 2, 0] }); // [h, w, K]: the classes of a pixel together
  const [height, width] = [0, 1].map((axis) => w.add("Gather", [sizes, w.integers(axis)]));
  const rowElements = w.add("Mul", [width, w.integers(classes)]);
  const rowsOfBand = w.add("Max", [w.add("Div", [w.integers(bandElements), rowElements]), w.integers(1)]);
  const bandCount = w.add("Div", [w.add("Sub", [w.add("Add", [height, rowsOfBand]), w.integers(1)]), rowsOfBand]);
  const places = [0, 1].map((axis) => w.add("Gather", [working, w.integers(axis)]));
  const across = sampling(w, w.add("Range", [w.integers(0), width, w.integers(1)]), places[1], width);
  const unequal = w.add("Not", [
    w.add("Equal", [
      w.add("ReduceMax", [w.add("Abs", [w.add("Sub", [sizes, working])])], { keepdims: 0 }),
      w.integers(0),
    ]),
  ]);

  const b = nodeWriter("labels/");
  const first = b.add("Mul", ["label_band", rowsOfBand]);
  const range = b.add("Add", [b.add("Range", [b.integers(0), rowsOfBand, b.integers(1)]), first]);
  const rows = b.add("Min", [range, b.add("Sub", [height, b.integers(1)])]);
  const plain = nodeWriter("labels/plain/");
  plain.output(plain.add("Gather", [scores, rows], { axis: 0 }), "labels/plain/result");
  const enlarged = nodeWriter("labels/enlarged/");
  const down = sampling(enlarged, rows, places[0], height);
  const tall = blend(enlarged, scores, down, 0, [1, 2]); // [rows, w, K]
  enlarged.output(blend(enlarged, tall, across, 1, [1]), "labels/enlarged/result"); // [rows, W, K]
  const branch = (name: string, { nodes, initializers }: NodeWriter): GraphProto => ({
    name,
    node: nodes,
    initializer: initializers,
    output: [openValue(`labels/${name}/result`, "float32")],
  });
  const band = b.add("If", [unequal], {
    then_branch: branch("enlarged", enlarged),
    else_branch: branch("plain", plain),
  });
  const best = b.add("ArgMax", [band], { axis: -1, keepdims: 0 });
  b.output(b.add("Cast", [best], { to }), "band_labels");
  b.output("label_goes_on", "label_still_goes_on");
  const body: GraphProto = {
    name: "bands_of_labels",
    node: b.nodes,
    initializer: b.initializers,
    input: [scalarValue("label_band", "int64"), scalarValue("label_goes_on", "bool")],
    output: [scalarValue("label_still_goes_on", "bool"), openValue("band_labels", classes > 255 ? "uint16" : "uint8")],
  };
  const bands = w.add("Loop", [bandCount, ""], { body }); // [bands, rows, W]
  const flat = w.add("Concat", [w.integers([-1]), w.add("Reshape", [width, w.integers([-1])])], { axis: 0 });
  const all = w.add("Reshape", [bands, flat]);
  return w.add("Slice", [all, w.integers([0]), w.add("Reshape", [height, w.integers([-1])])]);
}

/** Two neighbours and the share of the second, for pixels of an enlarged axis. */
interface Sampling {
  readonly low: string;
  readonly high: string;
  readonly share: string;
}

/** Half-pixel centres: x = (X + ½) · from / to − ½, kept within the axis. In float64, as the host computes it. */
function sampling(w: NodeWriter, pixels: string, from: string, to: string): Sampling {
  const real = (value: string) => w.add("Cast", [value], { to: castTo("float64") });
  const half = w.constant({ dtype: "float64", shape: [], data: Float64Array.of(0.5) });
  const scale = w.add("Div", [real(from), real(to)]);
  const centre = w.add("Sub", [w.add("Mul", [w.add("Add", [real(pixels), half]), scale]), half]);
  const last = w.add("Sub", [from, w.integers(1)]);
  const zero = w.constant({ dtype: "float64", shape: [], data: Float64Array.of(0) });
  const inside = w.add("Min", [w.add("Max", [centre, zero]), real(last)]);
  const floor = w.add("Floor", [inside]);
  const low = w.add("Cast", [floor], { to: castTo("int64") });
  const high = w.add("Min", [w.add("Add", [low, w.integers(1)]), last]);
  const share = w.add("Cast", [w.add("Sub", [inside, floor])], { to: castTo("float32") });
  return { low, high, share };
}

/** low + (high − low) · share along `axis`; `spread` are the axes that `share` lacks. */
function blend(
  w: NodeWriter,
  x: string,
  { low, high, share }: Sampling,
  axis: number,
  spread: readonly number[],
): string {
  const a = w.add("Gather", [x, low], { axis });
  const b = w.add("Gather", [x, high], { axis });
  const factor = w.add("Unsqueeze", [share, w.integers(spread)]);
  return w.add("Add", [a, w.add("Mul", [w.add("Sub", [b, a]), factor])]);
}
