/**
 * The library: what the command line does, in a few lines of TypeScript.
 *
 * ```ts
 * const engine = await openEngine();
 * await train({ ...resolveRecipe("transunet-small"), engine, platform: nodePlatform, folder: "run",
 *   dataset: await openDataset(nodePlatform, "photos", "train"), validation: null });
 * const segmenter = await openSegmenter(engine, await openRun(nodePlatform, "run"));
 * const { labels } = await segmenter.segment(await nodePlatform.decodeImage("holiday.jpg"));
 * ```
 */

export type { Dtype, TypedArray } from "./array/dtype.ts";
export {
  float32,
  fromNumbers,
  item,
  type Named,
  type NdArray,
  ndarray,
  scalar,
  toNumbers,
  zeros,
} from "./array/ndarray.ts";
export { Random } from "./array/random.ts";
export { gradients } from "./autodiff/gradients.ts";
export { type Batch, type Batches, type BatchOptions, batches } from "./data/batches.ts";
export type { Dataset, Split, WordThresholds } from "./data/dataset.ts";
export { imagesOnly, joinedDatasets, labelSubset, parseFraction } from "./data/label-subset.ts";
export { completed, kindsText, maskOf, tagsOf } from "./data/labels.ts";
export type { ClassInfo, LabelKind, Labels, Sample, Segment, SegmentMap } from "./data/sample.ts";
export { classStatistics } from "./data/statistics.ts";
export { labelledDataset, scaledDataset, spreadDataset } from "./data/views.ts";
export { layouts, openDataset, splitsOf } from "./datasets/index.ts";
export { countProblems, type InspectReport, inspectDataset } from "./datasets/inspect.ts";
export { openTrainingData, type TrainingData, type TrainingDataOptions } from "./datasets/training-data.ts";
export { InputError, Interrupted, UsageError } from "./errors.ts";
export { type Evaluation, evaluateDataset } from "./evaluation/evaluate.ts";
export {
  evaluatePanopticFiles,
  type PanopticFilesEvaluation,
  type PanopticFilesOptions,
} from "./evaluation/evaluate-panoptic-files.ts";
export { type Scorer, scorerOf } from "./evaluation/scorer.ts";
export { runTrial } from "./evaluation/trial.ts";
export { type Graph, lower } from "./graph/graph.ts";
export * from "./graph/initializer.ts";
export { Model, type Parameter, type Scope } from "./graph/scope.ts";
export { constant, input, node, nodes, type Target, type Tensor, type TensorType, variable } from "./graph/tensor.ts";
export { type FetchedModel, type FetchOptions, fetchModel } from "./hub/fetch.ts";
export { isReference } from "./hub/reference.ts";
export { type Color, IGNORE, type Image, type LabelMap } from "./image/image.ts";
export type { GroupMaps } from "./methods/groups.ts";
export { findMethod, findRecipe, methods, recipeNames } from "./methods/index.ts";
export type { Citation, Method, ResolvedRecipe, Task } from "./methods/method.ts";
export type {
  Frame,
  PanopticModel,
  PredictionModel,
  Preparation,
  SemanticModel,
  WindowingName,
} from "./methods/model.ts";
export type { PatchFeatures } from "./methods/patches.ts";
export { baseRecipe, type Recipe } from "./methods/recipe.ts";
export { resolveRecipe, withSteps } from "./methods/resolve-recipe.ts";
export { segmentationStage } from "./methods/segmentation-stage.ts";
export type {
  Beginning,
  Losses,
  Pass,
  RunGraph,
  Stage,
  Trained,
  TrainingStage,
  Trial,
  TrialPicture,
  Visit,
} from "./methods/stage.ts";
export { sourcesOf, stagesOf } from "./methods/stages.ts";
export { confusionMatrix, countPixels, scoresOf } from "./metrics/confusion.ts";
export { type Measure, measureText } from "./metrics/measure.ts";
export { addPanopticCounts, countSegments, panopticCounts, panopticScores } from "./metrics/panoptic-quality.ts";
export { segmentIdsOf } from "./metrics/segment-ids.ts";
export { type ReadModel, type ReadOptions, readModel } from "./onnx/read.ts";
export { writeModel } from "./onnx/write.ts";
export * as ops from "./ops/index.ts";
export { nodePlatform } from "./platform/node.ts";
export type { Platform } from "./platform/platform.ts";
export { drawOverlay } from "./prediction/draw.ts";
export { exportModel } from "./prediction/export.ts";
export type { ModelCard, TrainedModel } from "./prediction/model.ts";
export { predictFiles } from "./prediction/predict.ts";
export type { Segmentation, SegmentOptions, WindowsChoice } from "./prediction/segmentation.ts";
export { openExported, openSegmenter, type Segmenter } from "./prediction/segmenter.ts";
export { type CrfSettings, type CrfTerm, crfSettings } from "./refinement/crf-settings.ts";
export { type CrfOptions, denseCrf } from "./refinement/dense-crf.ts";
export { refineLabels, scoresOfLabels } from "./refinement/refine-labels.ts";
export { type ReportResult, writeReport } from "./report/run-report.ts";
export { openRun, openTrained } from "./runs/open-run.ts";
export { readRun } from "./runs/run.ts";
export type { Engine, EngineOptions, Program } from "./runtime/engine.ts";
export { openEngine } from "./runtime/open.ts";
export { targetOf } from "./runtime/target.ts";
export { openScenes, renderScene, sceneClasses } from "./scenes/index.ts";
export { writeScenes } from "./scenes/write.ts";
export { buildStep, type StepResult, type TrainingStep } from "./step/step.ts";
export type { TrainOptions } from "./training/session.ts";
export { type TrainResult, train } from "./training/train.ts";
export { version } from "./version.ts";
export { openWeights, readWeights, type WeightFile } from "./weights/read-weights.ts";
export { readSafetensors, writeSafetensors } from "./weights/safetensors.ts";
export { readTensorBundle, type TensorBundle } from "./weights/tensor-bundle.ts";
export { type TorchWriteOptions, writeTorch } from "./weights/torch-write.ts";
