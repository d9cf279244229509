import type { TaggedWord } from "./nouns.ts";

/** The tags of the Penn Treebank (Marcus et al. 1993). */
const tags = new Set(
  (
    "CC CD DT EX FW IN JJ JJR JJS LS MD NN NNS NNP NNPS PDT POS PRP PRP$ RB RBR RBS RP SYM TO UH VB VBD VBG VBN VBP VBZ " +
    "WDT WP WP$ WRB . , : `` '' ( ) -LRB- -RRB- $ # HYPH NFP AFX ADD"
  ).split(" "),
);

/**
 * A caption that somebody tagged already, `A/DT brown/JJ dog/NN ./.`, as words with tags; undefined where a word has none:
 * a caption as people write it.
 */
export function taggedCaption(caption: string): readonly TaggedWord[] | undefined {
  const words: TaggedWord[] = [];
  for (const each of caption.trim().split(/\s+/)) {
    const slash = each.lastIndexOf("/");
    const tag = each.slice(slash + 1);
    if (slash < 1 || !tags.has(tag)) return undefined;
    words.push([each.slice(0, slash), tag]);
  }
  return words;
}

/** The caption without its tags, if it has them. */
export function plainCaption(caption: string): string {
  return (
    taggedCaption(caption)
      ?.map(([word]) => word)
      .join(" ") ?? caption
  );
}
