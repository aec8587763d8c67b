import type { OptionSpec } from '../command-spec.ts';
import { defineVerb } from '../verb.ts';
import type { Verb } from '../verb.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Creates the verb that prints completion scripts for `verbs` and itself. */
export function createCompletion(verbs: readonly Verb[]): Verb {
  const completion: Verb = defineVerb(
    {
      name: 'completion',
      summary: 'Prints a completion script for a shell.',
      positionals: { name: 'SHELL', max: 1, description: 'The shell.', choices: SHELLS },
      examples: [
        'eval "$(tributary completion bash)"',
        'tributary completion fish > ~/.config/fish/completions/tributary.fish',
      ],
      options: {},
    },
    async ({ positionals: [shell] }) => {
      const script = scriptFor(shell as (typeof SHELLS)[number], [...verbs, completion]);
      return { kind: 'success', plain: script, data: { script } };
    },
  );
  return completion;
}

function scriptFor(shell: (typeof SHELLS)[number], verbs: readonly Verb[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(verbs);
    case 'zsh':
      // zsh runs completion functions of bash after this call.
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(verbs)}`;
    case 'fish':
      return fishScript(verbs);
  }
}

function bashScript(verbs: readonly Verb[]): string {
  const names = verbs.map(({ spec }) => spec.name).join(' ');
  const cases = verbs.map(({ spec }) => `    ${spec.name}) words="${wordsOf(spec).join(' ')}" ;;`);
  const choices = choiceCases(verbs).map(([option, values]) => `    "${option}") words="${values}" ;;`);
  return `_tributary() {
  local words current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${names} --help --version"; fi
  case "\${COMP_WORDS[1]} $previous" in
${choices.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -F _tributary tributary
`;
}

function wordsOf({ options, positionals }: Verb['spec']): readonly string[] {
  return [...(positionals?.choices ?? []), ...Object.keys(options).map((name) => `--${name}`), '--help'];
}

/** The options with a fixed set of values, each with its verb and its values. */
function choiceCases(verbs: readonly Verb[]): readonly (readonly [option: string, values: string])[] {
  return verbs.flatMap(({ spec }) =>
    Object.entries(spec.options).flatMap(([name, { choices }]) =>
      choices === undefined ? [] : [[`${spec.name} --${name}`, choices.join(' ')] as const],
    ),
  );
}

function fishScript(verbs: readonly Verb[]): string {
  return verbs
    .flatMap(({ spec }) => [
      `complete -c tributary -n __fish_use_subcommand -f -a ${spec.name} -d ${quoted(spec.summary)}`,
      ...(spec.positionals?.choices ?? []).map(
        (choice) => `complete -c tributary -n '__fish_seen_subcommand_from ${spec.name}' -f -a ${choice}`,
      ),
      ...Object.entries(spec.options).map(([name, option]) => fishOption(spec.name, name, option)),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function fishOption(verb: string, name: string, { short, type, choices, description }: OptionSpec): string {
  const condition = `-n '__fish_seen_subcommand_from ${verb}'`;
  const flags = `${short === undefined ? '' : `-s ${short} `}-l ${name}${type === 'string' ? ' -r' : ''}`;
  const values = choices === undefined ? '' : ` -f -a '${choices.join(' ')}'`;
  return `complete -c tributary ${condition} ${flags}${values} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`\'`)}'`;
}
