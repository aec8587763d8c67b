import { hash } from 'node:crypto';
import type { ClientResponse } from '../request/client-request.ts';

const SANDBOX_CDN = 'https://embeddable-sandbox.cdn.apollographql.com';
const SANDBOX = `${SANDBOX_CDN}/v2/embeddable-sandbox.umd.production.min.js`;

/**
 * Returns a page with Apollo Sandbox for this router. Without internet access the page shows a curl command
 * instead.
 */
export function sandboxPage(graphqlPath: string): ClientResponse {
  const script = scriptFor(graphqlPath);
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'content-security-policy': [
        "default-src 'none'",
        `script-src ${sourceOf(script)} ${SANDBOX_CDN}`,
        `style-src ${sourceOf(STYLE)}`,
        'frame-src https://sandbox.embed.apollographql.com',
        "img-src 'self' https: data:",
        // Apollo Sandbox runs in a frame, but this page sends the requests for it. Users may enter any HTTPS
        // endpoint in Sandbox, so the page may connect to all HTTPS hosts.
        "connect-src 'self' https:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
      ].join('; '),
    },
    body: page(script),
  };
}

/**
 * Returns the source expression (a hash) with which a Content Security Policy allows one inline script or
 * style, but no injected ones (CSP level 3 section 6.7.2.3).
 */
function sourceOf(inline: string): string {
  return `'sha256-${hash('sha256', inline, 'base64')}'`;
}

const STYLE = `
  html, body, #sandbox, iframe { margin: 0; width: 100%; height: 100%; border: 0; font-family: system-ui, sans-serif }
  #offline { max-width: 44rem; margin: 3rem auto; padding: 0 1rem }
  pre { background: #f2f2f2; padding: 1rem; overflow: auto }
`;

function scriptFor(graphqlPath: string): string {
  // `<` is escaped, because `</script>` in the path would end the script element.
  const path = JSON.stringify(graphqlPath).replaceAll('<', String.raw`\u003c`);
  return `
  const endpoint = new URL(${path}, location.href).href;
  document.getElementById('endpoint').textContent = endpoint;
  document.getElementById('curl').textContent =
    "curl " + endpoint + " -H 'content-type: application/json' -d '{\\"query\\":\\"{ __typename }\\"}'";
  const offline = () => { document.getElementById('sandbox').hidden = true; document.getElementById('offline').hidden = false; };
  const script = document.createElement('script');
  script.src = ${JSON.stringify(SANDBOX)};
  script.onload = () => new window.EmbeddedSandbox({
    target: '#sandbox', initialEndpoint: endpoint, includeCookies: false, runTelemetry: false, allowDynamicStyles: false,
  });
  script.onerror = offline;
  document.body.append(script);
`;
}

function page(script: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tributary</title>
<style>${STYLE}</style>
<div id="sandbox"></div>
<div id="offline" hidden>
  <h1>Tributary</h1>
  <p>The router serves GraphQL at <code id="endpoint"></code>. Apollo Sandbox could not be loaded: it needs internet access. Send a request from a terminal instead:</p>
  <pre id="curl"></pre>
</div>
<script>${script}</script>
</html>
`;
}
