import { useState } from 'preact/hooks';
import type { Overview } from '../../router/console/api-types.ts';
import type { Resource } from '../api/use-resource.ts';
import { Icon } from './icons.tsx';
import { useOverview } from './overview.ts';
import { MOD } from './shortcuts.ts';
import { applyTheme, nextTheme, savedTheme } from './theme.ts';

export function TopBar({ onSearch, onHelp }: { readonly onSearch: () => void; readonly onHelp: () => void }) {
  const overview = useOverview();
  return (
    <header class="top-bar">
      <span class="graph-name">{overview.value?.graph ?? 'Tributary'}</span>
      {overview.value?.supergraph && <Version supergraph={overview.value.supergraph} />}
      <Health overview={overview} />
      <button type="button" class="search-button" title="Search" onClick={onSearch}>
        <Icon name="search" />
        <span class="search-text">Fields, types, operations, requests</span>
        <kbd>{MOD} K</kbd>
      </button>
      {overview.value?.sandbox && (
        <a class="top-link" href="/sandbox">
          Apollo Sandbox
        </a>
      )}
      <ThemeButton />
      <button type="button" class="icon-button" aria-label="Help" title="Help (?)" onClick={onHelp}>
        <Icon name="help" />
      </button>
    </header>
  );
}

function Version({ supergraph }: { readonly supergraph: NonNullable<Overview['supergraph']> }) {
  const { id, since, source } = supergraph;
  return (
    <span class="version" title={`Supergraph ${id}, from ${source}, since ${since}`}>
      <code>{id.slice(0, 8)}</code>
    </span>
  );
}

function Health({ overview }: { readonly overview: Resource<Overview> }) {
  const { state, word, sentence } = healthOf(overview);
  return (
    <span class={`health health-${state}`} title={sentence} role="status">
      <span class="dot" aria-hidden="true" />
      {word}
    </span>
  );
}

function healthOf({ value, failure }: Resource<Overview>) {
  if (failure?.kind === 'unreachable')
    return { state: 'down', word: 'Unreachable', sentence: 'The router cannot be reached.' };
  if (value === undefined) return { state: 'unknown', word: '…', sentence: 'The state is not known yet.' };
  if (value.health.ready && value.health.reasons.length === 0)
    return { state: 'ready', word: 'Ready', sentence: 'The router serves this graph.' };
  const sentence = value.health.reasons.join(' ') || 'The router is not ready.';
  return value.health.ready
    ? { state: 'degraded', word: 'Degraded', sentence }
    : { state: 'down', word: 'Not ready', sentence };
}

function ThemeButton() {
  const [theme, setTheme] = useState(savedTheme());
  const change = () => {
    const next = nextTheme(theme);
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme}`}
      onClick={change}
    >
      <Icon name="theme" />
    </button>
  );
}
