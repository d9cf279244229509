/** A photograph in the view of a panoptic model: the graph's pixels against those of the host. */
import { expect, test } from "vitest";
import { checkImage } from "../../../test/support/check-model.ts";
import { ndarray, toNumbers } from "../../array/ndarray.ts";
import { lower } from "../../graph/graph.ts";
import { input } from "../../graph/tensor.ts";
import { viewImage, wholeView } from "../../image/resize.ts";
import { encodeModel } from "../../onnx/wire.ts";
import { graphProto, modelProto } from "../../onnx/write.ts";
import { cast } from "../../ops/index.ts";
import { nodeBackend } from "../../runtime/node.ts";
import { fittedShortSide, workingSize } from "../windows.ts";
import { panopticPipeline } from "./panoptic-pipeline.ts";

const size = [33, 49] as const;

/** The view of a photograph, as a model's graph sees it: [33, 49, 3]. */
async function viewOf(width: number, height: number, corners: boolean): Promise<{ pixels: number[]; frame: number[] }> {
  const window = input("window", [1, ...size, 3], "uint8");
  const target = { device: "cpu", operators: "portable", convBlock: 0 } as const;
  const written = graphProto(lower({ outputs: { view: cast(window, "int32") } }, target), { prefix: "model/" });
  const graph = panopticPipeline({ model: written.graph, size, padding: [1, 2, 3], corners });
  const session = await nodeBackend.create(encodeModel(modelProto({ ...written, graph })), {
    ...{ device: "cpu", threads: 1, use: "inference" },
  });
  const image = ndarray("uint8", [height, width, 3], checkImage(width, height).data);
  const { view, frame } = await session.run({ image }, { view: null, frame: null });
  await session.release();
  return { pixels: toNumbers(view), frame: toNumbers(frame) };
}

test.each([
  [98, 66],
  [40, 20],
  [20, 40],
])("%i x %i pixels are scaled corner on corner where a model asks for it, padding beside", async (width, height) => {
  const [rows, columns] = workingSize(height, width, fittedShortSide(height, width, size)).map((side, axis) =>
    Math.min(side, size[axis]),
  );
  const expected = viewImage(checkImage(width, height), { ...wholeView(columns, rows), corners: true });
  const { pixels: view, frame } = await viewOf(width, height, true);
  expect(frame).toEqual([rows, columns]);
  let most = 0;
  for (let y = 0, at = 0; y < size[0]; y++) {
    for (let x = 0; x < size[1]; x++) {
      for (let c = 0; c < 3; c++, at++) {
        const inside = y < rows && x < columns;
        const wanted = inside ? expected.data[(y * columns + x) * 3 + c] : c + 1;
        most = Math.max(most, inside ? Math.abs(view[at] - wanted) : 255 * Number(view[at] !== wanted));
      }
    }
  }
  // The runtime cuts bytes off where the host rounds them.
  expect(most).toBeLessThanOrEqual(1);
  expect((await viewOf(width, height, false)).pixels).not.toEqual(view);
});
