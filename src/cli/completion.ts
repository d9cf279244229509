import { type Command, command, commonOptions, type Entry, flagOf, type Options } from "./command.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

interface Completed {
  readonly name: string;
  readonly summary: string;
  /** Each with the values that it may have, where they are few. */
  readonly flags: readonly { readonly flag: string; readonly help: string; readonly choices: readonly string[] }[];
}

/** Of these commands. */
export const completionOf = (commands: readonly Entry[]): Command =>
  command({
    name: "completion",
    summary: "print what a shell needs to complete commands and options",
    positionals: [{ name: "SHELL", help: shells.join(", "), count: "one" }],
    options: {},
    examples: [
      ['eval "$(tessera completion bash)"', "in ~/.bashrc"],
      ['eval "$(tessera completion zsh)"', "in ~/.zshrc, after compinit"],
      ["tessera completion fish > ~/.config/fish/completions/tessera.fish", "for fish"],
    ],
    notes: "Completes the programs tessera and tessera-seg, where they are installed. What is no option is a file.",
    async run({ positionals: [shell] }) {
      const { nearest, UsageError } = await import("../errors.ts");
      if (!(shells as readonly string[]).includes(shell)) {
        const near = nearest(shell, shells);
        const remedy = near === undefined ? "Use one of them." : `Did you mean ${near}?`;
        throw new UsageError(`completion: SHELL must be one of ${shells.join(", ")}, got "${shell}". ${remedy}`);
      }
      const all: Completed[] = [];
      for (const { name, summary, load } of commands) {
        const options: Options = { ...(await load()).options, ...commonOptions };
        const flags = Object.entries(options).map(([key, option]) => ({
          ...{ flag: flagOf(key), help: option.help },
          choices: option.kind === "text" ? (option.choices ?? []) : [],
        }));
        all.push({ name, summary, flags });
      }
      // Not by the terminal: the programs are meant by these names, however they were called now.
      process.stdout.write(scriptOf(shell as Shell, all));
    },
  });

const programs = ["tessera", "tessera-seg"];

function scriptOf(shell: Shell, commands: readonly Completed[]): string {
  if (shell === "fish") return fish(commands);
  const cases = commands.map(({ name, flags }) => {
    const values = flags.filter(({ choices }) => choices.length > 0);
    const after = values.map(({ flag, choices }) => `        ${flag}) words="${choices.join(" ")}" ;;\n`).join("");
    const words = flags.map(({ flag }) => flag).join(" ");
    return `    ${name})\n      case "$last" in\n${after}        *) words="${words}" ;;\n      esac ;;\n`;
  });
  const names = commands.map(({ name }) => name).join(" ");
  const body = `  local words=""
  case "$name" in
    "") words="${names} --help --version" ;;
${cases.join("")}  esac
`;
  return shell === "bash"
    ? `_tessera() {
  local current="\${COMP_WORDS[COMP_CWORD]}" last="\${COMP_WORDS[COMP_CWORD-1]}" name=""
  [ "$COMP_CWORD" -gt 1 ] && name="\${COMP_WORDS[1]}"
${body}  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _tessera ${programs.join(" ")}
`
    : `_tessera() {
  local current="\${words[CURRENT]}" last="\${words[CURRENT-1]}" name=""
  (( CURRENT > 2 )) && name="\${words[2]}"
  local -a list
${body.replace('local words=""', 'local words_=""').replaceAll(' words="', ' words_="')}  list=(\${=words_})
  compadd -- $list
  [[ "$current" == -* ]] || _files
}
compdef _tessera ${programs.join(" ")}
`;
}

function fish(commands: readonly Completed[]): string {
  const quoted = (text: string) => `'${text.replace(/[\\']/g, "\\$&")}'`;
  return programs
    .flatMap((program) => [
      ...commands.map(
        ({ name, summary }) => `complete -c ${program} -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ),
      ...commands.flatMap(({ name, flags }) =>
        flags.map(({ flag, help, choices }) => {
          const values = choices.length > 0 ? ` -x -a ${quoted(choices.join(" "))}` : "";
          const condition = quoted(`__fish_seen_subcommand_from ${name}`);
          return `complete -c ${program} -n ${condition} -l ${flag.slice(2)}${values} -d ${quoted(help)}`;
        }),
      ),
    ])
    .join("\n")
    .concat("\n");
}
