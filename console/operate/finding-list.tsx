import { linkTo } from '../frame/location.ts';
import type { Finding } from './findings.ts';
import { TONES } from './subgraph-card.tsx';

const WORDS = { good: 'ok', warning: 'warning', bad: 'problem' } as const;

/** The problems of the last minute and their causes, the most urgent first. */
export function FindingList({ findings }: { readonly findings: readonly Finding[] }) {
  return (
    <ul class="findings" aria-label="Findings">
      {findings.map(({ tone, text, filter }) => (
        <li key={text} class="finding">
          <span class={`label ${TONES[tone]}`}>{WORDS[tone]}</span>
          <p>{text}</p>
          <a href={linkTo('operate', ['requests'], filter)}>Requests</a>
        </li>
      ))}
    </ul>
  );
}
