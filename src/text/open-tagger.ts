import type { Tagger } from "./nouns.ts";

/** The English tagger, loaded when it is first asked for: its lexicon has two megabytes and takes a third of a second. */
export async function openTagger(): Promise<Tagger> {
  return (await import("./english-tagger.ts")).englishTagger;
}
