import { linkTo, useLocation } from '../frame/location.ts';
import { Tabs } from '../frame/tabs.tsx';
import { ConfigurationPage } from './configuration-page.tsx';
import { ConsumersPage } from './consumers-page.tsx';
import { HistoryPage } from './history-page.tsx';
import { RequestPage } from './request-page.tsx';
import { RequestsPage } from './requests-page.tsx';
import { SubgraphsPage } from './subgraphs-page.tsx';

const PAGES = [
  { page: '', text: 'Subgraphs' },
  { page: 'requests', text: 'Requests' },
  { page: 'consumers', text: 'Consumers' },
  { page: 'history', text: 'History' },
  { page: 'configuration', text: 'Configuration' },
] as const;

/** The state of the running router, and the commands that change it. */
export function Operate() {
  const { view, segments } = useLocation();
  const [page = '', id] = segments;
  if (view !== 'operate') return null;
  return (
    <div class="operate">
      <h1 class="visually-hidden">Operate</h1>
      <Tabs
        label="Operate"
        tabs={PAGES.map(({ page: name, text }) => ({
          text,
          link: linkTo('operate', name === '' ? [] : [name]),
          isOpen: page === name,
        }))}
      />
      <div class="operate-page">
        <Page page={page} id={id} />
      </div>
    </div>
  );
}

function Page({ page, id }: { readonly page: string; readonly id: string | undefined }) {
  switch (page) {
    case 'requests':
      return id === undefined ? <RequestsPage /> : <RequestPage id={id} />;
    case 'consumers':
      return <ConsumersPage />;
    case 'history':
      return <HistoryPage />;
    case 'configuration':
      return <ConfigurationPage />;
    default:
      return <SubgraphsPage />;
  }
}
