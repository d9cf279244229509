import { fromNumbers, type NdArray } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import { sizeOf } from "../../src/array/shape.ts";
import { heNormalInitializer, onesInitializer, zerosInitializer } from "../../src/graph/initializer.ts";
import type { Scope } from "../../src/graph/scope.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import {
  batchNorm,
  conv,
  gelu,
  matmul,
  maxPool,
  mean,
  relu,
  reshape,
  square,
  sub,
  transpose,
} from "../../src/ops/index.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { buildStep } from "../../src/step/step.ts";
import { recipe } from "../support/small-step.ts";

/** Three steps of a small convolutional network; loss and gradient norm of each. The engine is closed. */
export async function trainBriefly(engine: Engine): Promise<{ total: number; gradientNorm: number }[]> {
  const inputs = {
    image: { dtype: "float32", shape: [2, 3, 16, 16] },
    target: { dtype: "float32", shape: [2, 64, 4] },
  } as const;
  const step = await buildStep({
    engine,
    inputs,
    loss: (scope, batch) => network(scope, batch.image, batch.target),
    recipe: { ...recipe, weightDecay: 0.05, averageDecay: 0.9 },
  });
  await step.initialize(1);
  const results = [];
  for (let at = 0; at < 3; at++) {
    const draw = (name: "image" | "target"): NdArray => {
      const { shape } = inputs[name];
      return fromNumbers("float32", shape, new Random(at, name).fillNormal(new Float32Array(sizeOf(shape))));
    };
    const { total, gradientNorm } = await step.run(
      { image: draw("image"), target: draw("target") },
      { step: at, seed: 1 },
    );
    results.push({ total, gradientNorm });
  }
  await step.release();
  await engine.close();
  return results;
}

function network(scope: Scope, image: Tensor, target: Tensor) {
  const kernel = scope.parameter("kernel", [8, 3, 3, 3], heNormalInitializer());
  const gamma = scope.parameter("gamma", [8], onesInitializer);
  const beta = scope.parameter("beta", [8], zerosInitializer);
  const projection = scope.parameter("projection", [4, 8], heNormalInitializer());
  const features = maxPool(relu(batchNorm(conv(image, kernel, { padding: 1 }), gamma, beta).y), { kernel: 2 });
  const tokens = gelu(transpose(reshape(features, [2, 8, 64]), [0, 2, 1])); // (B, T, C)
  return { terms: { error: mean(square(sub(matmul(tokens, projection, { transposeB: true }), target))) } };
}
