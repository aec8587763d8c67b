import { json } from '@codemirror/lang-json';
import { RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import { Decoration, EditorView, WidgetType } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';
import { openSearchPanel } from '@codemirror/search';
import { basicSetup } from 'codemirror';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { count } from '../../frame/format.ts';
import { Subgraph } from '../../frame/subgraph.tsx';
import { CodeEditor } from '../editor/code-editor.tsx';
import { fieldAt } from '../editor/document-facts.ts';
import type { ShowInEditor } from '../result-pane.tsx';
import { OWN_EXTENSIONS } from '../run/result.ts';
import type { Degraded, ResponseError, Result } from '../run/result.ts';
import { findLists } from './find-lists.ts';
import { formatJson } from './format-json.ts';
import type { FormattedJson, Path } from './format-json.ts';
import { ListView } from './list-view.tsx';
import { groupErrors, placeOf, responseMarks, sentenceOf } from './response-marks.ts';
import type { ErrorGroup, Mark } from './response-marks.ts';

type Shape = 'json' | 'table';

/** The response as JSON or as a table, with marks where data is missing. */
export function ResponsePane({
  result,
  onShowInEditor,
}: {
  readonly result: Result;
  readonly onShowInEditor: ShowInEditor;
}) {
  const [shape, setShape] = useState<Shape>('json');
  const [all, setAll] = useState(false);
  const view = useRef<EditorView>(undefined);
  const formatted = useMemo(() => formattedResponse(result, all), [result, all]);
  const lists = useMemo(() => findLists(result.body?.data), [result]);
  const marks = useMemo(() => responseMarks(result.body, formatted), [result, formatted]);
  useEffect(() => {
    view.current?.dispatch({ effects: setMarks.of(marks) });
  }, [marks, shape]);
  const goTo = (path: Path) => {
    setShape('json');
    const place = placeOf(path, formatted);
    if (place !== undefined && view.current) {
      const effects = EditorView.scrollIntoView(place.from, { y: 'center' });
      const line = view.current.state.doc.lineAt(place.from);
      const head = Math.min(place.to, line.to);
      view.current.dispatch({ selection: { anchor: place.from, head }, effects });
      view.current.focus();
    }
  };
  return (
    <div class="response">
      <div class="toolbar">
        <div class="segmented" role="group" aria-label="Shape of the response">
          <button type="button" aria-pressed={shape === 'json'} onClick={() => setShape('json')}>
            JSON
          </button>
          <button
            type="button"
            aria-pressed={shape === 'table'}
            disabled={lists.length === 0}
            title={lists.length === 0 ? 'The response has no list of objects' : undefined}
            onClick={() => setShape('table')}
          >
            Table
          </button>
        </div>
        <span class="spacer" />
        {shape === 'json' && (
          <>
            <button type="button" class="plain" aria-pressed={all} onClick={() => setAll(!all)}>
              {all ? 'Hide trace and plan' : 'Show all extensions'}
            </button>
            <button type="button" class="plain" onClick={() => view.current && openSearchPanel(view.current)}>
              Search
            </button>
          </>
        )}
      </div>
      <Problems result={result} goTo={goTo} onShowInEditor={onShowInEditor} />
      {shape === 'table' ? (
        <ListView lists={lists} degraded={result.body?.extensions?.degraded ?? []} />
      ) : (
        <CodeEditor
          label="Response"
          value={formatted.text}
          readOnly
          extensions={VIEWER}
          onView={(editor) => {
            view.current = editor;
            editor.dispatch({ effects: setMarks.of(marks) });
          }}
        />
      )}
    </div>
  );
}

function formattedResponse({ text, body }: Result, all: boolean): FormattedJson {
  const names = Object.keys(body?.extensions ?? {});
  const isOwn = names.every((name) => OWN_EXTENSIONS.includes(name));
  const skip = ([first, second, ...rest]: Path) =>
    !all &&
    first === 'extensions' &&
    (second === undefined ? isOwn : rest.length === 0 && OWN_EXTENSIONS.includes(String(second)));
  try {
    return formatJson(text, skip);
  } catch {
    return { text, places: new Map() };
  }
}

type ProblemProps = {
  readonly result: Result;
  readonly goTo: (path: Path) => void;
  readonly onShowInEditor: ShowInEditor;
};

const MAX_ERRORS = 20;

/** Degraded services and errors, each with a way to its place and to the field in the editor. */
function Problems({ result, goTo, onShowInEditor }: ProblemProps) {
  const errors = result.body?.errors ?? [];
  const degraded = result.body?.extensions?.degraded ?? [];
  const groups = groupErrors(errors);
  if (groups.length + degraded.length === 0) return null;
  return (
    <ul class="problems" aria-label="Problems" tabIndex={0}>
      {degraded.map((entry) => (
        <DegradedRow key={`${entry.service} ${entry.reason} ${entry.source}`} entry={entry} goTo={goTo} />
      ))}
      {groups.slice(0, MAX_ERRORS).map((group, index) => (
        <ErrorRow key={index} group={group} {...{ result, goTo, onShowInEditor }} />
      ))}
      {groups.length > MAX_ERRORS && (
        <li class="soft">and {count(groups.length - MAX_ERRORS, 'more error')} in the JSON below</li>
      )}
    </ul>
  );
}

function DegradedRow({ entry, goTo }: { readonly entry: Degraded; readonly goTo: (path: Path) => void }) {
  const [path] = entry.paths;
  return (
    <li class="problem">
      <span class="label label-warn">degraded</span>
      <Subgraph name={entry.service} />
      <span>{sentenceOf(entry).slice(entry.service.length + 2)}</span>
      {entry.breaker !== undefined && entry.breaker !== 'closed' && (
        <span class="label">breaker {entry.breaker}</span>
      )}
      {entry.retryAfterMs !== undefined && <span class="soft">retry after {entry.retryAfterMs} ms</span>}
      {path !== undefined && (
        <button type="button" class="plain mono" onClick={() => goTo(['data', ...path])}>
          {path.join('.')}
          {entry.paths.length > 1 && ` +${entry.paths.length - 1}`}
        </button>
      )}
    </li>
  );
}

function ErrorRow({
  group: { error, count: places },
  result,
  goTo,
  onShowInEditor,
}: ProblemProps & { readonly group: ErrorGroup }) {
  const { path, message, extensions, locations } = error;
  const range = editorRange(result.query, error);
  return (
    <li class="problem">
      <span class="label label-bad">{extensions?.code ?? 'ERROR'}</span>
      <span>{message}</span>
      {path !== undefined && path.length > 0 && (
        <button type="button" class="plain mono" onClick={() => goTo(['data', ...path])}>
          {path.join('.')}
          {places > 1 && ` +${places - 1}`}
        </button>
      )}
      {range !== undefined && (
        <button type="button" class="plain" onClick={() => onShowInEditor(range.from, range.to)}>
          {locations?.[0] === undefined ? 'in the editor' : `line ${locations[0].line}`}
        </button>
      )}
      {extensions?.requestId !== undefined && <span class="soft mono">{extensions.requestId}</span>}
    </li>
  );
}

function editorRange(query: string, { path, locations }: ResponseError) {
  const [location] = locations ?? [];
  if (location !== undefined) {
    const lines = query.split('\n').slice(0, location.line - 1);
    const from = Math.min(
      query.length,
      lines.reduce((sum, line) => sum + line.length + 1, 0) + location.column - 1,
    );
    const word = /^\w+/.exec(query.slice(from))?.[0] ?? '';
    return { from, to: from + word.length };
  }
  const loc = path === undefined ? undefined : fieldAt(query, path)?.loc;
  return loc === undefined ? undefined : { from: loc.start, to: loc.end };
}

const setMarks = StateEffect.define<readonly Mark[]>();

class MarkWidget extends WidgetType {
  readonly #mark: Mark;

  constructor(mark: Mark) {
    super();
    this.#mark = mark;
  }

  override toDOM(): HTMLElement {
    const span = document.createElement('span');
    span.className = `cm-mark-${this.#mark.kind}`;
    span.textContent = this.#mark.text;
    return span;
  }
}

const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(decorations, transaction) {
    const [effect] = transaction.effects.filter((entry) => entry.is(setMarks));
    if (effect === undefined) return decorations.map(transaction.changes);
    const { doc } = transaction.state;
    const builder = new RangeSetBuilder<Decoration>();
    for (const mark of effect.value) {
      // While the table is shown, the text is the one of an earlier response.
      if (mark.place.from > doc.length) break;
      const line = doc.lineAt(mark.place.from);
      builder.add(line.from, line.from, Decoration.line({ class: `cm-marked-line-${mark.kind}` }));
      builder.add(line.to, line.to, Decoration.widget({ widget: new MarkWidget(mark), side: 1 }));
    }
    return builder.finish();
  },
  provide: (field) => EditorView.decorations.from(field),
});

const VIEWER = [basicSetup, json(), markField];
