import type { View } from './location.ts';

const PATHS: Readonly<Record<View | 'search' | 'theme' | 'help', string>> = {
  explore: 'M4 5l6 5-6 5M11 15h6',
  schema: 'M10 3v4M10 13v4M4 17h12M10 7a3 3 0 100 6 3 3 0 000-6zM4 3h12',
  operate: 'M2 11h4l2-6 4 10 2-4h4',
  publish: 'M10 16V5M5 9l5-5 5 5M4 17h12',
  search: 'M9 4a5 5 0 100 10A5 5 0 009 4zM13 13l4 4',
  theme: 'M10 3a7 7 0 100 14 5 5 0 010-14z',
  help: 'M7.5 7.5a2.5 2.5 0 113.6 2.3c-.8.4-1.1.9-1.1 1.9M10 14.5v.5M10 2.5a7.5 7.5 0 100 15 7.5 7.5 0 000-15z',
};

export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
