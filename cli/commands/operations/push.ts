import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { assertFile } from '../../../router/config/config.ts';
import { withoutByteOrderMark } from '../../../router/shared/utf8.ts';
import { counted } from '../../checks/report-words.ts';
import { CommandError } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const PUSH = `mutation ($ref: ID!, $manifest: JSON!, $client: String) {
  pushOperations(ref: $ref, manifest: $manifest, client: $client)
}`;

export const operationsPush = defineVerb(
  {
    name: 'operations push',
    summary:
      "Records the operations of a client's manifest, so that checks know them before clients send them.",
    positionals: {
      name: 'FILE',
      max: 1,
      description: "The manifest, in Apollo's format for persisted operations; - for stdin.",
    },
    examples: [
      'tributary operations push persisted-query-manifest.json --graph shop@production --client web',
    ],
    options: {
      client: {
        type: 'string',
        value: 'NAME',
        description: 'Name of the client, for operations that name none.',
      },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals: [file = ''] }): Promise<Outcome> => {
    const { client, ref } = await openRegistry(values);
    const manifest = await readManifest(file);
    const { pushOperations } = await client.request(
      PUSH,
      { ref, manifest, client: values.client },
      z.object({ pushOperations: z.int() }),
    );
    return {
      kind: 'success',
      plain: `${counted(pushOperations, 'operation')} recorded for ${ref}\n`,
      data: { operations: pushOperations },
    };
  },
);

async function readManifest(file: string): Promise<unknown> {
  if (file !== '-') assertFile(file);
  const content = file === '-' ? await text(process.stdin) : readFileSync(file, 'utf8');
  try {
    return JSON.parse(withoutByteOrderMark(content));
  } catch (error) {
    const name = file === '-' ? 'stdin' : file;
    throw new CommandError('MANIFEST_INVALID', `${name} is no JSON, so it is no manifest`, { cause: error });
  }
}
