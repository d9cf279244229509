import { describe, expect, test } from "vitest";
import { changed, dynamoVit, paddleNet, tensorFlowNet, torchScriptResNet } from "../../test/support/exported.ts";
import { float32, toNumbers } from "../array/ndarray.ts";
import { UsageError } from "../errors.ts";
import { Model } from "../graph/scope.ts";
import { input } from "../graph/tensor.ts";
import { addEncoder, encode, findEncoder } from "./encoders.ts";
import { restoreOnnxEncoder, takeOnnxEncoder, writeOnnxEncoder } from "./onnx-file.ts";

const where = "model.onnx";

describe("an ONNX file as an encoder that recipes name", () => {
  test.each([
    ["PyTorch's", torchScriptResNet()],
    ["TensorFlow's", tensorFlowNet()],
    ["Paddle's", paddleNet()],
    ["a transformer", dynamoVit()],
  ])("%s: its part has the same name, weights and maps wherever it is read again", async (_, bytes) => {
    const taken = await takeOnnxEncoder(bytes, { where });
    const encoder = findEncoder(taken.encoder);
    const again = await restoreOnnxEncoder(encoder.file!, "run/encoder.onnx");
    expect(again.encoder).toBe(taken.encoder);
    expect(again.tensors).toEqual(taken.tensors);
    const restored = findEncoder(taken.encoder);
    expect(restored.normalization).toEqual(encoder.normalization);
    const [height, width] = encoder.size ?? [64, 128];
    const shapes = [encoder, restored].map((each) =>
      encode(each, new Model().scope, input("x", [1, 3, height, width]), {}).map(({ map }) => map.shape),
    );
    expect(shapes[1]).toEqual(shapes[0]);
  });

  test("other features, values of pictures or weights are another encoder", async () => {
    const bytes = torchScriptResNet();
    const taken = await takeOnnxEncoder(bytes, { where });
    const [first, ...others] = Object.entries(taken.tensors);
    const moved = {
      [first[0]]: float32(
        first[1].shape,
        toNumbers(first[1]).map((value) => value + 1),
      ),
    };
    const file = writeOnnxEncoder(
      findEncoder(taken.encoder).file!,
      { ...Object.fromEntries(others), ...moved },
      { where },
    );
    const names = [
      taken.encoder,
      (await takeOnnxEncoder(bytes, { where, normalization: "unit" })).encoder,
      (await takeOnnxEncoder(bytes, { where, features: ["/layer2/layer2.0/relu_1/Relu_output_0"] })).encoder,
      (await restoreOnnxEncoder(file, where)).encoder,
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^onnx-[0-9a-f]{12}$/);
  });

  test("a model for several pictures at once alone is refused, as it could not predict one", async () => {
    await expect(takeOnnxEncoder(dynamoVit([8, 3, 64, 96]), { where, features: ["layer_norm_1"] })).rejects.toThrow(
      /^model\.onnx: expected a model for any batch, or for one picture, got one for 8 at once alone\. Export it with an open batch\.$/,
    );
  });

  test("a run's file that was replaced by another model is refused", async () => {
    const file = changed(torchScriptResNet(), (model) => ({ ...model, metadata_props: [{ key: "a", value: "b" }] }));
    await expect(restoreOnnxEncoder(file, "run/encoder.onnx")).rejects.toThrow(
      /^run\/encoder\.onnx: expected an encoder that tessera took from an ONNX file, got another model\. Restore the file\.$/,
    );
  });
});

test("an encoder of one's own is found by its name, and takes none of the list's", () => {
  const own = findEncoder("resnet18");
  addEncoder("my-network", own);
  expect(findEncoder("my-network")).toBe(own);
  expect(() => addEncoder("resnet18", own)).toThrow(UsageError);
  expect(() => findEncoder("my-networks")).toThrow(/my-network/);
});
