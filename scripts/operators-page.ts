/** An operator as its source describes it. */
export interface Operator {
  readonly name: string;
  /** Path from the project's root. */
  readonly file: string;
  /** Names of the arguments, as in `x, { axis }`. */
  readonly parameters: string;
  /** The doc comment as plain text, paragraphs separated by empty lines. */
  readonly doc: string;
  /** Why there is no gradient, as its doc states it, or null where there is one. */
  readonly withoutGradient: string | null;
}

/** Every function that src/ops/index.ts exports, by name. */
export function operators(read: (path: string) => string): Operator[] {
  const list = read("src/ops/index.ts").matchAll(/^export \{([^}]+)\} from "\.\/([^"]+)";/gm);
  return [...list]
    .flatMap(([, names, file]) => (names.match(/\w+/g) ?? []).map((name) => describe(name, `src/ops/${file}`, read)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function describe(name: string, file: string, read: (path: string) => string): Operator {
  const source = read(file);
  const found = source.match(
    new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*export function ${name}\\(([\\s\\S]*?)\\n?\\): `),
  );
  if (found === null) throw new Error(`docs: ${name} in ${file} must be a function with a doc comment.`);
  const doc = found[1].replace(/^\s*\* ?/gm, "").trim();
  const reason = doc.match(/No gradient: [^.]*\.|[^.]*\bso no gradient flows\./);
  return { name, file, parameters: parameterNames(found[2]), doc, withoutGradient: reason && oneLine(reason[0]) };
}

/** `x: Tensor, { axis = -1 }: { axis?: number } = {}` → `x, { axis }`. */
function parameterNames(text: string): string {
  const parts: string[] = [];
  let depth = 0;
  let part = "";
  for (const letter of `${text.replaceAll("=>", "")},`) {
    if ("{[(<".includes(letter)) depth++;
    if ("}])>".includes(letter)) depth--;
    if (letter === "," && depth === 0) {
      if (part.trim() !== "") parts.push(oneLine(part));
      part = "";
    } else part += letter;
  }
  return parts
    .map((one) => {
      const options = one.match(/^\{([^}]*)\}\s*:/);
      if (options === null) return one.match(/^(?:\.\.\.)?\w+\??/)![0];
      const names = options[1].split(",").map((option) => option.trim().match(/^(?:\.\.\.)?\w+/)?.[0]);
      return `{ ${names.filter((option) => option !== undefined).join(", ")} }`;
    })
    .join(", ");
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** The first sentence of a doc: up to a full stop that a capital follows, or the paragraph's end. */
function firstSentence(doc: string): string {
  const paragraph = oneLine(doc.split(/\n\s*\n/)[0]);
  return paragraph.match(/^.*?\.(?= [A-Z]|$)/)?.[0] ?? paragraph;
}

/** docs/ops.md: one row for each operator. */
export function operatorsPage(read: (path: string) => string): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const rows = operators(read).map(({ name, file, parameters, doc, withoutGradient }) => {
    const call = `[\`${name}(${parameters})\`](../${file})`;
    return `| ${cell(call)} | ${cell(firstSentence(doc))} | ${withoutGradient === null ? "yes" : "no"} |`;
  });
  return [
    "# Operators",
    "",
    "Made from the comments in `src/ops` by `npm run docs`. Shapes, ranges and sources are in the files.",
    "`test/quick/gradients.test.ts` fails when an operator has neither a check nor a reason for having no gradient.",
    "",
    "| operator | what it gives | gradient |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}
