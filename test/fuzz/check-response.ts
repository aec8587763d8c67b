import type { GraphQLSchema } from 'graphql';
import { ERRORS } from '../../router/shared/errors.ts';
import { ERROR_BEHAVIORS } from '../../router/shared/graphql/error-behavior.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import { createErrorCheck } from '../support/responses/received-errors.ts';
import type { Path } from '../support/responses/received-errors.ts';
import { callIn } from './call.ts';
import type { Case } from './cases.ts';
import { SECRETS } from './random-responses.ts';

/** The faults of a response, and its kind. */
export type Evaluation = { readonly kind: string; readonly faults: readonly string[] };

/** @param secret a text that no response may contain. */
export function createResponseCheck(schema: GraphQLSchema, secret: string) {
  const errorFaults = createErrorCheck(schema);

  return function evaluate(response: string, { isWhole, request }: Case): Evaluation {
    if (response === '') return { kind: 'no response', faults: isWhole ? ['has no response'] : [] };
    const [head = '', ...rest] = response.split('\r\n\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    const isSecret = SECRETS.test(response) || response.includes(secret);
    const faults = [
      ...(status >= 200 && status < 500 ? [] : [`status ${status}: ${response.slice(-300)}`]),
      ...(isSecret ? ['a secret leaked'] : []),
    ];
    // Mutated bytes may contain a second request; the form of responses is checked in enough other cases.
    if (!isWhole || /^(?:GET \/ |OPTIONS )/.test(request) || status === 204) return { kind: 'other', faults };
    const body = bodyIn(head, rest.join('\r\n\r\n'));
    if (typeof body === 'string') return { kind: 'other', faults: [...faults, body] };
    const { kind, faults: found } = evaluateBody(body, request);
    return { kind, faults: [...faults, ...found] };
  };

  function evaluateBody({ data, errors }: Body, request: string): Evaluation {
    const { query, operationName, variables, onError = 'PROPAGATE' } = callIn(request);
    const behavior = ERROR_BEHAVIORS.find((known) => known === onError);
    const form = formFaults(errors);
    if (data === undefined) {
      const isRejectedForIt = errors?.some(({ message }) => String(message).startsWith('onError ')) === true;
      const isWrong = isRejectedForIt && behavior !== undefined;
      const kind = isRejectedForIt ? 'rejected for its onError' : 'rejected';
      return { kind, faults: isWrong ? [...form, `onError: ${behavior} was rejected`] : form };
    }
    if (behavior === undefined)
      return { kind: 'other', faults: [...form, `onError: ${JSON.stringify(onError)} was served`] };
    const kind = `${behavior}: ${errors === undefined ? 'without errors' : 'with errors'}`;
    const executed = {
      document: typeof query === 'string' ? query : '',
      // The empty string counts as absent.
      operationName: typeof operationName === 'string' && operationName !== '' ? operationName : undefined,
      variables: isRecord(variables) ? variables : {},
      onError: behavior,
      data,
      errors: (errors ?? []).map(({ path, extensions }) => ({
        path: Array.isArray(path) ? (path as Path) : undefined,
        code: extensions?.code,
      })),
    };
    return { kind, faults: [...form, ...errorFaults(executed).map((fault) => `${behavior}: ${fault}`)] };
  }
}

type ReceivedError = {
  readonly message?: unknown;
  readonly path?: unknown;
  readonly extensions?: { readonly code?: unknown };
};
type Body = { readonly data?: unknown; readonly errors?: readonly ReceivedError[] };

/** Returns the body, or its fault. */
function bodyIn(head: string, text: string): Body | string {
  if (!/^content-type: application\/(?:json|graphql-response\+json)/im.test(head)) return 'is not JSON';
  try {
    const body: Body = JSON.parse(text);
    if (body.errors === undefined) return body.data === undefined ? 'has neither data nor errors' : body;
    return Array.isArray(body.errors) && body.errors.length > 0 ? body : 'has no errors in errors';
  } catch {
    return 'has a body that is not JSON';
  }
}

function formFaults(errors: Body['errors'] = []): readonly string[] {
  return errors.flatMap(({ message, extensions }) => {
    if (typeof extensions?.code !== 'string') return ['has an error without a code'];
    return message === ERRORS.INTERNAL_SERVER_ERROR.meaning ? ['made the router fail'] : [];
  });
}
