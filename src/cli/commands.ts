/** All commands. Each is loaded only when it is called, so that help is quick and needs no ONNX Runtime. */
import type { Entry } from "./command.ts";

export const commands: readonly Entry[] = [
  {
    name: "start",
    summary: "the whole tour in about three minutes: train, score, segment, report",
    load: async () => (await import("./start.ts")).startCommand,
  },
  {
    name: "train",
    summary: "train a model on a data set and write a run folder",
    load: async () => (await import("./train.ts")).trainCommand,
  },
  {
    name: "eval",
    summary: "score a trained model on a data set, or panoptic files of any program",
    load: async () => (await import("./eval.ts")).evalCommand,
  },
  {
    name: "predict",
    summary: "segment photographs with a trained or exported model",
    load: async () => (await import("./predict.ts")).predictCommand,
  },
  {
    name: "refine",
    summary: "make masks follow the edges of their photographs: a dense CRF",
    load: async () => (await import("./refine.ts")).refineCommand,
  },
  {
    name: "saliency",
    summary: "write a map of what draws the eye for each photograph, for methods that learn from tags",
    load: async () => (await import("./saliency.ts")).saliencyCommand,
  },
  {
    name: "show",
    summary: "draw what a model sees inside: the pictures that its method offers",
    load: async () => (await import("./show.ts")).showCommand,
  },
  {
    name: "inspect",
    summary: "say what is in a data set folder, and what is wrong with it",
    load: async () => (await import("./inspect.ts")).inspectCommand,
  },
  {
    name: "recipes",
    summary: "list the recipes, or print one in full",
    load: async () => (await import("./recipes.ts")).recipesCommand,
  },
  {
    name: "recipe",
    summary: "print a whole recipe as JSON, to be changed and given to train",
    load: async () => (await import("./recipe.ts")).recipeCommand,
  },
  {
    name: "scenes",
    summary: "write the drawn practice data set to disk",
    load: async () => (await import("./scenes.ts")).scenesCommand,
  },
  {
    name: "export",
    summary: "write a trained model as one ONNX file",
    load: async () => (await import("./export.ts")).exportCommand,
  },
  {
    name: "import",
    summary: "make a run of published weights, to train from or to predict with",
    load: async () => (await import("./import.ts")).importCommand,
  },
  {
    name: "hub",
    summary: "fetch published models by name, list and remove what is in the cache",
    load: async () => (await import("./hub.ts")).hubCommand,
  },
  {
    name: "study",
    summary: "run a paper's table in miniature: arms, seeds, claims",
    load: async () => (await import("./study.ts")).studyCommand,
  },
  {
    name: "doctor",
    summary: "check this machine: versions, devices, a small self-test",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    name: "completion",
    summary: "print what a shell needs to complete commands and options",
    load: async () => (await import("./completion.ts")).completionOf(commands),
  },
];
