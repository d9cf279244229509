/**
 * The layer below the methods: operators are functions, gradients are graph, a step is compiled and run. Fits sin(x).
 *
 *     npx tsx examples/build-a-graph.ts
 */
import * as tessera from "tessera-seg";

const { float32, ops } = tessera;

function linear(scope: tessera.Scope, x: tessera.Tensor, width: number): tessera.Tensor {
  const weight = scope.parameter("weight", [x.shape[1], width], tessera.heNormalInitializer());
  return ops.add(ops.matmul(x, weight), scope.parameter("bias", [width], tessera.zerosInitializer));
}

const xs = Array.from({ length: 64 }, (_, i) => (i / 64) * 2 * Math.PI - Math.PI);
const engine = await tessera.openEngine();
try {
  const step = await tessera.buildStep({
    engine,
    inputs: { x: { dtype: "float32", shape: [64, 1] }, y: { dtype: "float32", shape: [64, 1] } },
    loss(scope, { x, y }) {
      const hidden = ops.tanh(linear(scope.at("hidden"), x, 32)); // [64, 32]
      const error = ops.sub(linear(scope.at("out"), hidden, 1), y); // [64, 1]
      return { terms: { squaredError: ops.mean(ops.square(error)) } };
    },
    recipe: tessera.resolveRecipe("transunet-tiny", ["steps=300", "learningRate=0.03", "clipNorm=0"]).recipe,
  });
  await step.initialize(0);
  for (let index = 0; index < 300; index++) {
    const batch = { x: float32([64, 1], xs), y: float32([64, 1], xs.map(Math.sin)) };
    const { total } = await step.run(batch, { step: index, seed: 0 });
    if (index % 100 === 99) console.log(`step ${index + 1}: loss ${total.toFixed(5)}`);
  }
} finally {
  await engine.close();
}
