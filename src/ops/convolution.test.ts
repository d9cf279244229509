import { expect, test } from "vitest";
import { checkErrors, checkOp } from "../../test/support/check.ts";
import { convPlain, convTransposePlain } from "../../test/support/check-plain-window.ts";
import { convCase, convSettings } from "../../test/support/convolution-cases.ts";
import { lower, reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import { conv, convTranspose } from "./index.ts";

checkOp(
  "conv",
  (x, w) => conv(x, w),
  [
    convCase("3 × 3 with padding", [2, 5, 6, 7], [4, 5, 3, 3], { padding: 1 }),
    convCase("few channels, stride 2", [2, 3, 9, 8], [4, 3, 3, 3], { strides: 2, padding: 1 }),
    convCase("many channels, stride 2, rest left over", [2, 6, 8, 7], [4, 6, 3, 3], { strides: 2 }),
    convCase("asymmetric padding and strides", [1, 5, 6, 7], [3, 5, 3, 2], { padding: [0, 1, 2, 0], strides: [1, 2] }),
    convCase("dilation", [1, 5, 8, 8], [3, 5, 3, 3], { dilations: [2, 1], padding: [2, 1, 2, 1] }),
    convCase("dilation and stride, few channels", [1, 2, 9, 9], [3, 2, 3, 3], { dilations: 2, strides: 2, padding: 1 }),
    convCase("more padding than the kernel reaches", [1, 5, 4, 4], [2, 5, 2, 2], { padding: 2 }),
    convCase(
      "same, odd kernel, stride 2, even size",
      [1, 5, 6, 6],
      [2, 5, 3, 3],
      { padding: "same", strides: 2 },
      [0, 0, 1, 1],
    ),
    convCase("same, even kernel, odd size", [1, 5, 5, 5], [2, 5, 2, 2], { padding: "same" }, [0, 0, 1, 1]),
    convCase("groups", [2, 4, 5, 5], [6, 2, 3, 3], { groups: 2, padding: 1 }),
    convCase("groups with stride", [2, 4, 5, 6], [6, 2, 3, 3], { groups: 2, strides: 2 }),
    convCase("depthwise", [2, 6, 5, 5], [6, 1, 3, 3], { groups: 6, padding: 1 }),
    convCase("1 × 1", [2, 5, 4, 3], [6, 5, 1, 1]),
    convCase("1 × 1 with stride", [2, 5, 5, 4], [6, 5, 1, 1], { strides: 2 }),
    convCase("kernel equal to stride", [2, 3, 6, 8], [5, 3, 3, 4], { strides: [3, 4] }),
    {
      title: "bias",
      inputs: [[2, 5, 4, 4], [3, 5, 3, 3], [3]],
      build: (x, w, bias) => conv(x, w, { bias, padding: 1 }),
      forward: (x, w, bias) => convPlain(x, w, bias, { pads: [1, 1, 1, 1] }),
    },
    {
      title: "bias of patches",
      inputs: [[2, 3, 4, 4], [5, 3, 2, 2], [5]],
      build: (x, w, bias) => conv(x, w, { bias, strides: 2 }),
      forward: (x, w, bias) => convPlain(x, w, bias, { strides: [2, 2] }),
    },
  ],
  convSettings,
);

checkOp(
  "conv, elements that meet padding only",
  (x, w) => conv(x, w),
  [
    convCase("all but the middle", [2, 12, 5, 4], [16, 12, 3, 3], { dilations: 5, padding: 5 }),
    convCase("above and below", [2, 12, 3, 9], [16, 12, 3, 3], { dilations: 4, padding: 4 }),
    convCase("above only, with stride", [2, 5, 3, 8], [4, 5, 4, 2], {
      strides: 2,
      dilations: [3, 1],
      padding: [7, 0, 6, 1],
    }),
    convCase("groups", [2, 4, 3, 3], [6, 2, 3, 3], { groups: 2, dilations: 3, padding: 3 }),
    {
      title: "bias",
      inputs: [[1, 5, 4, 4], [3, 5, 3, 3], [3]],
      build: (x, w, bias) => conv(x, w, { bias, dilations: 6, padding: 6 }),
      forward: (x, w, bias) => convPlain(x, w, bias, { dilations: [6, 6], pads: [6, 6, 6, 6] }),
    },
    convCase("1 × 1 with more weights than pixels", [2, 40, 2, 3], [48, 40, 1, 1]),
  ],
  convSettings,
);

test("elements that meet padding only are cut off the kernel", () => {
  const y = conv(input("x", [1, 8, 5, 5]), input("w", [8, 8, 3, 3]), { dilations: 5, padding: 5 });
  const { nodes } = reach(
    Object.values(lower({ outputs: { y } }, { device: "cpu", operators: "native", convBlock: 0 }).outputs),
  );
  expect(nodes.find(({ op }) => op === "Conv")?.attributes.kernel_shape).toEqual([1, 1]);
});

checkOp(
  "conv, windows that meet padding only",
  (x, w) => conv(x, w),
  [
    {
      inputs: [
        [16, 8, 10, 1],
        [8, 8, 2, 4],
      ],
      build: (x, w) => conv(x, w, { strides: [2, 4], padding: [2, 4, 2, 1] }),
    },
    {
      inputs: [
        [16, 16, 1, 3],
        [16, 16, 2, 2],
      ],
      build: (x, w) => conv(x, w, { strides: 3, padding: [7, 0, 0, 0] }),
    },
    {
      title: "none meets a pixel",
      inputs: [
        [16, 8, 1, 1],
        [8, 8, 2, 2],
      ],
      build: (x, w) => conv(x, w, { strides: 3, padding: [2, 2, 0, 0] }),
    },
  ],
  { ...convSettings, gradientTolerance: 2e-2 },
);

checkOp(
  "convTranspose",
  (x, w) => convTranspose(x, w),
  [
    {
      title: "stride 1",
      inputs: [
        [2, 4, 3, 4],
        [4, 5, 3, 3],
      ],
      forward: (x, w) => convTransposePlain(x, w, [5, 6]),
    },
    {
      title: "stride 2 with padding, output padding and bias",
      inputs: [[2, 4, 3, 4], [4, 5, 3, 3], [5]],
      build: (x, w, bias) => convTranspose(x, w, { bias, strides: 2, padding: 1, outputPadding: 1 }),
    },
    {
      title: "stride 2 with padding and output padding",
      inputs: [
        [2, 4, 3, 4],
        [4, 5, 3, 3],
      ],
      build: (x, w) => convTranspose(x, w, { strides: 2, padding: 1, outputPadding: 1 }),
      forward: (x, w) => convTransposePlain(x, w, [6, 8], { strides: [2, 2], pads: [1, 1, 1, 1] }),
    },
    {
      title: "1 × 1 with more weights than pixels, bias",
      inputs: [[2, 40, 2, 3], [40, 48, 1, 1], [48]],
      build: (x, w, bias) => convTranspose(x, w, { bias }),
    },
    {
      title: "kernel equal to stride",
      inputs: [[2, 4, 3, 4], [4, 5, 2, 2], [5]],
      build: (x, w, bias) => convTranspose(x, w, { bias, strides: 2 }),
    },
    {
      title: "kernel equal to stride, without bias",
      inputs: [
        [2, 4, 3, 4],
        [4, 5, 2, 2],
      ],
      build: (x, w) => convTranspose(x, w, { strides: 2 }),
      forward: (x, w) => convTransposePlain(x, w, [6, 8], { strides: [2, 2] }),
    },
    {
      title: "groups",
      inputs: [
        [1, 4, 3, 3],
        [4, 3, 3, 3],
      ],
      build: (x, w) => convTranspose(x, w, { groups: 2, padding: 1, strides: 2 }),
    },
    {
      title: "dilation, asymmetric padding",
      inputs: [
        [1, 4, 4, 4],
        [4, 3, 2, 2],
      ],
      build: (x, w) => convTranspose(x, w, { dilations: 2, padding: [1, 0, 0, 1] }),
      forward: (x, w) => convTransposePlain(x, w, [5, 5], { dilations: [2, 2], pads: [1, 0, 0, 1] }),
    },
    {
      title: "as much output padding as stride",
      inputs: [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
      ],
      build: (x, w) => convTranspose(x, w, { strides: 1, dilations: 2, outputPadding: 1 }),
      forward: (x, w) => convTransposePlain(x, w, [5, 5], { dilations: [2, 2] }),
    },
    {
      title: "more output padding than stride, padding, groups and bias",
      inputs: [[2, 4, 3, 4], [4, 2, 2, 3], [4]],
      build: (x, w, bias) =>
        convTranspose(x, w, {
          bias,
          strides: [1, 2],
          dilations: [4, 5],
          padding: [1, 0, 2, 3],
          outputPadding: [3, 4],
          groups: 2,
        }),
    },
    {
      title: "more output padding than stride, padding, without bias",
      inputs: [
        [2, 4, 3, 4],
        [4, 3, 2, 2],
      ],
      build: (x, w) => convTranspose(x, w, { strides: 1, dilations: 4, padding: [1, 1, 1, 2], outputPadding: [3, 2] }),
      forward: (x, w) => convTransposePlain(x, w, [8, 7], { dilations: [4, 4], pads: [1, 1, 1, 2] }),
    },
  ],
  convSettings,
);

const x = input("x", [1, 3, 8, 8]);
checkErrors("conv", [
  [/x has 3 channels but the kernel expects 4/, () => conv(x, input("w", [2, 4, 3, 3]))],
  [/expected x \[B, C, H, W\]/, () => conv(input("y", [3, 8, 8]), input("w", [2, 3, 3, 3]))],
  [/bias must be \[2\]/, () => conv(x, input("w", [2, 3, 3, 3]), { bias: input("b", [3]) })],
  [/strides must be one or two integers/, () => conv(x, input("w", [2, 3, 3, 3]), { strides: 0 })],
  [/padding must be integers of at least 0/, () => conv(x, input("w", [2, 3, 3, 3]), { padding: -1 })],
  [/window must fit/, () => conv(x, input("w", [2, 3, 9, 3]))],
]);
checkErrors("convTranspose", [
  [/expected x \[B, C, H, W\]/, () => convTranspose(x, input("w", [2, 3, 3, 3]))],
  [/outputPadding must be less/, () => convTranspose(x, input("w", [3, 3, 3, 3]), { outputPadding: 1 })],
  ...[0.5, [1], [1, -1], Number.NaN].map(
    (outputPadding) =>
      [
        /outputPadding must be one or two integers of at least 0/,
        () => convTranspose(x, input("w", [3, 3, 3, 3]), { strides: 2, outputPadding: outputPadding as number }),
      ] as const,
  ),
]);
