import { Icon } from './icons.tsx';
import { linkTo, titleOf, VIEWS } from './location.ts';
import type { View } from './location.ts';

/** The links to the views. A link leads back to where the view was left. */
export function Rail({ view }: { readonly view: View }) {
  places.set(view, window.location.hash || linkTo(view));
  return (
    <nav class="rail" aria-label="Views">
      {VIEWS.map((name) => (
        <a
          key={name}
          class="rail-link"
          href={name === view ? linkTo(name) : (places.get(name) ?? linkTo(name))}
          aria-current={name === view ? 'page' : undefined}
        >
          <Icon name={name} />
          <span>{titleOf(name)}</span>
        </a>
      ))}
    </nav>
  );
}

const places = new Map<View, string>();
