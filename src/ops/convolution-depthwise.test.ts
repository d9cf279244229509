import { expect, test } from "vitest";
import { type Case, checkOp } from "../../test/support/check.ts";
import { convPlain, type PlainWindow } from "../../test/support/check-plain-window.ts";
import { convCase, convSettings } from "../../test/support/convolution-cases.ts";
import { gradients } from "../autodiff/gradients.ts";
import { lower, reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import type { ConvOptions } from "./convolution.ts";
import { conv, convTranspose, sum } from "./index.ts";

function depthwiseCase(
  title: string,
  [batch, channels, ...size]: readonly number[],
  [kh, kw]: readonly number[],
  options: ConvOptions = {},
  samePads?: PlainWindow["pads"],
): Case {
  return convCase(title, [batch, channels, ...size], [channels, 1, kh, kw], { ...options, groups: channels }, samePads);
}

/** One kernel a channel: whole blocks of 8 and 16, or nearly so; all that a window may be. */
const depthwise = [
  depthwiseCase("3 × 3", [2, 16, 5, 6], [3, 3], { padding: 1 }),
  depthwiseCase("5 × 5, odd size, one sample", [1, 16, 7, 9], [5, 5], { padding: 2 }),
  depthwiseCase("without padding, filled up", [3, 12, 5, 4], [3, 3]),
  depthwiseCase("stride 2", [2, 32, 6, 8], [3, 3], { padding: 1, strides: 2 }),
  depthwiseCase("stride 2, odd size", [1, 16, 7, 5], [3, 3], { padding: 1, strides: 2 }),
  depthwiseCase("stride 2, same, even size", [2, 16, 6, 8], [3, 3], { padding: "same", strides: 2 }, [0, 0, 1, 1]),
  depthwiseCase(
    "5 × 5, stride 2, same, even size, filled up",
    [2, 13, 8, 6],
    [5, 5],
    { padding: "same", strides: 2 },
    [1, 1, 2, 2],
  ),
  depthwiseCase(
    "5 × 5, stride 2, same, odd size",
    [1, 16, 9, 7],
    [5, 5],
    { padding: "same", strides: 2 },
    [2, 2, 2, 2],
  ),
  depthwiseCase("stride 2, rest left over", [2, 16, 6, 8], [3, 3], { strides: 2 }),
  depthwiseCase("dilation", [2, 16, 7, 6], [3, 3], { dilations: 2, padding: 2 }),
  depthwiseCase(
    "5 × 5, dilation, same, odd size",
    [1, 24, 9, 11],
    [5, 5],
    { dilations: 2, padding: "same" },
    [4, 4, 4, 4],
  ),
  depthwiseCase("dilation and stride", [1, 16, 9, 8], [3, 3], { dilations: 2, strides: 2, padding: 1 }),
  depthwiseCase("all sides different", [2, 16, 6, 9], [3, 5], {
    padding: [0, 1, 2, 3],
    strides: [1, 2],
    dilations: [2, 1],
  }),
  depthwiseCase("large stride", [2, 16, 8, 7], [3, 3], { strides: 3 }),
  depthwiseCase("stride larger than the kernel", [2, 16, 7, 8], [1, 1], { strides: 2 }),
  depthwiseCase("1 × 1", [2, 16, 3, 5], [1, 1]),
  depthwiseCase("more padding than the kernel reaches", [1, 16, 4, 4], [2, 2], { padding: 2 }),
  depthwiseCase("kernel larger than the image", [1, 16, 2, 1], [5, 5], { padding: 2 }),
  {
    title: "bias",
    inputs: [[2, 13, 4, 5], [13, 1, 3, 3], [13]],
    build: (x, w, bias) => conv(x, w, { bias, padding: 1, groups: 13 }),
    forward: (x, w, bias) => convPlain(x, w, bias, { pads: [1, 1, 1, 1], groups: 13 }),
  },
  {
    title: "transposed, stride 2, bias",
    inputs: [[2, 16, 3, 4], [16, 1, 3, 3], [16]],
    build: (x, w, bias) => convTranspose(x, w, { bias, strides: 2, padding: 1, outputPadding: 1, groups: 16 }),
  },
] satisfies Case[];

test("a depthwise convolution and its gradients are blocked", () => {
  const target = { device: "cpu", operators: "native", convBlock: 16 } as const;
  const [x, w] = [input("x", [1, 16, 8, 8]), input("w", [16, 1, 3, 3])];
  for (const strides of [1, 2]) {
    const y = conv(x, w, { padding: "same", strides, groups: 16 });
    const [dx, dw] = gradients(sum(y), [x, w]);
    const { nodes } = reach(Object.values(lower({ outputs: { y, dx, dw } }, target).outputs));
    const convolutions = nodes.filter(({ op }) => op.startsWith("Conv"));
    expect(convolutions.map(({ op, domain }) => `${domain}.${op}`)).toEqual(Array(3).fill("com.microsoft.nchwc.Conv"));
  }
});

checkOp("conv, depthwise", (x, w) => conv(x, w), depthwise, { ...convSettings, gradientTolerance: 2e-2 });
