import type { ClientResponse, MediaType, RequestSummary } from '../ingress/client-request.ts';

/** What execution brought, in the shape it goes out in. */
export type AnswerParts = {
  /** JSON text of `data`. */
  readonly data: string;
  readonly errors: readonly object[];
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
};

/** The JSON text of a GraphQL answer, in the order the specification recommends: errors first. */
function answerText({ data, errors, extensions }: AnswerParts): string {
  const head = errors.length > 0 ? `"errors":${JSON.stringify(errors)},` : '';
  const tail = extensions === undefined ? '' : `,"extensions":${JSON.stringify(extensions)}`;
  return `{${head}"data":${data}${tail}}\n`;
}

/** The HTTP answer to an operation that was executed: 200, however much of it failed. */
export function answer(
  parts: AnswerParts,
  options: {
    readonly mediaType: MediaType;
    readonly headers: Readonly<Record<string, string>>;
    readonly summary: RequestSummary;
  },
): ClientResponse {
  return {
    status: 200,
    headers: {
      'content-type': `${options.mediaType.name}; charset=utf-8`,
      'cache-control': 'no-store',
      ...options.headers,
    },
    body: answerText(parts),
    summary: options.summary,
  };
}
