import { expect, test } from 'vitest';
import { annotationText } from '../../cli/annotation.ts';

test('annotations are workflow commands, errors first, with line breaks and separators escaped', () => {
  const text = annotationText([
    { level: 'warning', title: 'LIST_SIZE', message: '100% of lists', file: 'a,b.graphql' },
    {
      level: 'error',
      title: 'breaks: OrderPage',
      message: 'one\ntwo',
      file: 's.graphql',
      line: 3,
      column: 5,
    },
  ]);
  expect(text).toBe(
    '::error file=s.graphql,line=3,col=5,title=breaks%3A OrderPage::one%0Atwo\n' +
      '::warning file=a%2Cb.graphql,title=LIST_SIZE::100%25 of lists\n',
  );
});
