import { CommandError } from '../outcome.ts';

/** An error of the registry's GraphQL API. */
export type GraphQLErrorBody = {
  readonly message: string;
  readonly extensions?: { readonly code?: string | undefined } | undefined;
};

/** Advice for errors that the user of a command can resolve, by their code. */
const ADVICE: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'give a valid API key with --key FILE or TRIBUTARY_KEY',
  FORBIDDEN: 'an operator creates another key with `tributary key create`',
};

const LIST_COMMANDS = /^there is no (subgraph|launch|contract|key) /;

function adviceFor(code: string | undefined, message: string): string | undefined {
  if (code !== 'NOT_FOUND') return ADVICE[code ?? ''];
  const kind = LIST_COMMANDS.exec(message)?.[1];
  return kind === undefined ? 'check --graph' : `\`tributary ${kind} list\` shows those that there are`;
}

/** The codes that the registry has for errors of its callers. */
const REGISTRY_CODES = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'CONFLICT',
  'TOO_LARGE',
  'UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
  'GRAPHQL_VALIDATION_FAILED',
]);

/** Returns the error of a command for the errors of a response. */
export function rejectionOf(url: string, errors: readonly GraphQLErrorBody[]): CommandError {
  const messages = errors.map(({ message }) => message).join('; ');
  const code = errors[0]?.extensions?.code;
  if (isUnknownField(messages))
    return new CommandError(
      'REGISTRY_VERSION',
      `the registry at ${url} is another version than this command: ${messages}; use the same version of both`,
    );
  const isForeign = code !== undefined && !REGISTRY_CODES.has(code);
  const advice = isForeign ? `${url} may be another service than a registry` : adviceFor(code, messages);
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
