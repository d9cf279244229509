import type { Method } from "../method.ts";
import { photographClasses } from "./classification.ts";
import { encoderFile } from "./encoder-start.ts";
import { forms } from "./forms.ts";
import { groupMapsOf } from "./group-maps.ts";
import { groupViews } from "./group-views.ts";
import { importGroupViT } from "./import.ts";
import { paper } from "./paper.ts";
import { patchFeaturesOf } from "./patch-features.ts";
import { wordModel } from "./prediction.ts";
import { type GroupViTRecipe, predictionFields, recipes } from "./recipe.ts";
import { settingsFor } from "./settings-for.ts";
import { captionStage } from "./stage.ts";
import { study } from "./study.ts";
import { validate } from "./validate.ts";
import { cutNotes, loadWords } from "./words.ts";

export { groupvitTransfer } from "./transfer.ts";

export const groupvit: Method<GroupViTRecipe> = {
  name: "groupvit",
  paper,
  vocabulary: "open",
  recipes,
  study,
  predictionFields,
  formerly: { stemChannels: [], promptStopWords: [], shownGroups: 0, classifyShortSide: 0 },
  settingsFor,
  notesOf: (recipe, { classes }) => cutNotes(classes, recipe),
  ready: loadWords,
  stages: (recipe) => [captionStage(recipe)],
  model: wordModel,
  views: groupViews,
  groups: groupMapsOf,
  patches: patchFeaturesOf,
  classifier: photographClasses,
  validate,
  encoder: encoderFile,
  imports: importGroupViT,
  forms,
};
