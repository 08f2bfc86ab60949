/// The page `/admin`: signs in, looks at the cluster every two seconds while somebody looks at it,
/// and shows one view at a time.
import { $, copyButton, setText } from '/web/shared/dom.js';
import { clock } from '/web/shared/format.js';
import { claims, makeCommand, takeFragment } from '/web/shared/token.js';
import { Api, NoAnswer } from '/web/admin/api.js';
import { Failover } from '/web/admin/failover.js';
import { makeLists } from '/web/admin/lists.js';
import { Overview } from '/web/admin/overview.js';
import { makeTools } from '/web/admin/tools.js';

const LOOK_MS = 2000;
const REST = 4; // a look that took long is followed by so many times as long a rest
const SILENT = 2; // looks without an answer until the node counts as lost,
const AGAIN_MS = 500; // so long after each other
const OWN_MS = 3000; // within which it tells what it knows itself
const VIEWS = ['overview', 'rooms', 'users', 'sessions', 'tools'];

const api = new Api();
const failover = new Failover();
let overview;
let lists;
let timer = null;
let failed = 0;
let view = 'overview';
let looking = false;
let again = false; // somebody wanted a look while one was under way

function say(text, bad = false) {
  setText($('status'), text);
  $('status').className = `small clip ${bad ? 'bad' : 'dim'}`;
}

function route() {
  const wanted = location.hash.replace(/^#\//, '');
  view = VIEWS.includes(wanted) ? wanted : 'overview';
  for (const each of VIEWS) $(`view-${each}`).hidden = each !== view;
  for (const link of $('nav').children) {
    if (link.hash === `#/${view}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (api.token && overview) look();
}

/// One look at a time.
async function look() {
  clearTimeout(timer);
  again = looking;
  if (looking || !api.token) return;
  looking = true;
  const rest = await once().finally(() => {
    looking = false;
  });
  if (rest === null) return;
  timer = setTimeout(look, again ? 0 : rest);
}

/// -> ms until the next look, null when there must not be one.
async function once() {
  const began = performance.now();
  try {
    if (!document.hidden) await ask();
    if (failed >= SILENT) overview.happened.note('–', 'good', "this page's node answers again");
    failed = 0;
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      signOut(error.message);
      return null;
    }
    say(`No answer: ${error.message}`, true);
    if (!error.status && !(error instanceof NoAnswer)) throw error;
    if (error.status) return LOOK_MS; // a node that answers with an error is there
    if (++failed === SILENT) overview.happened.note('–', 'bad', "this page's node does not answer");
    if (failed >= SILENT && (await failover.silent(moveTo))) return null;
    return AGAIN_MS;
  }
  return Math.max(LOOK_MS, REST * (performance.now() - began));
}

/// What the node knows itself comes first: a silent node keeps the sums waiting.
async function ask() {
  const { nodes, missing } = await api.call('nodes', { timeout: OWN_MS });
  if (!api.token) return;
  failover.heard(nodes);
  $('views').hidden = false;
  await Promise.all([showFigures(nodes, missing), lists[view]?.show()]);
  say(`updated ${clock(Date.now())}`);
}

async function showFigures(nodes, missing) {
  const stats = await api.call('stats');
  const silent = [...new Set([...missing, ...(stats.missing ?? [])])].filter(
    (id) => nodes.find((node) => node.id === id)?.state !== 'gone',
  );
  $('missing').hidden = !silent.length;
  setText($('missing'), `No answer from ${silent.join(', ')}: sums are without them.`);
  await overview.show(nodes, stats);
}

/// The token goes along in the fragment, which no server sees.
function moveTo(url) {
  api.token = '';
  location.replace(`${url}#${new URLSearchParams({ token: sessionStorage.getItem('admin:token'), view })}`);
}

async function signIn(token) {
  api.token = token;
  setText($('refused'), '');
  say('signing in');
  try {
    await api.call('nodes', { timeout: OWN_MS });
    api.operator = await isOperator();
  } catch (error) {
    if (!(error instanceof NoAnswer)) return signOut(error.message);
    say(`No answer: ${error.message}`, true);
    timer = setTimeout(signIn, LOOK_MS, token);
    return;
  }
  api.tenant = String(claims(token).tenant ?? 'default');
  sessionStorage.setItem('admin:token', token);
  $('sign-in').hidden = true;
  $('nav').hidden = $('logout').hidden = false;
  $('token').value = '';
  if (!overview) {
    overview = new Overview(api, say);
    lists = makeLists(api, say);
    makeTools(api);
  }
  route();
}

/// The configuration is the operator's alone, and a node needs nobody else to tell it.
async function isOperator() {
  try {
    await api.call('config', { timeout: OWN_MS });
    return true;
  } catch (error) {
    if (error.status === 403) return false;
    throw error;
  }
}

/// What the views hold belongs to the token, so the page begins again.
function signOut(why) {
  sessionStorage.removeItem('admin:token');
  if (overview) {
    sessionStorage.setItem('admin:refused', why ?? '');
    return location.reload();
  }
  api.token = '';
  setText($('refused'), why ? `Not signed in: ${why}` : '');
  say('not signed in');
}

$('login').addEventListener('submit', (submit) => {
  submit.preventDefault();
  if ($('token').value.trim()) signIn($('token').value.trim());
});
$('logout').addEventListener('click', () => signOut());
document.addEventListener('visibilitychange', () => document.hidden || (overview && look()));
addEventListener('hashchange', route);
setText($('help-command'), makeCommand(true));
$('help-copy').append(copyButton('Copy the command', () => makeCommand(true)));

const refused = sessionStorage.getItem('admin:refused');
sessionStorage.removeItem('admin:refused');
setText($('refused'), refused ? `Not signed in: ${refused}` : '');
const views = location.hash.startsWith('#/') ? null : takeFragment();
if (views?.get('view')) history.replaceState(null, '', `#/${views.get('view')}`);
const known = views?.get('token') ?? sessionStorage.getItem('admin:token');
if (known) signIn(known);
