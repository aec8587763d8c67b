/** `GET overview`. */
export type Overview = {
  readonly product: string;
  readonly version: string;
  readonly mode: 'development' | 'production';
  readonly graph: string;
  readonly graphqlPath: string;
  readonly graphqlUrl: string;
  readonly supergraph: { readonly id: string; readonly since: string; readonly source: string };
  readonly health: { readonly ready: boolean; readonly reasons: readonly string[] };
  readonly subgraphs: readonly string[];
  readonly sandbox: boolean;
  readonly registry: boolean;
  readonly demoAccounts: readonly DemoAccount[];
  readonly actions: boolean;
  readonly workers: number;
};

export type DemoAccount = { readonly email: string; readonly password: string; readonly role: string };
