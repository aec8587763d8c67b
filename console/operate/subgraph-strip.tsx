import { Subgraph } from '../frame/subgraph.tsx';
import { cardId, TONES, USED_BY } from './subgraph-card.tsx';
import type { SubgraphCard } from './subgraph-cards.ts';

/** The states of all subgraphs in one line. A click leads to the card. */
export function SubgraphStrip({ cards }: { readonly cards: readonly SubgraphCard[] }) {
  return (
    <ul class="strip" aria-label="States of the subgraphs">
      {cards.map((card) => (
        <li key={cardId(card)}>
          <button
            type="button"
            class="strip-button"
            title={card.sentence}
            onClick={() => {
              const element = document.getElementById(cardId(card));
              element?.scrollIntoView({ block: 'start' });
              element?.focus();
            }}
          >
            <Subgraph name={card.name} />
            {card.usedBy !== null && <span class="label">{USED_BY[card.usedBy]}</span>}
            <span class={`label ${TONES[card.tone]}`}>{card.word}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
