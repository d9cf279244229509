/** From a photograph to the outputs of a panoptic model, as one ONNX graph: scaled to fit the model's view, padded, run. */
import { fromNumbers } from "../../array/ndarray.ts";
import type { Color } from "../../image/image.ts";
import { castTo, nodeWriter } from "../../onnx/nodes.ts";
import { tensorProto, valueInfo } from "../../onnx/tensor-proto.ts";
import type { GraphProto } from "../../onnx/wire.ts";
import { fitWindow } from "../windows.ts";
import { imageInput, scaledImage } from "./pipeline.ts";

export interface PanopticPipelineOptions {
  /** Graph of `window` uint8 [1, h, w, 3] → named outputs, weights embedded. */
  readonly model: GraphProto;
  readonly size: readonly [height: number, width: number];
  readonly padding: Color;
  readonly corners?: boolean;
}

/** Output of the file beside the model's. */
export const frameOutput = "frame";

/**
 * image: uint8 [H, W, 3] RGB of any size ≥ 1 → the model's outputs for the image scaled to fit `size`, at its top left,
 * the rest in the colour `padding`, and `frame`, int64 [2], the rows and columns that it has there. short_side as in `pipelineGraph`; by default the image is made to fit.
 */
export function panopticPipeline({ model, size, padding, corners = false }: PanopticPipelineOptions): GraphProto {
  const w = nodeWriter("");
  const { working, scaled } = scaledImage(w, size, { clamped: true, corners });
  const missing = w.add("Sub", [w.integers([...size]), working]);
  const ends = w.add("Concat", [w.integers([0, 0, 0, 0, 0]), missing, w.integers([0])], { axis: 0 });
  // Padding is one number for all channels, so the colour is taken off before and added after.
  const color = w.constant(fromNumbers("int32", [3], padding));
  const shifted = w.add("Sub", [w.add("Cast", [scaled], { to: castTo("int32") }), color]);
  const padded = w.add("Add", [w.add("Pad", [shifted, ends], { mode: "constant" }), color]);
  w.output(w.add("Cast", [padded], { to: castTo("uint8") }), "window");
  w.output(working, frameOutput);
  w.nodes.push(...(model.node ?? []));
  w.initializers.push(...(model.initializer ?? []), tensorProto(fromNumbers("int64", [], [fitWindow]), "short_side"));
  return {
    name: "tessera",
    node: w.nodes,
    initializer: w.initializers,
    ...(model.value_info && { value_info: model.value_info }),
    input: [imageInput],
    output: [...(model.output ?? []), valueInfo(frameOutput, { dtype: "int64", shape: [2] })],
  };
}
