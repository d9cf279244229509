/**
 * A caption of Flickr as GroupViT's authors clean YFCC (Xu et al. 2022): what is coded for addresses is decoded, tags are
 * stripped, `+` and line breaks are spaces. Null where fewer than two words are left: such pairs are dropped.
 */
export function cleanedCaption(caption: string): string | null {
  const text = decoded(caption)
    .replace(/<[^<>]*>/g, "")
    .replace(/[+\s]+/g, " ")
    .trim();
  return text.split(" ").length < 2 ? null : text;
}

/** Percent signs that code nothing stay as they are. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (coded) => {
    try {
      return decodeURIComponent(coded);
    } catch {
      return coded;
    }
  });
}
