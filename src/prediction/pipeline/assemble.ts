import { InputError } from "../../errors.ts";
import { lower } from "../../graph/graph.ts";
import { Model } from "../../graph/scope.ts";
import { input } from "../../graph/tensor.ts";
import type { ModelProto } from "../../onnx/wire.ts";
import { graphProto, modelProto } from "../../onnx/write.ts";
import type { Engine } from "../../runtime/engine.ts";
import { cardOf, metadataOf } from "../card.ts";
import type { TrainedModel } from "../model.ts";
import { defaultWindowing, windowings } from "../windows.ts";
import { foldGraph } from "./fold.ts";
import { pipelineGraph } from "./pipeline.ts";

/**
 * A trained model as the ONNX model that predicts with it: the pipeline around its window graph, in standard operators
 * for any machine, weights embedded and folded, described by its metadata.
 *
 * Throws InputError when the weights are not those of the method and recipe.
 */
export async function assemble(engine: Engine, trained: TrainedModel): Promise<ModelProto> {
  const { method, recipe, task, weights, window, source } = trained;
  const classes = task.classes.length;
  if (!window.every((side) => Number.isInteger(side) && side > 0 && side % method.stride === 0)) {
    throw new InputError(
      `${source}: window sides must be multiples of ${method.stride}, got ${window.join("x")}. Choose another window.`,
    );
  }
  const model = new Model();
  const image = input("window", [1, ...window, 3], "uint8");
  const probabilities = method.predict(model.scope, image, recipe, task);
  for (const { name, tensor } of model.parameters.values()) {
    const value = weights[name];
    if (value === undefined || String(value.shape) !== String(tensor.shape)) {
      const got = value === undefined ? "nothing" : `[${value.shape}]`;
      throw new InputError(
        `${source}: weight ${name} must be [${tensor.shape}], got ${got}. The weights belong to another model or recipe.`,
      );
    }
  }
  const unfed = [...model.noises.keys(), ...model.hostCalls.map(({ name }) => name)];
  if (unfed.length > 0)
    throw new Error(`${method.name}: predict must not use noise or host calls (${unfed.join(", ")}).`);

  const lowered = lower(
    { outputs: { window_probabilities: probabilities } },
    { device: "cpu", operators: "portable", convBlock: 0 },
  );
  const folded = await foldGraph(engine, lowered, weights);
  const written = graphProto(folded, { embed: weights, prefix: "model/" });
  const windowing = windowings[defaultWindowing];
  const graph = pipelineGraph({ model: written.graph, classes, window, windowing, shortSide: -trained.shortSide });
  return modelProto({ ...written, graph }, { metadata: metadataOf(cardOf(trained)) });
}
