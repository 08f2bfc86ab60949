// The package as others get it: size, freshness of the one file, types, and an empty project that
// installs it. Needs `npm install` here.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bin as programs, makeToken, publish, until, World } from '../../../../tests/browser/support/world.mjs';

const here = fileURLToPath(new URL('..', import.meta.url));
const dist = readFileSync(join(here, 'dist/starling.js'));
const bin = (name) => join(here, 'node_modules/.bin', name);
const bounded = {
  timeout: 90_000, skip: !existsSync(join(programs, 'starlingd')) && 'no node is built (scripts/build)',
};
const projects = [];
after(() => projects.forEach((dir) => rmSync(dir, { recursive: true })));

function project() {
  const dir = mkdtempSync(join(tmpdir(), 'starling-js-'));
  projects.push(dir);
  return dir;
}

test('the one file has at most 8 KB gzipped', () => {
  assert.ok(gzipSync(dist, { level: 9 }).length <= 8192, `${gzipSync(dist, { level: 9 }).length}`);
});

test('the one file is what the sources give', () => {
  const file = join(project(), 'starling.js');
  execFileSync('node', ['build.mjs', file], { cwd: here });
  assert.ok(readFileSync(file).equals(dist), 'run `npm run build`');
});

test('the one file does what the modules do', () => {
  const files = ['backoff', 'client', 'parser', 'poll', 'tabs'].map((name) => `test/${name}.test.mjs`);
  execFileSync('node', ['--test', '--test-reporter=tap', ...files], {
    cwd: here, stdio: 'pipe', env: { PATH: process.env.PATH, STARLING_ONE_FILE: '1' },
  });
});

/// An empty project that has installed the package, as `npm pack` makes it.
function install() {
  const dir = project();
  const [{ filename, files }] = JSON.parse(execFileSync('npm',
    ['pack', '--json', '--pack-destination', dir], { cwd: here, stdio: ['ignore', 'pipe', 'ignore'] }));
  writeFileSync(join(dir, 'package.json'), '{"type":"module","private":true}');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`],
    { cwd: dir, stdio: 'ignore' });
  return { dir, files: files.map(({ path }) => path) };
}

function checkTypes(dir, ...files) {
  execFileSync(bin('tsc'), ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022',
    '--lib', 'es2022,dom', ...files], { cwd: dir, stdio: 'pipe' });
}

/// The first lines of that language in a README, with other words for some.
function linesOf(readme, language, words) {
  const text = readFileSync(join(here, readme), 'utf8');
  const [, lines] = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'm').exec(text);
  return Object.entries(words).reduce((left, [from, to]) => {
    assert.ok(left.includes(from), `${readme}: no ${from}`);
    return left.replaceAll(from, to);
  }, lines);
}

/// What a program says first, while `meanwhile` is called again and again.
async function firstLine(program, dir, meanwhile) {
  const running = spawn('node', [program], { cwd: dir, stdio: ['ignore', 'pipe', 'inherit'] });
  let line;
  createInterface({ input: running.stdout }).once('line', (said) => { line = said; });
  try {
    await until(async () => {
      assert.equal(running.exitCode, null, 'it has ended');
      await meanwhile();
      return line;
    }, `${program} says something`);
    return line;
  } finally {
    running.kill('SIGKILL');
  }
}

test('an empty project installs the package, typed, and the lines of both READMEs work', bounded, async (t) => {
  const world = await World.start();
  t.after(() => world.stop());
  const [{ url }] = world.nodes;
  const backend = createServer((_, answer) => answer.end(makeToken({ user: 'ann' }))).listen(0, '127.0.0.1');
  t.after(() => backend.close());
  await once(backend, 'listening');

  const { dir, files } = install();
  for (const file of ['LICENSE', 'CHANGELOG.md', 'README.md', 'dist/starling.js', 'types/index.d.ts'])
    assert.ok(files.includes(file), `${file} is not in the package`);
  assert.ok(!files.some((path) => path.startsWith('test/')));

  const sources = {
    all: `
      import { Starling, StarlingError, type StarlingEvent } from 'starling-client';
      import { StarlingEventSource } from 'starling-client/event-source';
      const client = new Starling({ url: 'http://127.0.0.1:1', rooms: ['lobby'], autoConnect: false });
      const remove = client.on<{ text: string }>('hello', (event: StarlingEvent<{ text: string }>) =>
        console.log(event.room, event.data.text));
      client.on('starling:lost', (lost) => console.log(lost[0].reason));
      remove();
      const source: EventSource['readyState'] = new StarlingEventSource('http://127.0.0.1:1/events').CONNECTING;
      console.log(client.state, source, new StarlingError('x', { status: 401 }).status);`,
    ten: linesOf('README.md', 'html', {
      '<script type="module">': '', '</script>': '', 'https://push.example/starling.js': 'starling-client',
      'https://push.example': url, '/my/starling-token': `http://127.0.0.1:${backend.address().port}`,
    }),
    six: `
      const token = '${makeToken({ user: 'ann' })}';
      const button = { onclick: (): unknown => undefined };
      const refetch = (lost: Lost[]) => console.log('lost', lost.length);
      import { type Lost } from 'starling-client';
      ${linesOf('../../../README.md', 'js', {
        'http://127.0.0.1:8081/starling.js': 'starling-client', 'http://127.0.0.1:8081': url,
      })}
      client.on('starling:connected', () => button.onclick());`,
  };
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(dir, `${name}.mts`), text);
  const names = Object.keys(sources).map((name) => `${name}.mts`);
  checkTypes(dir, ...names);
  execFileSync(bin('esbuild'), [...names, '--outdir=.', '--out-extension:.js=.mjs'], { cwd: dir, stdio: 'ignore' });

  const nothing = () => {};
  assert.equal(await firstLine('all.mjs', dir, nothing), 'idle 0 401');
  assert.equal(await firstLine('six.mjs', dir, nothing), 'ann everybody');
  // Whoever comes later hears later events alone, so until it has come there are more.
  assert.equal(await firstLine('ten.mjs', dir, () => publish(url, 'lobby', { text: 'hello' }, 'NewMessage')),
    "browser { text: 'hello' }");
});

test('a wrong use of a typed event does not compile', () => {
  const dir = project();
  writeFileSync(join(dir, 'wrong.ts'), `
    import { Starling } from '${join(here, 'types/index.js')}';
    new Starling({ rooms: ['a'] }).on('starling:lost', (lost) => lost.reason);
  `);
  assert.throws(() => checkTypes(dir, 'wrong.ts'),
    (error) => /Property 'reason' does not exist/.test(String(error.stdout)));
});
