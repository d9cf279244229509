/** MaX-DeepLab whole, against the authors' networks: predicting and in training. */
import type { Named } from "../../src/array/ndarray.ts";
import { Model, type Scope } from "../../src/graph/scope.ts";
import type { Tensor } from "../../src/graph/tensor.ts";
import { maxDeepLab, semanticLogits } from "../../src/methods/max-deeplab/network.ts";
import {
  channelsLast,
  checkGraph,
  coversFile,
  feedsOf,
  type Golden,
  inputsOf,
  modelSettings,
  rows,
  theirNames,
} from "./max-deeplab.ts";

function build(scope: Scope, golden: Golden, inputs: Named<Tensor>) {
  const config = golden.config as unknown as { num_classes_with_void: number; aspp_pool: [number, number] };
  const settings = modelSettings(golden.config);
  const classes = config.num_classes_with_void - 1;
  const outputs = maxDeepLab(scope, inputs.image_rgb, settings, classes);
  const semantic = semanticLogits(scope, outputs.encoded, settings, {
    outputs: config.num_classes_with_void,
    poolSize: config.aspp_pool,
  });
  return { ...outputs, semantic };
}

const named = ({ pixelFeature, maskLogits, classLogits, semantic }: ReturnType<typeof build>, role: string) => ({
  [`${role}/pixel_space_normalized_feature`]: channelsLast(pixelFeature),
  [`${role}/pixel_space_mask_logits`]: channelsLast(maskLogits),
  [`${role}/transformer_class_logits`]: classLogits,
  [`${role}/semantic_logits`]: channelsLast(semantic),
});

for (const file of ["model_s_tiny.safetensors", "model_l_tiny.safetensors"]) {
  coversFile(file, async (golden) => {
    const feeds = feedsOf(golden);
    const inputs = inputsOf(golden);
    const found = build(new Model().scope, golden, inputs);
    const { encoded } = found;
    const between = {
      ...Object.fromEntries(encoded.stages.map((stage, i) => [`aux/infer.stage${i + 1}`, channelsLast(stage)])),
      "aux/infer.feature_panoptic": channelsLast(encoded.featurePanoptic),
      "aux/infer.transformer_class_feature": rows(encoded.classFeature),
      "aux/infer.transformer_mask_feature": rows(encoded.maskFeature),
    };
    const predicted = { ...between, ...named(found, "infer") };
    await checkGraph(golden, predicted, feeds);

    const model = new Model({ training: true });
    const trained = build(model.scope, golden, inputs);
    const averages = theirNames(golden, model.updates);
    const changed = Object.fromEntries(
      Object.entries(averages).map(([name, tensor]) => [`running_after/${name}`, tensor]),
    );
    const stepped = { ...named(trained, "train"), ...changed };
    await checkGraph(golden, stepped, feeds);
  });
}
