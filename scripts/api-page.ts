/** The page of all that the package exports, made from the declarations and their comments. */

const entries: readonly (readonly [from: string, file: string])[] = [
  ["tessera-seg", "src/index.ts"],
  ["tessera-seg/web", "src/web/index.ts"],
  ["tessera-seg/layers", "src/nn/index.ts"],
  ["tessera-seg/losses", "src/losses/index.ts"],
  ["tessera-seg/backbones", "src/backbones/index.ts"],
  ["tessera-seg/networks", "src/networks/index.ts"],
  ["tessera-seg/augment", "src/data/index.ts"],
];

interface Declared {
  readonly name: string;
  readonly file: string;
  /** Without line breaks. */
  readonly comment: string;
  /** As the source has it: functions without their body, types whole. */
  readonly code: string;
  readonly isType: boolean;
}

/** read: the text of a file by its path from the project's root. Throws where an export has no declaration, or none that says what it is. */
export function apiPage(read: (path: string) => string): string {
  const lines = [
    "# API",
    "",
    "All that the package exports, made from the sources by `npm run docs`. Operators (`ops`) are listed in [ops.md](ops.md); the classes of graphs and how rooms",
    "go together in [architecture.md](architecture.md). Expected mistakes throw `InputError`, whose message is for the user.",
    "",
  ];
  for (const [from, file] of entries) {
    const found = exportsOf(file, read).sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
    lines.push(`## ${from}`, "");
    for (const { name, file: source, comment, code, isType } of found) {
      if (comment === "" && !isType)
        throw new Error(`${source}: expected a comment on ${name}, which is exported, got none.`);
      lines.push(`### ${name}`, "");
      if (comment !== "") lines.push(comment, "");
      lines.push("```ts", code, "```", "", `\`${source}\`${isType ? ", a type" : ""}`, "");
    }
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

/** What a file exports, followed to where it is declared. */
function exportsOf(file: string, read: (path: string) => string): Declared[] {
  const text = read(file);
  const found: Declared[] = [];
  for (const [, type, list, from] of text.matchAll(/^export (type )?\{([^}]*)\} from "([^"]+)";/gm)) {
    const source = resolved(file, from);
    for (const each of list.split(",").map((part) => part.trim())) {
      if (each === "") continue;
      const own = each.replace(/^type /, "");
      found.push({ ...declaredIn(source, own, read), isType: type !== undefined || each !== own });
    }
  }
  for (const [, from] of text.matchAll(/^export \* from "([^"]+)";/gm)) {
    const source = resolved(file, from);
    for (const [, name] of read(source).matchAll(
      /^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm,
    )) {
      found.push(declaredIn(source, name, read));
    }
  }
  return found;
}

function resolved(file: string, from: string): string {
  const parts = file.split("/").slice(0, -1);
  for (const part of from.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function declaredIn(file: string, name: string, read: (path: string) => string): Declared {
  const text = read(file);
  const start = new RegExp(
    `^export (?:abstract )?(?:async )?(function|const|class|interface|type) ${name}\\b`,
    "m",
  ).exec(text);
  if (start === null) {
    const passed = new RegExp(`^export (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from "([^"]+)";`, "m").exec(text);
    if (passed !== null) return declaredIn(resolved(file, passed[1]), name, read);
    throw new Error(`${file}: expected the declaration of ${name}, which is exported, got none.`);
  }
  const before = text.slice(0, start.index);
  const comment = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/.exec(before)?.[0] ?? "";
  const [declaration, kind] = start;
  return {
    ...{ name, file, comment: plain(comment), isType: kind === "interface" || kind === "type" },
    code: codeFrom(text.slice(start.index), declaration.length, kind),
  };
}

/** A comment as paragraphs; code in it is kept. */
function plain(comment: string): string {
  const lines = comment
    .replace(/^\/\*\*|\*\/\s*$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  return lines.join("\n").trim().replace(/</g, "&lt;");
}

/** Of functions what stands before the body, of constants what stands before the value, of types all. */
function codeFrom(text: string, at: number, kind: string): string {
  const bare = bared(text);
  const until = (end: number) => text.slice("export ".length, end).trim();
  if (kind === "const") return `${until(bare.indexOf("="))};`;
  let depth = 0;
  for (let i = at; i < bare.length; i++) {
    const letter = bare[i];
    if (kind === "function" && letter === "{" && depth === 0 && isBody(bare.slice(0, i))) return until(i);
    if ("({[".includes(letter)) depth++;
    if (")}]".includes(letter)) depth--;
    if (depth > 0) continue;
    if (kind === "type" && letter === ";") return until(i + 1);
    if (letter === "}" && kind === "interface") return until(i + 1);
    if (letter === "}" && kind === "class") return withoutBodies(until(i + 1));
  }
  throw new Error(`expected the end of a declaration, got none after ${text.slice(0, at)}.`);
}

/** The same text with spaces in place of comments and strings, whose brackets mean nothing. */
function bared(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"(?:[^"\\\n]|\\.)*"|`[^`]*`/g, (part) => part.replace(/[^\n]/g, " "));
}

/** Whether a brace here opens the body of a function: behind its parameters and, where there is one, its type. */
function isBody(head: string): boolean {
  if (/\)\s*$/.test(head)) return true;
  const at = head.lastIndexOf("):");
  const type = head.slice(at + 2).trim();
  return at >= 0 && type !== "" && !/[|&,:<]$/.test(type);
}

/** A class without what its methods do, and without what is its own. */
function withoutBodies(code: string): string {
  const [lines, bare] = [code.split("\n"), bared(code).split("\n")];
  const kept: string[] = [];
  let depth = 0;
  for (const [i, line] of lines.entries()) {
    const before = depth;
    depth += (bare[i].match(/[{(]/g) ?? []).length - (bare[i].match(/[})]/g) ?? []).length;
    if (before > 1 || (before === 1 && /^\s*(?:readonly |async )?#/.test(line))) continue;
    if (before === 1 && /^\s*\}/.test(bare[i]) && depth === 1) continue;
    kept.push(before === 1 && depth > 1 ? `${line.replace(/\s*\{$/, "")};` : line);
  }
  return kept.join("\n").replace(/\n\n+/g, "\n\n");
}
