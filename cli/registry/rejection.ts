import { CommandError } from '../outcome.ts';

/** An error of the registry's GraphQL API. */
export type GraphQLErrorBody = {
  readonly message: string;
  readonly extensions?: { readonly code?: string | undefined } | undefined;
};

/** Advice for errors that the user of a command can resolve, by their code. */
const ADVICE: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'give a valid API key with --key FILE or TRIBUTARY_KEY',
  FORBIDDEN: '`tributary key list` shows the role of each key, and an admin key creates another',
  NOT_FOUND: 'check --graph and the name; `tributary subgraph list` shows the subgraphs of a variant',
};

/** Returns the error of a command for the errors of a response. */
export function rejectionOf(url: string, errors: readonly GraphQLErrorBody[]): CommandError {
  const messages = errors.map(({ message }) => message).join('; ');
  const code = errors[0]?.extensions?.code;
  if (isUnknownField(messages))
    return new CommandError(
      'REGISTRY_VERSION',
      `the registry at ${url} is another version than this command: ${messages}; use the same version of both`,
    );
  const advice = ADVICE[code ?? ''];
  const reason = code === 'UNAUTHENTICATED' ? rejectedKey(messages) : messages;
  return new CommandError(code ?? 'REGISTRY_ERROR', advice === undefined ? reason : `${reason}; ${advice}`);
}

/** The registry describes HTTP headers; the user of a command knows options. */
function rejectedKey(message: string): string {
  return message.startsWith('the key ') ? message : 'the registry does not know the API key';
}

/** Validation errors of the API have no code of their own; its documents are valid for its own version. */
function isUnknownField(message: string): boolean {
  return /^(?:Cannot query field|Unknown (?:argument|type|fragment|directive)|Field ".*" is not defined by type)/.test(
    message,
  );
}
