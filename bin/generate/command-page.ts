import type { CommandSpec, OptionSpec } from '../../cli/command-spec.ts';
import { isGroup } from '../../cli/verb.ts';
import type { Section, Verb, VerbGroup } from '../../cli/verb.ts';
import { SECTIONS } from '../../cli/verbs.ts';

const MAX_COLUMNS = 120;

/** Returns `docs/command-line.md`, which describes every verb of `tributary`. */
export function commandPage(): string {
  return `# The command \`tributary\`

\`\`\`sh
npx --package @tributary-graphql/router tributary dev supergraph.yaml --mock reviews
\`\`\`

In a clone of the repository, \`node bin/tributary.mjs\` is the same command; \`npm run router\` is \`tributary serve\`, and
\`npm run compose\` is \`tributary compose\`.

${SECTIONS.map(overview).join('\n\n')}

## What does a command print?

The result is written to stdout, everything else to stderr. Colors are used on terminals only, and not with \`NO_COLOR\`.

| exit code | meaning |
|---|---|
| 0 | success |
| 1 | failure: the reasons are on stderr |
| 2 | wrong arguments: the reason and the usage are on stderr |

With \`--format json\`, the result has the members of rover's, also for a failure:

\`\`\`json
{
  "json_version": "1",
  "data": { "success": false },
  "error": {
    "code": "SUPERGRAPH_REJECTED",
    "message": "the supergraph cannot be composed or served",
    "details": { "problems": ["supergraph.yaml:1: subgraphs: must list at least one subgraph"] }
  }
}
\`\`\`

A failed check prints its report to stdout, too, and has its members in \`data\`. \`--format github\` prints workflow
commands before the text, so that GitHub Actions shows errors beside the lines of the schema.

## How does a command find the registry?

Verbs that call a registry take it from their options or from the environment, which keeps the key out of the list of
processes:

\`\`\`sh
export TRIBUTARY_REGISTRY=http://127.0.0.1:4010 TRIBUTARY_GRAPH=shop@production TRIBUTARY_KEY_FILE=.registry-key
tributary subgraph list
\`\`\`

Generated from \`cli/commands/\` by \`npm run generate\`.

${SECTIONS.flatMap(({ entries }) => entries.map(described)).join('\n\n')}
`;
}

function overview({ heading, entries }: Section): string {
  const rows = entries.flatMap((entry) => (isGroup(entry) ? entry.verbs : [entry])).map(overviewRow);
  return [`| ${heading.toLowerCase()} | |`, '|---|---|', ...rows].join('\n');
}

function overviewRow({ spec: { name, summary } }: Verb): string {
  return `| [\`${name}\`](#tributary-${name.replaceAll(' ', '-')}) | ${summary} |`;
}

function described(entry: Verb | VerbGroup): string {
  if (!isGroup(entry)) return section(entry.spec);
  const { name, summary, verbs } = entry;
  return [`## tributary ${name}`, wrapped(summary), ...verbs.map(({ spec }) => section(spec, '###'))].join(
    '\n\n',
  );
}

function section(
  { name, summary, positionals, options, examples = [] }: CommandSpec,
  heading = '##',
): string {
  const rows = [
    ...(positionals ? [row(positionals.name, positionals.description, positionals.choices)] : []),
    ...Object.entries(options).map(([long, option]) => optionRow(long, option)),
  ];
  return [
    `${heading} tributary ${name}`,
    wrapped(summary),
    `\`\`\`sh\n${examples.join('\n')}\n\`\`\``,
    ['| argument | meaning |', '|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}

function optionRow(
  long: string,
  { type, short, value = 'VALUE', description, choices, required, ...rest }: OptionSpec,
): string {
  const names = [...(short === undefined ? [] : [`-${short}`]), `--${long}`].join(', ');
  const label = type === 'string' ? `${names} ${value}` : names;
  return row(label, required === true ? `Required. ${description}` : description, choices, rest.default);
}

function row(label: string, description: string, choices?: readonly string[], fallback?: string): string {
  const limits = [
    ...(choices === undefined ? [] : [`One of ${choices.join(', ')}.`]),
    ...(fallback === undefined ? [] : [`Default: ${fallback}.`]),
  ];
  return `| \`${label}\` | ${[description, ...limits].join(' ')} |`;
}

/** Breaks a text into lines that are not longer than those of the other pages. */
function wrapped(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trimStart();
    if (line.length <= MAX_COLUMNS) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.join('\n');
}
