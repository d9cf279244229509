import type { Named, NdArray } from "../../src/array/ndarray.ts";
import { Model } from "../../src/graph/scope.ts";
import { input, type Tensor } from "../../src/graph/tensor.ts";
import { type TransUNetOutputs, transunet } from "../../src/networks/transunet/network.ts";
import { publishedTransUNet, type TransUNetSettings } from "../../src/networks/transunet/settings.ts";

/** The part of a case's config that describes a network. */
interface NetworkConfig {
  readonly img: number;
  readonly grid: number;
  readonly width: number;
  readonly num_groups: number;
  readonly units: readonly number[];
  readonly hidden: number;
  readonly mlp: number;
  readonly heads: number;
  readonly layers: number;
  readonly head_channels: number;
  readonly decoder_channels: readonly number[];
  readonly n_skip: number;
  readonly classes: number;
  readonly compat?: string;
}

/** Our recipe for a golden network; dropout 0, as the goldens were computed. */
export function recipeOf(config: Readonly<Record<string, unknown>>): { recipe: TransUNetSettings; classes: number } {
  const network = config as unknown as NetworkConfig;
  const recipe: TransUNetSettings = {
    ...publishedTransUNet,
    encoderConvention: network.compat === "jax" ? "jax" : "transunet",
    stemWidth: network.width,
    normGroups: network.num_groups,
    stageUnits: network.units,
    tokenWidth: network.hidden,
    layers: network.layers,
    heads: network.heads,
    mlpWidth: network.mlp,
    dropout: 0,
    cropHeight: 16 * network.grid,
    cropWidth: 16 * network.grid,
    headChannels: network.head_channels,
    decoderChannels: network.decoder_channels,
    skips: network.n_skip,
  };
  return { recipe, classes: network.classes };
}

/** The golden network as graph, on an input `x` like `image`. */
export function build(
  config: Readonly<Record<string, unknown>>,
  image: NdArray | Tensor,
  { training = false }: { training?: boolean } = {},
): TransUNetOutputs & { model: Model } {
  const { recipe, classes } = recipeOf(config);
  const model = new Model({ training });
  const x = "source" in image ? image : input("x", image.shape);
  return { model, ...transunet(model.scope, x, classes, recipe) };
}

/** Names with `prefix` in front. */
export function prefixed<T>(prefix: string, values: Named<T>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

/** The leading corner of an array: the first sizes of each axis, as a golden excerpt keeps them. */
export function leading(array: NdArray, shape: readonly number[]): NdArray {
  const source = array.data as Float32Array;
  const size = shape.reduce((product, length) => product * length, 1);
  const result = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let rest = i;
    let place = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]) * stride;
      rest = Math.floor(rest / shape[axis]);
      stride *= array.shape[axis];
    }
    result[i] = source[place];
  }
  return { dtype: "float32", shape, data: result };
}
