/** DeepLabs in the layout of their authors' files, with weights so simple that what they see can be worked out by hand. */
import { float32, type NdArray, ndarray } from "../../src/array/ndarray.ts";
import { sizeOf } from "../../src/array/shape.ts";

/** A convolution whose middle passes channel `from` of its inputs on as its first output, times `value`; all else is 0. */
function passing(shape: readonly [number, number, number, number], { from = 0, to = 0, value = 1 } = {}): NdArray {
  const data = new Float32Array(sizeOf(shape));
  const [, inputs, height, width] = shape;
  const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
  data[(to * inputs + from) * height * width + middle] = value;
  return float32(shape, data);
}

const zeros = (...shape: number[]) => float32(shape, new Float32Array(sizeOf(shape)));
export const filled = (length: number, value: number) => float32([length], new Float32Array(length).fill(value));

/** Blue, the first channel in Caffe, goes through all layers; class 1 has it as its score, class 0 always 50. */
const scores = (inputs: number) => ({ weight: passing([2, inputs, 1, 1], { to: 1 }), bias: float32([2], [50, 0]) });

export type Tensors = Record<string, NdArray>;

function put(tensors: Tensors, name: string, weight: NdArray, bias = filled(weight.shape[0], 0)): void {
  tensors[`base.${name}.weight`] = weight;
  tensors[`base.${name}.bias`] = bias;
}

/** L2G's DeepLab v1 on VGG-16. Places of the convolutions as the authors' file counts them: its pools are 2, 5, 9 and 13. */
export function vggLargeFov(): Tensors {
  const tensors: Tensors = {};
  let inputs = 3;
  for (const [outputs, names] of [
    [64, ["layer1.0.0", "layer1.1.0"]],
    [128, ["layer1.3.0", "layer1.4.0"]],
    [256, ["layer1.6.0", "layer1.7.0", "layer1.8.0"]],
    [512, ["layer1.10.0", "layer1.11.0", "layer1.12.0", "layer2.0.0", "layer2.1.0", "layer2.2.0"]],
  ] as const) {
    for (const name of names) {
      put(tensors, name, passing([outputs, inputs, 3, 3]));
      inputs = outputs;
    }
  }
  put(tensors, "aspp.conv6", passing([1024, 512, 3, 3]));
  put(tensors, "aspp.conv7", passing([1024, 1024, 1, 1]));
  const { weight, bias } = scores(1024);
  put(tensors, "aspp.conv8", weight, bias);
  return tensors;
}

/** DeepLab v2 on ResNet-101: units add nothing to their shortcuts. Scores are added up over four branches. */
export function residualAspp(): Tensors {
  const tensors: Tensors = {};
  const unit = (name: string, weight: NdArray) => {
    tensors[`base.${name}.conv.weight`] = weight;
    const [channels] = weight.shape;
    for (const [leaf, value] of [
      ["weight", 1],
      ["bias", 0],
      ["running_mean", 0],
      ["running_var", 1 - 1e-5], // with the epsilon 1
    ] as const) {
      tensors[`base.${name}.bn.${leaf}`] = filled(channels, value);
    }
    tensors[`base.${name}.bn.num_batches_tracked`] = ndarray("int64", [], BigInt64Array.of(7n));
  };
  unit("layer1.conv1", passing([64, 3, 7, 7]));
  [3, 4, 23, 3].forEach((count, stage) => {
    const middle = 64 * 2 ** stage;
    for (let block = 1; block <= count; block++) {
      const before = block > 1 ? 4 * middle : stage === 0 ? 64 : 2 * middle;
      const name = `layer${stage + 2}.block${block}`;
      unit(`${name}.reduce`, zeros(middle, before, 1, 1));
      unit(`${name}.conv3x3`, zeros(middle, middle, 3, 3));
      unit(`${name}.increase`, zeros(4 * middle, middle, 1, 1));
      if (block === 1) unit(`${name}.shortcut`, passing([4 * middle, before, 1, 1]));
    }
  });
  for (let branch = 0; branch < 4; branch++) {
    const weight = passing([2, 2048, 3, 3], { to: 1, value: 0.25 });
    put(tensors, `aspp.c${branch}`, weight, float32([2], [12.5, 0]));
  }
  return tensors;
}
