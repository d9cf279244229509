/** The part of the pipeline that turns scores into labels at the photograph's size, a band of rows at a time. */

import { castTo, type NodeWriter, nodeWriter, openValue, scalarValue } from "../../onnx/nodes.ts";
import type { GraphProto } from "../../onnx/wire.ts";

/** Class scores of this many pixels times classes are enlarged at a time, so that memory stays bounded (4 MB). */
const bandElements = 2 ** 20;

/** Class of every pixel at the photograph's size. probabilities: [K, h, w] → [H, W]. */
export function labelBands(
  w: NodeWriter,
  probabilities: string,
  working: string,
  sizes: string,
  classes: number,
): string {
  const to = castTo("uint8");
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
    output: [scalarValue("label_still_goes_on", "bool"), openValue("band_labels", "uint8")],
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
