import { formatAgo } from './figures.ts';

/** Time since an event, such as `3 min ago`; the exact time appears on hover. */
export function Ago({ time }: { readonly time: string | null }) {
  if (time === null) return <span class="soft">never</span>;
  return (
    <time dateTime={time} title={new Date(time).toLocaleString('en-GB')}>
      {formatAgo(time)}
    </time>
  );
}
