import type { EditorView } from '@codemirror/view';
import { keymap } from '@codemirror/view';
import { updateSchema } from 'cm6-graphql';
import type { GraphQLSchema } from 'graphql';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { MOD } from '../../frame/shortcuts.ts';
import { TabList } from '../../frame/tab-list.tsx';
import { WrittenCost } from '../cost/written-cost.tsx';
import { curlCommand } from '../run/request.ts';
import { requestOf } from '../run/run-operation.ts';
import type { RunOptions } from '../run/run-operation.ts';
import { editTab, headersOf, setHeaders } from '../run/workspace.ts';
import type { Method, Tab } from '../run/workspace.ts';
import { Split } from '../split.tsx';
import { CodeEditor } from './code-editor.tsx';
import { operationAt } from './document-facts.ts';
import { formatEditor, graphqlExtensions, TYPING } from './graphql-extensions.ts';
import { LoginPanel } from './login-panel.tsx';
import { OperationTabs } from './operation-tabs.tsx';
import { variablesExtensions } from './variables-extensions.ts';

const INPUTS = [
  { name: 'variables', label: 'Variables' },
  { name: 'headers', label: 'Headers' },
  { name: 'login', label: 'Login' },
  { name: 'options', label: 'Options' },
] as const;

type Input = (typeof INPUTS)[number]['name'];

export function EditorPane({
  tab,
  schema,
  running,
  onRun,
  onCancel,
  onView,
  options,
}: {
  readonly tab: Tab;
  readonly schema: GraphQLSchema | undefined;
  readonly running: boolean;
  readonly onRun: () => void;
  readonly onCancel: () => void;
  readonly onView: (view: EditorView) => void;
  readonly options: RunOptions;
}) {
  const view = useRef<EditorView>(undefined);
  const [editor, setEditor] = useState<EditorView>();
  const [input, setInput] = useState<Input>('variables');
  const run = useRef(onRun);
  run.current = onRun;
  const extensions = useMemo(() => [runKey(() => run.current()), graphqlExtensions()], []);
  useEffect(() => {
    if (schema !== undefined && view.current) updateSchema(view.current, schema);
  }, [schema]);
  return (
    <div class="editor-pane">
      <OperationTabs />
      <div class="toolbar">
        {running ? (
          <button type="button" class="run" onClick={onCancel}>
            Cancel <kbd>Esc</kbd>
          </button>
        ) : (
          <button type="button" class="primary run" onClick={() => onRun()}>
            Run <kbd>{MOD} ↵</kbd>
          </button>
        )}
        <WrittenCost tab={tab} operationName={options.operationName} view={editor} />
        <span class="spacer" />
        <button
          type="button"
          class="plain"
          title="Shift Alt F"
          onClick={() => view.current && formatEditor(view.current)}
        >
          Format
        </button>
        <CopyButton label="Copy as curl" text={() => curlCommand(requestOf(tab, options))} />
        <CopyButton label="Copy link" text={() => window.location.href} />
      </div>
      <Split name="inputs" direction="column" initial={168} min={64} minRest={120} fixed="second">
        <CodeEditor
          label="Operation"
          value={tab.query}
          extensions={extensions}
          onChange={(query) => editTab({ query })}
          onView={(editor) => {
            view.current = editor;
            setEditor(editor);
            onView(editor);
            if (schema !== undefined) updateSchema(editor, schema);
          }}
        />
        <div class="inputs">
          <TabList prefix="input" label="Inputs" items={INPUTS} selected={input} onSelect={setInput} />
          <div id="input-panel" role="tabpanel" aria-labelledby={`input-${input}`} class="input-panel">
            {input === 'variables' && <Variables tab={tab} schema={schema} run={() => run.current()} />}
            {input === 'headers' && <Headers key={tab.id} tabId={tab.id} run={() => run.current()} />}
            {input === 'login' && <LoginPanel graphqlUrl={options.graphqlUrl} />}
            {input === 'options' && <Options tab={tab} />}
          </div>
        </div>
      </Split>
    </div>
  );
}

function runKey(run: () => void) {
  return keymap.of([{ key: 'Mod-Enter', run: () => (run(), true), preventDefault: true }]);
}

type InputProps = { readonly run: () => void };

function Variables({
  tab,
  schema,
  run,
}: InputProps & { readonly tab: Tab; readonly schema: GraphQLSchema | undefined }) {
  const facts = useRef({ operation: operationAt(tab.query, 0), schema });
  facts.current = { operation: operationAt(tab.query, 0), schema };
  const extensions = useMemo(() => [runKey(run), variablesExtensions(() => facts.current)], []);
  return (
    <CodeEditor
      label="Variables"
      value={tab.variables}
      extensions={extensions}
      onChange={(variables) => editTab({ variables })}
    />
  );
}

function Headers({ tabId, run }: InputProps & { readonly tabId: string }) {
  const extensions = useMemo(() => [runKey(run), TYPING], []);
  return (
    <>
      <CodeEditor
        label="Headers, one per line as name: value"
        value={headersOf(tabId)}
        extensions={extensions}
        onChange={(text) => setHeaders(tabId, text)}
      />
      <p class="hint">
        One per line, such as <code>accept-language: de</code>. They stay in this tab of the browser.
      </p>
    </>
  );
}

const METHODS: Readonly<Record<Method, string>> = {
  POST: 'POST',
  GET: 'GET',
  persisted: 'Persisted (by hash)',
};

const BEHAVIORS: Readonly<Record<Tab['onError'], string>> = {
  '': 'Default of the router',
  PROPAGATE: 'PROPAGATE',
  NULL: 'NULL',
  HALT: 'HALT',
};

function Options({ tab }: { readonly tab: Tab }) {
  return (
    <div class="options">
      <Choice
        label="Send by"
        value={tab.method}
        choices={METHODS}
        onChange={(method) => editTab({ method })}
      />
      <Choice
        label="onError"
        value={tab.onError}
        choices={BEHAVIORS}
        onChange={(onError) => editTab({ onError })}
      />
      <label class="field">
        Client name
        <input
          type="text"
          placeholder="tributary-console"
          value={tab.clientName}
          onInput={(event) => editTab({ clientName: event.currentTarget.value.trim() })}
        />
      </label>
      <p class="hint">Subscriptions and @defer are not served by this router.</p>
    </div>
  );
}

function Choice<Value extends string>({
  label,
  value,
  choices,
  onChange,
}: {
  readonly label: string;
  readonly value: Value;
  readonly choices: Readonly<Record<Value, string>>;
  readonly onChange: (value: Value) => void;
}) {
  const entries = Object.entries<string>(choices);
  return (
    <label class="field">
      {label}
      <select
        value={value}
        // The options are the keys of `choices`.
        onChange={(event) => onChange(event.currentTarget.value as Value)}
      >
        {entries.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

const COPIED_MS = 1_500;

function CopyButton({ label, text }: { readonly label: string; readonly text: () => string }) {
  const [shown, setShown] = useState(label);
  const copy = async () => {
    setShown(await copied(text));
    setTimeout(() => setShown(label), COPIED_MS);
  };
  return (
    <button type="button" class="plain" onClick={() => void copy()}>
      {shown}
    </button>
  );
}

async function copied(text: () => string): Promise<string> {
  try {
    await navigator.clipboard.writeText(text());
    return 'Copied';
  } catch (error) {
    return error instanceof Error ? error.message : 'Not copied';
  }
}
