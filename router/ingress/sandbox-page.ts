import type { ClientResponse } from './client-request.ts';

const SANDBOX =
  'https://embeddable-sandbox.cdn.apollographql.com/v2/embeddable-sandbox.umd.production.min.js';

/** A page with Apollo Sandbox on this router's endpoint; without the network it shows how to ask by curl instead. */
export function sandboxPage(graphqlPath: string): ClientResponse {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'self'; script-src 'unsafe-inline' https://embeddable-sandbox.cdn.apollographql.com; style-src 'unsafe-inline'; " +
        "frame-src https://sandbox.embed.apollographql.com; img-src 'self' https: data:; connect-src 'self' https:",
    },
    body: page(graphqlPath),
  };
}

function page(graphqlPath: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tributary</title>
<style>
  html, body, #sandbox, iframe { margin: 0; width: 100%; height: 100%; border: 0; font-family: system-ui, sans-serif }
  #offline { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
  pre { background: #f2f2f2; padding: 1rem; overflow: auto }
</style>
<div id="sandbox"></div>
<div id="offline" hidden>
  <h1>Tributary</h1>
  <p>The router answers at <code id="endpoint"></code>. Apollo Sandbox could not be loaded; it needs the internet. Ask from a terminal meanwhile:</p>
  <pre id="curl"></pre>
</div>
<script>
  const endpoint = new URL(${JSON.stringify(graphqlPath)}, location.href).href;
  document.getElementById('endpoint').textContent = endpoint;
  document.getElementById('curl').textContent =
    "curl " + endpoint + " -H 'content-type: application/json' -d '{\\"query\\":\\"{ __typename }\\"}'";
  const offline = () => { document.getElementById('sandbox').hidden = true; document.getElementById('offline').hidden = false; };
  const script = document.createElement('script');
  script.src = ${JSON.stringify(SANDBOX)};
  script.onload = () => new window.EmbeddedSandbox({ target: '#sandbox', initialEndpoint: endpoint, includeCookies: false });
  script.onerror = offline;
  document.body.append(script);
</script>
</html>
`;
}
