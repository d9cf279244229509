import { expect, test } from "vitest";
import { type Case, checkErrors, checkOp } from "../../test/support/check.ts";
import { convPlain, convTransposePlain, type PlainWindow } from "../../test/support/check-plain-window.ts";
import type { NdArray } from "../array/ndarray.ts";
import { gradients } from "../autodiff/gradients.ts";
import { lower, reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import { detectConvBlock } from "../runtime/conv-block.ts";
import { nodeBackend } from "../runtime/node.ts";
import type { ConvOptions } from "./convolution.ts";
import { conv, convTranspose, sum } from "./index.ts";

function convCase(title: string, x: number[], w: number[], options: ConvOptions = {}, plain: PlainWindow = {}): Case {
  return {
    title,
    inputs: [x, w],
    build: (x, w) => conv(x, w, options),
    forward: (x: NdArray, w: NdArray) => convPlain(x, w, null, plain),
  };
}

const convBlock = await detectConvBlock(nodeBackend);
const common = {
  dtype: "float32",
  targets: [
    { device: "cpu", operators: "native", convBlock: 0 },
    { device: "cpu", operators: "portable", convBlock: 0 },
    { device: "cpu", operators: "native", convBlock },
  ],
} as const;

/** Shapes that the blocked layout takes: whole blocks or nearly so, stripes of rows, more samples than a block has. */
const blocked = [
  convCase("blocks of channels", [2, 16, 9, 8], [16, 16, 3, 3], { padding: 1 }, { pads: [1, 1, 1, 1] }),
  convCase("blocks filled up", [1, 11, 8, 9], [13, 11, 3, 3], { padding: 1 }, { pads: [1, 1, 1, 1] }),
  convCase(
    "blocks with stride, rest left over",
    [2, 16, 10, 9],
    [12, 16, 3, 3],
    { strides: 2, padding: [0, 1, 0, 1] },
    { strides: [2, 2], pads: [0, 1, 0, 1] },
  ),
  convCase(
    "blocks with dilation",
    [1, 12, 9, 10],
    [16, 12, 3, 3],
    { dilations: 2, padding: 2 },
    { dilations: [2, 2], pads: [2, 2, 2, 2] },
  ),
  convCase("blocks, few channels, stride 2", [3, 3, 12, 12], [16, 3, 5, 5], { strides: 2 }, { strides: [2, 2] }),
  convCase("more samples than a block has", [17, 12, 8, 8], [12, 12, 2, 2]),
  {
    title: "blocks with bias",
    inputs: [[2, 12, 8, 8], [13, 12, 3, 3], [13]],
    build: (x, w, bias) => conv(x, w, { bias, padding: 1 }),
    forward: (x, w, bias) => convPlain(x, w, bias, { pads: [1, 1, 1, 1] }),
  },
] satisfies Case[];

function depthwiseCase(
  title: string,
  [batch, channels, ...size]: readonly number[],
  [kh, kw]: readonly number[],
  options: ConvOptions = {},
  plain: PlainWindow = {},
): Case {
  const grouped = { groups: channels };
  return convCase(
    title,
    [batch, channels, ...size],
    [channels, 1, kh, kw],
    { ...options, ...grouped },
    { ...plain, ...grouped },
  );
}

/** One kernel a channel: whole blocks of 8 and 16, or nearly so; all that a window may be. */
const depthwise = [
  depthwiseCase("3 × 3", [2, 16, 5, 6], [3, 3], { padding: 1 }, { pads: [1, 1, 1, 1] }),
  depthwiseCase("5 × 5, odd size, one sample", [1, 16, 7, 9], [5, 5], { padding: 2 }, { pads: [2, 2, 2, 2] }),
  depthwiseCase("without padding, filled up", [3, 12, 5, 4], [3, 3]),
  depthwiseCase("stride 2", [2, 32, 6, 8], [3, 3], { padding: 1, strides: 2 }, { strides: [2, 2], pads: [1, 1, 1, 1] }),
  depthwiseCase(
    "stride 2, odd size",
    [1, 16, 7, 5],
    [3, 3],
    { padding: 1, strides: 2 },
    { strides: [2, 2], pads: [1, 1, 1, 1] },
  ),
  depthwiseCase(
    "stride 2, same, even size",
    [2, 16, 6, 8],
    [3, 3],
    { padding: "same", strides: 2 },
    { strides: [2, 2], pads: [0, 0, 1, 1] },
  ),
  depthwiseCase(
    "5 × 5, stride 2, same, even size, filled up",
    [2, 13, 8, 6],
    [5, 5],
    { padding: "same", strides: 2 },
    { strides: [2, 2], pads: [1, 1, 2, 2] },
  ),
  depthwiseCase(
    "5 × 5, stride 2, same, odd size",
    [1, 16, 9, 7],
    [5, 5],
    { padding: "same", strides: 2 },
    { strides: [2, 2], pads: [2, 2, 2, 2] },
  ),
  depthwiseCase("stride 2, rest left over", [2, 16, 6, 8], [3, 3], { strides: 2 }, { strides: [2, 2] }),
  depthwiseCase(
    "dilation",
    [2, 16, 7, 6],
    [3, 3],
    { dilations: 2, padding: 2 },
    { dilations: [2, 2], pads: [2, 2, 2, 2] },
  ),
  depthwiseCase(
    "5 × 5, dilation, same, odd size",
    [1, 24, 9, 11],
    [5, 5],
    { dilations: 2, padding: "same" },
    { dilations: [2, 2], pads: [4, 4, 4, 4] },
  ),
  depthwiseCase(
    "dilation and stride",
    [1, 16, 9, 8],
    [3, 3],
    { dilations: 2, strides: 2, padding: 1 },
    { dilations: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] },
  ),
  depthwiseCase(
    "all sides different",
    [2, 16, 6, 9],
    [3, 5],
    { padding: [0, 1, 2, 3], strides: [1, 2], dilations: [2, 1] },
    { pads: [0, 1, 2, 3], strides: [1, 2], dilations: [2, 1] },
  ),
  depthwiseCase("large stride", [2, 16, 8, 7], [3, 3], { strides: 3 }, { strides: [3, 3] }),
  depthwiseCase("stride larger than the kernel", [2, 16, 7, 8], [1, 1], { strides: 2 }, { strides: [2, 2] }),
  depthwiseCase("1 × 1", [2, 16, 3, 5], [1, 1]),
  depthwiseCase("more padding than the kernel reaches", [1, 16, 4, 4], [2, 2], { padding: 2 }, { pads: [2, 2, 2, 2] }),
  depthwiseCase("kernel larger than the image", [1, 16, 2, 1], [5, 5], { padding: 2 }, { pads: [2, 2, 2, 2] }),
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

test("this machine's blocked layout is found and tested", () => {
  expect([0, 8, 16]).toContain(convBlock);
  const target = { device: "cpu", operators: "native", convBlock: 8 } as const;
  const x = input("x", [1, 16, 9, 9]);
  const { nodes } = reach(
    Object.values(lower({ outputs: { y: conv(x, input("w", [16, 16, 3, 3])) } }, target).outputs),
  );
  expect(nodes.map(({ domain }) => domain)).toContain("com.microsoft.nchwc");
});

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

checkOp(
  "conv",
  (x, w) => conv(x, w),
  [
    convCase("3 × 3 with padding", [2, 5, 6, 7], [4, 5, 3, 3], { padding: 1 }, { pads: [1, 1, 1, 1] }),
    convCase(
      "few channels, stride 2",
      [2, 3, 9, 8],
      [4, 3, 3, 3],
      { strides: 2, padding: 1 },
      { strides: [2, 2], pads: [1, 1, 1, 1] },
    ),
    convCase(
      "many channels, stride 2, rest left over",
      [2, 6, 8, 7],
      [4, 6, 3, 3],
      { strides: 2 },
      { strides: [2, 2] },
    ),
    convCase(
      "asymmetric padding and strides",
      [1, 5, 6, 7],
      [3, 5, 3, 2],
      { padding: [0, 1, 2, 0], strides: [1, 2] },
      { pads: [0, 1, 2, 0], strides: [1, 2] },
    ),
    convCase(
      "dilation",
      [1, 5, 8, 8],
      [3, 5, 3, 3],
      { dilations: [2, 1], padding: [2, 1, 2, 1] },
      { dilations: [2, 1], pads: [2, 1, 2, 1] },
    ),
    convCase(
      "dilation and stride, few channels",
      [1, 2, 9, 9],
      [3, 2, 3, 3],
      { dilations: 2, strides: 2, padding: 1 },
      { dilations: [2, 2], strides: [2, 2], pads: [1, 1, 1, 1] },
    ),
    convCase(
      "more padding than the kernel reaches",
      [1, 5, 4, 4],
      [2, 5, 2, 2],
      { padding: 2 },
      { pads: [2, 2, 2, 2] },
    ),
    convCase(
      "same, odd kernel, stride 2, even size",
      [1, 5, 6, 6],
      [2, 5, 3, 3],
      { padding: "same", strides: 2 },
      { strides: [2, 2], pads: [0, 0, 1, 1] },
    ),
    convCase("same, even kernel, odd size", [1, 5, 5, 5], [2, 5, 2, 2], { padding: "same" }, { pads: [0, 0, 1, 1] }),
    convCase("groups", [2, 4, 5, 5], [6, 2, 3, 3], { groups: 2, padding: 1 }, { groups: 2, pads: [1, 1, 1, 1] }),
    convCase(
      "groups with stride",
      [2, 4, 5, 6],
      [6, 2, 3, 3],
      { groups: 2, strides: 2 },
      { groups: 2, strides: [2, 2] },
    ),
    convCase("depthwise", [2, 6, 5, 5], [6, 1, 3, 3], { groups: 6, padding: 1 }, { groups: 6, pads: [1, 1, 1, 1] }),
    convCase("1 × 1", [2, 5, 4, 3], [6, 5, 1, 1]),
    convCase("1 × 1 with stride", [2, 5, 5, 4], [6, 5, 1, 1], { strides: 2 }, { strides: [2, 2] }),
    convCase("kernel equal to stride", [2, 3, 6, 8], [5, 3, 3, 4], { strides: [3, 4] }, { strides: [3, 4] }),
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
  common,
);

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
  { ...common, gradientTolerance: 2e-2 },
);

checkOp("conv, depthwise", (x, w) => conv(x, w), depthwise, { ...common, gradientTolerance: 2e-2 });

checkOp("conv, blocked", (x, w) => conv(x, w), blocked, { ...common, gradientTolerance: 2e-2 });

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
  common,
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
