/** The part of the pipeline that runs the model on windows and averages the probabilities that it gives. */
import { float32 } from "../../array/ndarray.ts";
import { type NodeWriter, nodeWriter, openValue, scalarValue } from "../../onnx/nodes.ts";
import type { GraphProto } from "../../onnx/wire.ts";
import type { Windowing } from "../windows.ts";

export interface WindowModel {
  /** Graph of `window` uint8 [1, h, w, 3] → `window_probabilities` float32 [1, K, h, w], weights embedded. */
  readonly model: GraphProto;
  readonly classes: number;
  readonly window: readonly [height: number, width: number];
  readonly windowing: Windowing;
}

/** Facts about the windows along one axis, as names of values in the graph. */
interface AxisOfWindows {
  readonly window: number;
  readonly stride: number;
  readonly profile: Float32Array;
  readonly size: string;
  readonly last: string;
  readonly count: string;
  /** True where one window covers the axis: nothing is blended. */
  readonly single: string;
  /** Sum of all windows' weights at each pixel. */
  readonly total: string;
}

function axisOfWindows(
  w: NodeWriter,
  padded: string,
  axis: 0 | 1,
  { window: sides, windowing }: Pick<WindowModel, "window" | "windowing">,
): AxisOfWindows {
  const window = sides[axis];
  const size = w.add("Gather", [padded, w.integers(axis)]);
  const stride = windowing.stride(window);
  const profile = windowing.profile(window);
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
  const weightOf = w.constant(float32([window], profile));
  const clipped = w.add("Min", [w.add("Max", [offsets, w.integers(0)]), w.integers(window - 1)]);
  const weights = w.add("Where", [within, w.add("Gather", [weightOf, clipped]), w.constant(float32([], [0]))]);
  const total = w.add("ReduceSum", [weights, w.integers([0])], { keepdims: 0 });
  return { window, stride, profile, size, last, count, single, total };
}

/** image: uint8 [1, h', w', 3], at least a window large → averaged probabilities [K, h', w']. */
export function windowLoops(
  w: NodeWriter,
  { model, classes, window, windowing }: WindowModel,
  image: string,
  padded: string,
): string {
  const rows = axisOfWindows(w, padded, 0, { window, windowing });
  const columns = axisOfWindows(w, padded, 1, { window, windowing });

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
function windowStart(
  w: NodeWriter,
  counter: string,
  { window, stride, last }: AxisOfWindows,
): { at: string; end: string } {
  const start = w.add("Min", [w.add("Mul", [counter, w.integers(stride)]), last]);
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
  { window, profile, size, single, total }: AxisOfWindows,
  axis: 1 | 2,
): string {
  const alone = nodeWriter(`${prefix}alone/`);
  alone.output(found, `${prefix}alone/result`);

  const b = nodeWriter(`${prefix}blend/`);
  const weights = b.constant(float32([window], profile));
  const share = b.add("Div", [weights, b.add("Slice", [total, at, end])]); // [window]
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
