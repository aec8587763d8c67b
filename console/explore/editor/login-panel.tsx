import { SecretField } from '../../frame/secret-field.tsx';
import { useState } from 'preact/hooks';
import type { DemoAccount } from '../../../router/console/api-types.ts';
import { useOverview } from '../../frame/overview.ts';
import { useStore } from '../../frame/store.ts';
import { logIn, login, setLogin } from '../run/login.ts';

/** Chooses the account that operations are sent for. */
export function LoginPanel({ graphqlUrl }: { readonly graphqlUrl: string }) {
  const accounts = useOverview().value?.demoAccounts ?? [];
  const current = useStore(login);
  const [failure, setFailure] = useState<string>();
  const [token, setToken] = useState('');
  const choose = async (account: DemoAccount) => {
    setFailure(undefined);
    try {
      await logIn(graphqlUrl, account);
    } catch (error) {
      setFailure(error instanceof Error ? error.message : 'The login failed.');
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    if (token.trim() !== '') setLogin({ email: 'token', role: 'as in the token', token: token.trim() });
    setToken('');
  };
  return (
    <div class="login">
      <p role="status">
        {current === undefined
          ? 'Operations are sent without a token.'
          : `Sent as ${current.email} (${current.role}).`}{' '}
        {current !== undefined && (
          <button type="button" class="plain" onClick={() => setLogin(undefined)}>
            Log out
          </button>
        )}
      </p>
      {accounts.length > 0 && (
        <div class="accounts" role="group" aria-label="Demo accounts">
          {accounts.map((account) => (
            <button
              key={account.email}
              type="button"
              aria-pressed={account.email === current?.email}
              onClick={() => void choose(account)}
            >
              {account.email} <span class="soft">{account.role}</span>
            </button>
          ))}
        </div>
      )}
      {failure !== undefined && (
        <p class="error-text" role="alert">
          {failure}
        </p>
      )}
      <form class="token-form" onSubmit={submit}>
        <SecretField label="Or a token of your own" value={token} onChange={setToken} />
        <button type="submit">Use</button>
      </form>
      <p class="hint">Tokens stay in this tab of the browser, and are never part of a link.</p>
    </div>
  );
}
