import type { Method } from "../method.ts";
import { officialFile, portFiles } from "./file-writers.ts";
import type { GroupViTRecipe } from "./recipe.ts";
import { wholePreparation } from "./whole-preparation.ts";

/** A GroupViT as the authors' code, Hugging Face's port, and transformers.js read it. */
export const forms: NonNullable<Method["forms"]> = {
  official({ weights, recipe, source }) {
    const bytes = officialFile({ settings: recipe as GroupViTRecipe, weights }, source);
    return { content: { ending: ".pth", bytes }, notes: [] };
  },
  hf({ weights, recipe, source, licence }) {
    const settings = recipe as GroupViTRecipe;
    const preparation = wholePreparation(settings);
    const { files, notes } = portFiles(
      { settings, weights },
      { preparation, ...(licence !== undefined && { licence }) },
      source,
    );
    return { content: { files }, notes };
  },
  async "transformers.js"(trained) {
    return (await import("./transformers-js.ts")).transformersFiles(trained);
  },
};
