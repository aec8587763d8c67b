import type { VNode } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Classes of the colours of text, grid and events. */
const PLOT_CLASSES = ['plot-text', 'plot-grid', 'plot-event'];

/**
 * Returns the present colour of each class and of the plot itself, as a canvas needs them, and the hidden
 * elements that they are read from. Colours are read again when the theme changes.
 */
export function useColours(classes: readonly string[]): {
  readonly colours: readonly string[];
  readonly probe: VNode;
} {
  const probe = useRef<HTMLSpanElement>(null);
  const [colours, setColours] = useState<readonly string[]>([]);
  const names = [...classes, ...PLOT_CLASSES];
  useEffect(() => {
    const read = () =>
      setColours([...(probe.current?.children ?? [])].map((element) => getComputedStyle(element).color));
    read();
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    scheme.addEventListener('change', read);
    return () => {
      observer.disconnect();
      scheme.removeEventListener('change', read);
    };
  }, [names.join()]);
  const elements = names.map((name) => <span key={name} class={`plot-colour ${name}`} />);
  return {
    colours,
    probe: (
      <span ref={probe} hidden>
        {elements}
      </span>
    ),
  };
}
