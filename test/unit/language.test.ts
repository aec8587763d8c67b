import { describe, expect, test } from 'vitest';
import { languageProblems } from '../../bin/check/language.ts';

const FILE = 'router/subgraph/call.ts';

describe('the language check of npm run check', () => {
  test('accepts sentences, names of their own, regular expressions, templates and URLs', () => {
    const text = [
      '/** Returns the subgraphs that are still healthy. */',
      "import { ApolloServerPluginLandingPageDisabled } from '@apollo/server';",
      'const half = (a + b) / 2; // rounded down / not up',
      'const pattern = /[\'"`/*]/; const stillWilling = `a ${half / 2} b ${{ c: `d` }.c}`;',
      `// https://example.com/${'long'.repeat(40)}`,
      "const code = 'ECONNREFUSED'; // connection refused",
    ].join('\n');
    expect(languageProblems(FILE, text)).toEqual([]);
  });

  test.each([
    ['a comment', 'run();\n// The subgraph is ill.', 2, '"ill": write "unhealthy" or "failing"'],
    ['a later line', '/**\n * Opens the breaker\n * by hand.\n */', 3, '"by hand": write "manually" or'],
    ['a part of a name', 'const isIll = true;', 1, '"ill": write "unhealthy" or "failing"'],
    ['a private name', 'class A {\n  #copySpine = 1;\n}', 2, '"spine*": write "copy-on-write path"'],
    ['a name in the plural', 'const lateAnswers = [];', 1, '"answer*": write "response", "respond" or'],
    ['a constant', 'const MAX_FLIGHTS = 1;', 1, '"flights": write "requests in flight"'],
    ['a string', "log('client told');", 1, '"told": write "sent", "reported" or "known"'],
    ['a template', 'f(`${a}\nno patience ${b}`);', 2, '"patience": write "timeout" or "limit"'],
    ['text after # in JSX', '<b>#{id}</b>;\n// under way', 2, '"under way": write "in flight"'],
    ['text after a regular expression', "/'/.test(a);\n// under way", 2, '"under way": write "in flight"'],
  ])('finds a word of the list in %s and names the replacement', (_place, text, line, message) => {
    const [problem, ...others] = languageProblems(FILE, text);
    expect(problem).toContain(`${FILE}:${line}: ${message}`);
    expect(others).toEqual([]);
  });

  test('finds words in documents, and in comments and titles of tests but not in their data', () => {
    expect(languageProblems('docs/a.md', '# Title\n\nAn alarm rings.')).toEqual([
      'docs/a.md:3: "alarm*": write "timer" or "alert"',
    ]);
    const text = "test.each(['ill'])('is ill', () => {\n  send('ill');\n  // ill\n});";
    const lines = languageProblems('test/a.test.ts', text).map((problem) => problem.split(':')[1]);
    expect(lines).toEqual(['1', '3']);
  });

  test.each(['What', 'Whoever', 'Whether who', 'Of', 'None'])(
    'finds comments that begin with %s',
    (start) => {
      const message = `the comment begins with "${start}": write a sentence or a noun phrase`;
      const comments = [
        `// ${start} x`,
        `/** ${start} x */`,
        `/**\n * ${start} x\n */`,
        `a(); // ${start} x`,
      ];
      for (const comment of comments) {
        expect(languageProblems(FILE, `f();\n${comment}`)).toContain(`${FILE}:2: ${message}`);
      }
      expect(languageProblems(FILE, `// A sentence of two lines.\n// ${start} x`)).not.toContainEqual(
        expect.stringContaining('begins'),
      );
    },
  );

  test('finds comments of more than 110 columns, in tests too', () => {
    const words = 'word '.repeat(22).trim();
    expect(languageProblems(FILE, `/**\n * ${words}\n */`)).toEqual([
      `${FILE}:2: the comment has 112 columns, at most 110 are allowed`,
    ]);
    expect(languageProblems('test/a.ts', `call(); // ${words}`)).toHaveLength(1);
    expect(languageProblems(FILE, `const a = 1; // ${words.slice(15)}`)).toEqual([]);
  });
});
