import { expect, test } from 'vitest';
import { createTaskThread } from '../../registry/threads/task-thread.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])';

/** Subgraphs whose types all refer to each other, which takes many seconds to compose. */
function slowSubgraphs(types: number) {
  const indexes = Array.from({ length: types }, (_, index) => index);
  return ['a', 'b', 'c', 'd'].map((name, shift) => ({
    name,
    url: 'http://a.example',
    place: name,
    sdl: `${LINK} type Query { ${name}: T0 } ${indexes
      .map(
        (index) =>
          `type T${index} @key(fields: "id") { id: ID! ${indexes
            .map((to) => ((index + to + shift) % 2 ? `f${to}: T${to} @shareable` : `${name}${to}: T${to}`))
            .join(' ')} }`,
      )
      .join(' ')}`,
  }));
}

test('a schema that takes too long to compose fails alone, and the next ones are composed', async () => {
  const timers: (() => void)[] = [];
  await using thread = createTaskThread((run) => {
    timers.push(run);
    return () => {};
  });
  const compose = (subgraphs: ReturnType<typeof slowSubgraphs>) =>
    thread.perform({ kind: 'compose', subgraphs, contracts: [] });
  const slow = compose(slowSubgraphs(60)).catch((error: unknown) => error);
  const next = compose([{ name: 'a', url: 'http://a.example', place: 'a', sdl: 'type Query { a: Int }' }]);
  timers.at(-1)?.();
  expect(await slow).toMatchObject({
    code: 'BAD_USER_INPUT',
    message: expect.stringContaining('longer than 300 s'),
  });
  expect((await next).supergraphSdl).toContain('type Query');
});
