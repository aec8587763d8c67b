import { createStore } from '../../frame/store.ts';

export type Login = { readonly email: string; readonly role: string; readonly token: string };

const KEY = 'tributary.login';

/** The account that operations are sent for. It is kept in `sessionStorage` only. */
export const login = createStore<Login | undefined>(saved());

export function setLogin(next: Login | undefined): void {
  if (next === undefined) sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, JSON.stringify(next));
  login.set(() => next);
}

function saved(): Login | undefined {
  const text = sessionStorage.getItem(KEY);
  // Only `setLogin` writes this key.
  return text === null ? undefined : (JSON.parse(text) as Login);
}

const LOGIN = `mutation Login($email: String!, $password: String!) {
  login(email: $email, password: $password) { accessToken }
}`;

/** Logs in with the mutation of the shop. Throws an error with the reason in words. */
export async function logIn(
  graphqlUrl: string,
  { email, password, role }: { readonly email: string; readonly password: string; readonly role: string },
): Promise<void> {
  const response = await fetch(graphqlUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'apollographql-client-name': 'tributary-console' },
    body: JSON.stringify({ query: LOGIN, variables: { email, password } }),
  });
  const body: LoginBody = await response.json();
  const token = body.data?.login?.accessToken;
  if (token === undefined) throw new Error(body.errors?.[0]?.message ?? 'The login returned no token.');
  setLogin({ email, role, token });
}

type LoginBody = {
  readonly data?: { readonly login?: { readonly accessToken?: string } | null } | null;
  readonly errors?: readonly { readonly message: string }[];
};
