/**
 * Goes on training an ONNX model of another program, with a new head that tells bright pictures from dark ones:
 *     npx tsx examples/fine-tune-onnx.ts backbone.onnx tuned.onnx
 */
import * as tessera from "tessera-seg";

const { float32, ops } = tessera;
const [file = "backbone.onnx", tuned = "tuned.onnx"] = process.argv.slice(2);
const bytes = await tessera.nodePlatform.readFile(file);

/** Images [B, 3, H, W] → scores [B, 2]. The model is one from `image` to `features` [B, C, h, w]. */
function scoresOf(scope: tessera.Scope, image: tessera.Tensor): tessera.Tensor {
  const backbone = tessera.readModel(bytes, { where: file, inputs: { image }, parameters: scope.at("backbone") });
  const pooled = ops.mean(backbone.outputs.features, { axes: [2, 3] }); // [B, C]
  return ops.matmul(pooled, scope.parameter("head", [pooled.shape[1], 2], tessera.heNormalInitializer()));
}
const engine = await tessera.openEngine();
try {
  const step = await tessera.buildStep({
    engine,
    inputs: { image: { dtype: "float32", shape: [4, 3, 16, 16] }, truth: { dtype: "float32", shape: [4, 2] } },
    loss(scope, { image, truth }) {
      const likelihood = ops.mul(ops.logSoftmax(scoresOf(scope, image), { axis: 1 }), truth); // [4, 2]
      return { terms: { crossEntropy: ops.neg(ops.mean(likelihood)) } };
    },
    recipe: tessera.resolveRecipe("transunet-tiny", ["steps=20", "learningRate=0.01"]).recipe,
  });
  await step.initialize(0);
  for (let index = 0; index < 20; index++) {
    const image = float32([4, 3, 16, 16], new Float32Array(3072).fill(1, 0, 1536).fill(-1, 1536)); // two are bright
    const batch = { image, truth: float32([4, 2], [1, 0, 1, 0, 0, 1, 0, 1]) };
    console.log(`loss ${(await step.run(batch, { step: index, seed: 0 })).total.toFixed(5)}`);
  }
  const scores = scoresOf(new tessera.Model().scope, tessera.input("image", [1, 3, 16, 16]));
  const graph = tessera.lower({ outputs: { scores } }, { device: "cpu", operators: "portable", convBlock: 0 });
  const embed = await engine.get([...step.model.parameters.keys()]);
  await tessera.nodePlatform.writeFile(tuned, tessera.writeModel(graph, { embed }).bytes);
} finally {
  await engine.close();
}
