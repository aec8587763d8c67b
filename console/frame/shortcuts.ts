import { useEffect, useRef } from 'preact/hooks';

/**
 * Calls `action` for a key anywhere in the page: `mod+k` (Ctrl, or Cmd on a Mac), `alt+1`, or a single
 * character, which is ignored while the user types.
 */
export function useShortcut(keys: string, action: () => void): void {
  const latest = useRef(action);
  latest.current = action;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!matches(event, keys) || event.defaultPrevented) return;
      event.preventDefault();
      latest.current();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [keys]);
}

function matches(event: KeyboardEvent, keys: string): boolean {
  const [modifier, key] = keys.includes('+') ? keys.split('+') : [undefined, keys];
  const mod = event.ctrlKey || event.metaKey;
  if (modifier === 'mod') return mod && !event.altKey && event.key.toLowerCase() === key?.toLowerCase();
  // With Alt, some keyboards give another character than the digit that is printed on the key.
  if (modifier === 'alt') return event.altKey && !mod && event.code === `Digit${key}`;
  return event.key === key && !mod && !event.altKey && !(key !== 'Escape' && isTyping(event));
}

function isTyping(event: KeyboardEvent): boolean {
  const [target] = event.composedPath();
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))
  );
}

export const MOD = navigator.userAgent.includes('Mac') ? '⌘' : 'Ctrl';
