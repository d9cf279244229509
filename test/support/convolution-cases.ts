/** Test support: cases of convolutions, and the machines that they are lowered for. */
import type { NdArray } from "../../src/array/ndarray.ts";
import { type ConvOptions, conv } from "../../src/ops/convolution.ts";
import type { Pair } from "../../src/ops/window.ts";
import { detectConvBlock } from "../../src/runtime/conv-block.ts";
import { nodeBackend } from "../../src/runtime/node.ts";
import type { Case } from "./check.ts";
import { convPlain, type PlainWindow } from "./check-plain-window.ts";

/** samePads: what the padding "same" comes to, which the reference does not know. */
export function convCase(
  title: string,
  x: number[],
  w: number[],
  options: ConvOptions = {},
  samePads?: PlainWindow["pads"],
): Case {
  const plain = plainWindow(options, samePads);
  return {
    title,
    inputs: [x, w],
    build: (x, w) => conv(x, w, options),
    forward: (x: NdArray, w: NdArray) => convPlain(x, w, null, plain),
  };
}

function plainWindow(
  { strides = 1, padding = 0, dilations = 1, groups = 1 }: ConvOptions,
  samePads: PlainWindow["pads"],
): PlainWindow {
  if ((padding === "same") !== (samePads !== undefined))
    throw new Error('convCase: give pads with "same", and only so.');
  const both = (value: Pair) => (typeof value === "number" ? ([value, value] as const) : value);
  const pads = typeof padding === "number" ? ([padding, padding, padding, padding] as const) : padding;
  return { strides: both(strides), dilations: both(dilations), groups, pads: pads === "same" ? samePads! : pads };
}

/** Channels in a block of ONNX Runtime's own layout on this machine; 0: it has none. */
export const convBlock = await detectConvBlock(nodeBackend);

/** Settings of all cases: the plain layout natively and portably, and this machine's blocks. */
export const convSettings = {
  dtype: "float32",
  targets: [
    { device: "cpu", operators: "native", convBlock: 0 },
    { device: "cpu", operators: "portable", convBlock: 0 },
    { device: "cpu", operators: "native", convBlock },
  ],
} as const;
