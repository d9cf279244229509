/**
 * Messages name commands as `tessera train photos`. What is really typed depends on how the program was started: by a
 * name on the path, through npx, or as a file of a clone.
 */
import { isAbsolute, relative } from "node:path";
import { commands } from "./commands.ts";

/** What starts the program again. `script`: the file that Node was given; npx gives one below a node_modules. */
export function programName(script: string, folder: string): string {
  const path = script.replaceAll("\\", "/");
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (path.includes("/node_modules/")) return "npx tessera-seg";
  if (name === "tessera" || name === "tessera-seg") return name;
  const near = relative(folder, script);
  const typed = near.startsWith("..") || isAbsolute(near) ? script : near;
  return `node ${/\s/.test(typed) ? JSON.stringify(typed) : typed}`;
}

/** In "written by tessera export" the command is named, not advised. */
const advised = new RegExp(
  `(?<!\\b(?:as|by|of|that) |[\\w./-])tessera (?=COMMAND\\b|--help|--version|(?:${commands.map(({ name }) => name).join("|")})\\b)`,
  "g",
);

/** The text with its commands as they are typed with this program name. */
export function asTyped(text: string, program: string): string {
  return text.replace(advised, () => `${program} `);
}
