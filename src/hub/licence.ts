/** The licence of published weights, as their card says it. */

/** What stands where nobody has said it. */
export const notStated = "not stated";

/**
 * `apache-2.0`, or `other: name (address)`. card: the front matter of a README as the hub gives it. tags: those of the hub, of which
 * `license:NAME` is one.
 */
export function licenceOfCard(card: unknown, tags?: unknown): string {
  const { license, license_name: name, license_link: link } = (card ?? {}) as Record<string, unknown>;
  const tagged = Array.isArray(tags)
    ? tags.map((tag) => /^license:(.+)$/.exec(String(tag))?.[1]).find(Boolean)
    : undefined;
  const kinds = [license].flat().filter((each) => typeof each === "string" && each !== "");
  const kind = kinds.join(", ") || tagged;
  if (kind === undefined) return notStated;
  const named = typeof name === "string" && name !== "" ? `${kind}: ${name}` : kind;
  return shortened(typeof link === "string" && link !== "" ? `${named} (${link})` : named);
}

/** The same from the text of a README, whose front matter is YAML of plain lines between `---`. */
export function licenceOfReadme(text: string): string {
  const matter = /^\uFEFF?---\r?\n([\s\S]*?)\r?\n---(?:\r?\n|$)/.exec(text)?.[1] ?? "";
  const card: Record<string, string | string[]> = {};
  let last = "";
  for (const line of matter.split(/\r?\n/)) {
    const [, key, value] = /^(license(?:_name|_link)?):\s*(.*?)\s*$/.exec(line) ?? [];
    const [, item] = /^\s*-\s+(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined) {
      const list = /^\[(.*)\]$/.exec(value)?.[1];
      card[key] =
        list === undefined ? (value === "" ? [] : plain(value)) : list.split(",").map((each) => plain(each.trim()));
      last = key;
    } else if (item !== undefined && Array.isArray(card[last])) {
      (card[last] as string[]).push(plain(item));
    } else if (/^\S/.test(line)) {
      last = "";
    }
  }
  return licenceOfCard(card);
}

/** A YAML scalar without its quotes and its comment. */
function plain(value: string): string {
  return /^(["'])(.*)\1/.exec(value)?.[2] ?? value.replace(/\s+#.*$/, "");
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)} …` : text;
}
