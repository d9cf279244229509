import type { Named, NdArray } from "../../array/ndarray.ts";
import { InputError } from "../../errors.ts";
import { lower } from "../../graph/graph.ts";
import { Model, type Scope } from "../../graph/scope.ts";
import { input, type Tensor } from "../../graph/tensor.ts";
import type { PredictionModel, SemanticModel } from "../../methods/model.ts";
import { modelOf } from "../../methods/stages.ts";
import type { ModelProto } from "../../onnx/wire.ts";
import { graphProto, modelProto } from "../../onnx/write.ts";
import type { Engine } from "../../runtime/engine.ts";
import { cardOf, metadataOf, ownShortSide } from "../card.ts";
import type { TrainedModel } from "../model.ts";
import { fitWindow, windowings } from "../windows.ts";
import { foldGraph } from "./fold.ts";
import { frameOutput, panopticPipeline } from "./panoptic-pipeline.ts";
import { pipelineGraph } from "./pipeline.ts";

/**
 * A trained model as the ONNX model that predicts with it: the pipeline around its graph, in standard operators for any
 * machine, weights embedded and folded, described by its metadata.
 *
 * window: of a semantic model that takes any size; default: the model's own. Throws InputError when the weights are not those of the method and recipe.
 */
export async function assemble(
  engine: Engine,
  trained: TrainedModel,
  {
    window: asked,
    shortSide: askedSide,
  }: { readonly window?: readonly [height: number, width: number]; readonly shortSide?: number | undefined } = {},
): Promise<ModelProto> {
  const { method, recipe, task, weights } = trained;
  const model = modelOf({ method, recipe }, task);
  const own = cardOf(trained, askedSide);
  const card = asked === undefined ? own : { ...own, window: asked };
  const { window } = card;
  if (model.kind === "semantic" && asked === undefined) requireWindow(model, window, trained.source);
  const declared = new Model();
  const image = input("window", [1, ...window, 3], "uint8");
  const outputs: Named<Tensor> =
    model.kind === "semantic"
      ? { window_probabilities: model.scores(declared.scope, image) }
      : outputsOf(model, declared.scope, image);
  requireWeights(declared, weights, trained.source);
  const unfed = [...declared.noises.keys(), ...declared.hostCalls.map(({ name }) => name)];
  if (unfed.length > 0)
    throw new InputError(
      `method ${method.name}: expected a model that predicts without noise and host calls, got ${unfed.join(", ")}. Correct the method.`,
    );

  const lowered = lower({ outputs }, { device: "cpu", operators: "portable", convBlock: 0 });
  const folded = await foldGraph(engine, lowered, weights);
  const written = graphProto(folded, { embed: weights, prefix: "model/" });
  const metadata = metadataOf({ ...card, leftOut: leftOutOf(model) });
  if (model.kind === "panoptic") {
    const graph = panopticPipeline({ model: written.graph, ...model });
    const told = Object.entries(model.about ?? {}).map(([name, text]) => [`${outputPrefix}${name}`, text]);
    const about = JSON.stringify({ ...Object.fromEntries(told), [frameOutput]: frameText });
    return modelProto(
      { ...written, graph },
      { metadata: { ...metadata, settings: JSON.stringify(recipe), outputs: about } },
    );
  }
  const shortSide = card.windowing === "none" ? fitWindow : ownShortSide(card);
  const { longSide, antialias, filter } = card;
  const { averages } = card;
  const windows = { classes: task.classes.length, window, windowing: windowings[card.windowing], averages };
  const graph = pipelineGraph({ model: written.graph, ...windows, shortSide, longSide, antialias, filter });
  return modelProto({ ...written, graph }, { metadata });
}

/** Names of a panoptic model's outputs in the file. */
export const outputPrefix = "output:";

const frameText =
  "int64 [2]: rows and columns of the photograph in the view, at its top left; what is beside them is padding";

function outputsOf(model: Extract<PredictionModel, { kind: "panoptic" }>, scope: Scope, image: Tensor): Named<Tensor> {
  const named = Object.entries(model.outputs(scope, image)).map(([name, tensor]) => [`${outputPrefix}${name}`, tensor]);
  return Object.fromEntries(named) as Named<Tensor>;
}

/** What the host does after the graph when it predicts with a run, which a file of standard operators cannot. */
export function leftOutOf(model: PredictionModel): readonly string[] {
  if (model.kind === "panoptic") return [];
  return model.refine === undefined ? [] : ["refinement of the scores on the host"];
}

function requireWindow(
  { stride, remainder = 0, window: only }: SemanticModel,
  window: readonly [number, number],
  source: string,
): void {
  if (
    only !== undefined ||
    window.every((side) => Number.isInteger(side) && side > 0 && side % stride === remainder % stride)
  )
    return;
  const more = remainder === 0 ? "" : ` plus ${remainder}`;
  throw new InputError(
    `${source}: window sides must be multiples of ${stride}${more}, got ${window.join("x")}. Choose another window.`,
  );
}

function requireWeights(model: Model, weights: Named<NdArray>, source: string): void {
  for (const { name, tensor } of model.parameters.values()) {
    const value = weights[name];
    if (value !== undefined && String(value.shape) === String(tensor.shape)) continue;
    const got = value === undefined ? "nothing" : `[${value.shape}]`;
    throw new InputError(
      `${source}: weight ${name} must be [${tensor.shape}], got ${got}. The weights belong to another model or recipe.`,
    );
  }
}
