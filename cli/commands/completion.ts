import type { OptionSpec } from '../command-spec.ts';
import { defineVerb } from '../verb.ts';
import { isGroup, verbsOf } from '../verb.ts';
import type { Section, Verb, VerbGroup } from '../verb.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** Creates the verb that prints completion scripts for the verbs of `sections` and itself. */
export function createCompletion(sections: readonly Section[]): Verb {
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
      const all = [...sections, { heading: '', entries: [completion] }];
      const script = scriptFor(shell as (typeof SHELLS)[number], all);
      return { kind: 'success', plain: script, data: { script } };
    },
  );
  return completion;
}

function scriptFor(shell: (typeof SHELLS)[number], sections: readonly Section[]): string {
  switch (shell) {
    case 'bash':
      return bashScript(sections);
    case 'zsh':
      // zsh runs completion functions of bash after this call.
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(sections)}`;
    case 'fish':
      return fishScript(sections);
  }
}

function bashScript(sections: readonly Section[]): string {
  const verbs = verbsOf(sections);
  const cases = verbs.map(({ spec }) => `    "${spec.name}") words="${wordsOf(spec).join(' ')}" ;;`);
  const groups = groupsOf(sections).map(
    ({ name, verbs: members }) =>
      `  if [ "$COMP_CWORD" -eq 2 ] && [ "\${COMP_WORDS[1]}" = ${name} ]; then words="${members.map(({ spec }) => lastWord(spec.name)).join(' ')} --help"; fi`,
  );
  const choices = choiceCases(verbs).map(([option, values]) => `    "${option}") words="${values}" ;;`);
  return `_tributary() {
  local words current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}"
  case "$verb" in
    ${groupsOf(sections).map(nameOf).join('|') || '""'}) verb="$verb \${COMP_WORDS[2]}" ;;
  esac
  case "$verb" in
${cases.join('\n')}
  esac
  if [ "$COMP_CWORD" -eq 1 ]; then words="${entriesOf(sections).map(nameOf).join(' ')} --help --version"; fi
${groups.join('\n')}
  case "$verb $previous" in
${choices.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current") $(compgen -f -- "$current"))
}
complete -F _tributary tributary
`;
}

function entriesOf(sections: readonly Section[]): readonly (Verb | VerbGroup)[] {
  return sections.flatMap(({ entries }) => entries);
}

function groupsOf(sections: readonly Section[]): readonly VerbGroup[] {
  return entriesOf(sections).filter(isGroup);
}

function nameOf(entry: Verb | VerbGroup): string {
  return isGroup(entry) ? entry.name : entry.spec.name;
}

function lastWord(name: string): string {
  return name.split(' ').at(-1) ?? name;
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

function fishScript(sections: readonly Section[]): string {
  return entriesOf(sections)
    .flatMap((entry) => (isGroup(entry) ? fishGroup(entry) : fishVerb(entry)))
    .map((line) => `${line}\n`)
    .join('');
}

function fishGroup({ name, summary, verbs }: VerbGroup): readonly string[] {
  return [
    `complete -c tributary -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...verbs.flatMap(fishVerb),
  ];
}

function fishVerb({ spec }: Verb): readonly string[] {
  const words = spec.name.split(' ');
  const condition = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
  const offered =
    words.length === 1
      ? '__fish_use_subcommand'
      : `'__fish_seen_subcommand_from ${words[0]}; and test (count (commandline -opc)) -eq 2'`;
  return [
    `complete -c tributary -n ${offered} -f -a ${lastWord(spec.name)} -d ${quoted(spec.summary)}`,
    ...(spec.positionals?.choices ?? []).map(
      (choice) => `complete -c tributary -n '${condition}' -f -a ${choice}`,
    ),
    ...Object.entries(spec.options).map(([name, option]) => fishOption(condition, name, option)),
  ];
}

function fishOption(
  condition: string,
  name: string,
  { short, type, choices, description }: OptionSpec,
): string {
  const flags = `${short === undefined ? '' : `-s ${short} `}-l ${name}${type === 'string' ? ' -r' : ''}`;
  const values = choices === undefined ? '' : ` -f -a '${choices.join(' ')}'`;
  return `complete -c tributary -n '${condition}' ${flags}${values} -d ${quoted(description)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`\'`)}'`;
}
