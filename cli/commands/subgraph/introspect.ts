import { introspect, reasonOf } from '../../../router/supergraph/subgraph-schemas.ts';
import { OUTPUT_OPTION, writeResult } from '../../command-config.ts';
import { MisuseError } from '../../command-spec.ts';
import { CommandError, FORMAT_OPTION } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';
import { defineVerb } from '../../verb.ts';

export const subgraphIntrospect = defineVerb(
  {
    name: 'subgraph introspect',
    summary: 'Prints the schema that a running subgraph reports in `_service`.',
    positionals: { name: 'URL', max: 1, description: 'The GraphQL endpoint of the subgraph.' },
    examples: ['tributary subgraph introspect http://127.0.0.1:4002/graphql --output products.graphql'],
    options: {
      header: {
        type: 'string',
        short: 'H',
        value: 'NAME:VALUE',
        multiple: true,
        description: 'Send this header. Repeatable.',
      },
      output: OUTPUT_OPTION,
      format: FORMAT_OPTION,
    },
  },
  async ({ values: { header, output }, positionals: [url = ''] }): Promise<Outcome> => {
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new MisuseError(`URL must be an http or https URL, not "${url}"`);
    const sdl = await sdlOf(url, Object.fromEntries(header.map(headerOf)));
    if (output !== undefined) writeResult(output, sdl);
    return {
      kind: 'success',
      plain: output === undefined ? `${sdl.trimEnd()}\n` : '',
      data: { introspection_response: sdl },
      notes: output === undefined ? [] : [`schema written to ${output}`],
    };
  },
);

async function sdlOf(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  try {
    return await introspect({ url, headers });
  } catch (error) {
    throw new CommandError('INTROSPECTION_FAILED', reasonOf(error), { cause: error });
  }
}

function headerOf(text: string): readonly [name: string, value: string] {
  const end = text.indexOf(':');
  if (end < 1) throw new MisuseError(`--header must be NAME:VALUE, not "${text}"`);
  return [text.slice(0, end).trim(), text.slice(end + 1).trim()];
}
