/**
 * The layer below the methods: operators are functions, gradients are graph, a step is compiled and run.
 * Fits y = sin(x) with a small network.
 *
 *     npx tsx examples/build-a-graph.ts
 */
import {
  buildStep,
  float32,
  heNormalInitializer,
  openEngine,
  ops,
  resolveRecipe,
  type Scope,
  type Tensor,
  zerosInitializer,
} from "tessera";

function linear(scope: Scope, x: Tensor, width: number): Tensor {
  const weight = scope.parameter("weight", [x.shape[1], width], heNormalInitializer());
  return ops.add(ops.matmul(x, weight), scope.parameter("bias", [width], zerosInitializer));
}

const count = 64;
const engine = await openEngine();
try {
  const step = await buildStep({
    engine,
    inputs: { x: { dtype: "float32", shape: [count, 1] }, y: { dtype: "float32", shape: [count, 1] } },
    loss(scope, { x, y }) {
      const hidden = ops.tanh(linear(scope.at("hidden"), x, 32)); // [count, 32]
      const error = ops.sub(linear(scope.at("out"), hidden, 1), y); // [count, 1]
      return { squaredError: ops.mean(ops.square(error)) };
    },
    recipe: resolveRecipe("transunet-tiny", ["steps=300", "learningRate=0.03", "clipNorm=0"]).recipe,
  });
  await step.initialize(0);
  for (let index = 0; index < 300; index++) {
    const x = Array.from({ length: count }, (_, i) => (i / count) * 2 * Math.PI - Math.PI);
    const batch = { x: float32([count, 1], x), y: float32([count, 1], x.map(Math.sin)) };
    const { total } = await step.run(batch, { step: index, seed: 0 });
    if (index % 100 === 99) console.log(`step ${index + 1}: loss ${total.toFixed(5)}`);
  }
} finally {
  await engine.close();
}
