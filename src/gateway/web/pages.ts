// The two pages of the gateway. Self-contained: no script, nothing from elsewhere, nothing about any incident.
import { operations } from '../openenv/openapi.ts';

export interface HomePage {
  /** Host and port as the browser asked for them. */
  host: string;
  secure: boolean;
  active: number;
  max: number;
  version: string;
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5b6577; --line: #d9dee7; --paper: #fbfcfe; --card: #fff; --mark: #326ce5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6eaf2; --soft: #98a3b8; --line: #2b3445; --paper: #11161f; --card: #181f2b; --mark: #7aa2ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 3rem 1.25rem; }
h1 { margin: 0; font-size: 2rem; letter-spacing: -.02em; }
h2 { margin: 2.5rem 0 .5rem; font-size: 1.1rem; }
p { margin: .6rem 0; } .soft, footer { color: var(--soft); } a { color: var(--mark); }
pre { overflow-x: auto; margin: .5rem 0 1rem; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
code { font: .86em/1.5 ui-monospace, monospace; }
.seats { display: flex; flex-wrap: wrap; gap: .35rem; align-items: center; margin: 1.5rem 0; }
.seat { width: 1rem; height: 1rem; border: 2px solid var(--mark); border-radius: 4px; } .seat.used { background: var(--mark); }
.seats span { margin-left: .5rem; }
table { width: 100%; border-collapse: collapse; } td { padding: .45rem .75rem .45rem 0; border-top: 1px solid var(--line); vertical-align: top; }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; font-size: .9rem; }`;

const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const page = (title: string, body: string, head = '') => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">${head}
<title>${title}</title><style>${STYLE}</style></head>
<body><main>
${body}
</main></body></html>
`;

const code = (text: string) => `<pre><code>${escapeHtml(text)}</code></pre>`;

/** More squares than this say less than the number. */
const MAX_SQUARES = 64;

/** `GET /web`: what this is, how many sessions are in use, how to connect. */
export function homePage({ host, secure, active, max, version }: HomePage): string {
  const url = `${secure ? 'https' : 'http'}://${host}`;
  const squares = Array.from({ length: Math.min(max, MAX_SQUARES) }, (_, i) => `<i class="seat${i < active ? ' used' : ''}"></i>`).join('');
  const body = `<h1>Kube SRE Gym</h1>
<p class="soft">A Kubernetes cluster turned into a gym where agents learn to be on call.</p>
<p>Each session gets a private copy of a small shop with a real incident in it: real pods, real kernel OOM kills, the real kubectl.
The agent reads a pager alert, looks around, fixes what is broken and is scored. This is the door for agents; it speaks
<a href="https://github.com/huggingface/OpenEnv">OpenEnv</a>.</p>
<div class="seats" role="img" aria-label="${active} of ${max} sessions in use">${squares}<span>${active} of ${max} sessions in use</span></div>
<h2>Python, any OpenEnv client</h2>
${code(`from openenv.core.generic_client import GenericEnvClient

env = GenericEnvClient(base_url="${url}").sync()  # openenv-core 0.2.1: without .sync()
with env:
    print(env.reset(seed=7).observation["command_output"])  # the alert
    step = env.step({"command": "kubectl get pods -A"})
    print(step.observation["command_output"], step.reward, step.done)`)}
<h2>Python, tools over MCP</h2>
${code(`from openenv.core.mcp_client import MCPToolClient

with MCPToolClient(base_url="${url}").sync() as env:
    env.reset(seed=7)
    print(env.call_tool("run", command="kubectl get pods -A"))`)}
<h2>Anything that speaks HTTP</h2>
${code(`curl -X POST ${url}/reset -d '{"seed": 7}'
curl -X POST ${url}/step -d '{"action": {"command": "kubectl get pods -A"}}'`)}
<p>Besides kubectl lines a command may be <code>diagnose: TEXT</code>, <code>fix: LINE</code> or <code>report: resolved|no-fault|give-up</code>.</p>
<footer>Version ${escapeHtml(version)} &middot; <a href="docs">Endpoints</a> &middot; <a href="openapi.json">OpenAPI</a> &middot; <a href="schema">Schemas</a></footer>`;
  return page('Kube SRE Gym', body, '<meta http-equiv="refresh" content="10">');
}

/** `GET /docs`: the endpoints, from the same list as the OpenAPI document. */
export function docsPage(production: boolean): string {
  const rows = operations(production)
    .map(
      ({ path, method, summary }) => `<tr><td><code>${method.toUpperCase()}&nbsp;${path}</code></td><td>${escapeHtml(summary)}</td></tr>`,
    )
    .join('\n');
  const body = `<h1>Endpoints</h1>
<p class="soft">The full description is the <a href="openapi.json">OpenAPI document</a>; fields of actions and observations are in <a href="schema">/schema</a>.</p>
<table>
${rows}
<tr><td><code>WS&nbsp;/ws</code></td><td>One socket, one session: <code>{"type": "reset"|"step"|"state"|"close"|"mcp", "data": {...}}</code></td></tr>
<tr><td><code>WS&nbsp;/ws?session_id=ID</code></td><td>The same, on a session made by <code>openenv/session/create</code></td></tr>
</table>
<footer><a href="web">Kube SRE Gym</a></footer>`;
  return page('Endpoints of Kube SRE Gym', body);
}
