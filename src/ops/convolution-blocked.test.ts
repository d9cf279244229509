import { expect, test } from "vitest";
import { type Case, checkOp } from "../../test/support/check.ts";
import { convPlain } from "../../test/support/check-plain-window.ts";
import { convBlock, convCase, convSettings } from "../../test/support/convolution-cases.ts";
import { lower, reach } from "../graph/graph.ts";
import { input } from "../graph/tensor.ts";
import { conv } from "./index.ts";

/** Shapes that the blocked layout takes: whole blocks or nearly so, stripes of rows, more samples than a block has, and not so few pixels that others are faster. */
const blocked = [
  convCase("blocks of channels", [2, 16, 29, 28], [16, 16, 3, 3], { padding: 1 }),
  convCase("blocks filled up", [1, 11, 40, 39], [13, 11, 3, 3], { padding: 1 }),
  convCase("blocks with stride, rest left over", [2, 16, 58, 57], [12, 16, 3, 3], {
    strides: 2,
    padding: [0, 1, 0, 1],
  }),
  convCase("blocks with dilation", [1, 12, 19, 20], [16, 12, 3, 3], { dilations: 2, padding: 2 }),
  convCase("blocks, few channels, stride 2", [3, 3, 60, 60], [16, 3, 5, 5], { strides: 2 }),
  convCase("more samples than a block has", [17, 12, 11, 11], [12, 12, 2, 2]),
  {
    title: "blocks with bias",
    inputs: [[2, 12, 14, 14], [13, 12, 3, 3], [13]],
    build: (x, w, bias) => conv(x, w, { bias, padding: 1 }),
    forward: (x, w, bias) => convPlain(x, w, bias, { pads: [1, 1, 1, 1] }),
  },
] satisfies Case[];

test("this machine's blocked layout is found and tested", () => {
  expect([0, 8, 16]).toContain(convBlock);
  const target = { device: "cpu", operators: "native", convBlock: 8 } as const;
  const x = input("x", [1, 16, 20, 20]);
  const { nodes } = reach(
    Object.values(lower({ outputs: { y: conv(x, input("w", [16, 16, 3, 3])) } }, target).outputs),
  );
  expect(nodes.map(({ domain }) => domain)).toContain("com.microsoft.nchwc");
});

checkOp("conv, blocked", (x, w) => conv(x, w), blocked, { ...convSettings, gradientTolerance: 2e-2 });
