import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { linesWith, splitSdl, tokensOf } from './sdl-lines.ts';
import type { SdlLines } from './sdl-lines.ts';

const LINE_PX = 18;
const OVERSCAN = 30;

/**
 * An SDL with line numbers and search. Only the lines in sight are in the page, so that 50,000 lines scroll
 * smoothly.
 */
export function SdlView({
  name,
  sdl,
  line,
}: {
  readonly name: string;
  readonly sdl: string;
  /** Line to scroll to, from 1. */
  readonly line?: number | undefined;
}) {
  const text = useMemo(() => splitSdl(sdl), [sdl]);
  const [search, setSearch] = useState('');
  const [hit, setHit] = useState(0);
  const hits = useMemo(() => linesWith(text, search), [text, search]);
  const current = search === '' ? (line ?? 0) - 1 : (hits[hit % Math.max(hits.length, 1)] ?? -1);
  const step = (by: number) => hits.length > 0 && setHit((hit + by + hits.length) % hits.length);
  return (
    <div class="sdl">
      <div class="sdl-bar">
        <span class="soft number">{text.lines.length.toLocaleString('en')} lines</span>
        <input
          type="search"
          aria-label={`Find in ${name}`}
          placeholder="Find"
          value={search}
          onInput={(event) => {
            setSearch(event.currentTarget.value);
            setHit(0);
          }}
          onKeyDown={(event) => event.key === 'Enter' && step(event.shiftKey ? -1 : 1)}
        />
        <span class="soft number" role="status">
          {search !== '' && (hits.length === 0 ? 'not found' : `${hit + 1} of ${hits.length}`)}
        </span>
        <CopyButton text={sdl} />
      </div>
      <Lines name={name} text={text} current={current} />
    </div>
  );
}

function Lines({
  name,
  text,
  current,
}: {
  readonly name: string;
  readonly text: SdlLines;
  readonly current: number;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [sight, setSight] = useState({ top: 0, height: 600 });
  const look = () => {
    const element = scroller.current;
    if (element !== null) setSight({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(look, [text]);
  useEffect(() => {
    if (current >= 0) scroller.current?.scrollTo({ top: (current - 5) * LINE_PX });
  }, [current, text]);
  const first = Math.max(0, Math.floor(sight.top / LINE_PX) - OVERSCAN);
  const last = Math.min(text.lines.length, Math.ceil((sight.top + sight.height) / LINE_PX) + OVERSCAN);
  return (
    <div
      ref={scroller}
      class="sdl-scroller"
      tabIndex={0}
      role="region"
      aria-label={`SDL of ${name}`}
      onScroll={look}
    >
      <div class="sdl-space" style={{ height: `${text.lines.length * LINE_PX}px` }}>
        <pre class="sdl-lines" style={{ top: `${first * LINE_PX}px` }}>
          {text.lines.slice(first, last).map((line, index) => (
            <Line
              key={first + index}
              number={first + index}
              line={line}
              isDescription={text.described[first + index] ?? false}
              isCurrent={first + index === current}
            />
          ))}
        </pre>
      </div>
    </div>
  );
}

type LineProps = {
  readonly number: number;
  readonly line: string;
  readonly isDescription: boolean;
  readonly isCurrent: boolean;
};

function Line({ number, line, isDescription, isCurrent }: LineProps) {
  return (
    <div class={`sdl-line ${isCurrent ? 'sdl-current' : ''}`}>
      <span class="sdl-number" aria-hidden="true">
        {number + 1}
      </span>
      {tokensOf(line, isDescription).map(({ kind, text }, index) => (
        <span key={index} class={`sdl-${kind}`}>
          {text}
        </span>
      ))}
      {'\n'}
    </div>
  );
}

function CopyButton({ text }: { readonly text: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true));
  return (
    <button type="button" onClick={copy} onBlur={() => setCopied(false)}>
      {copied ? 'Copied' : 'Copy'}
    </button>
  );
}
