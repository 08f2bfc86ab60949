// The package as others get it: size, freshness of the one file, types, and an empty project that
// installs it. Needs `npm install` here.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = fileURLToPath(new URL('..', import.meta.url));
const dist = readFileSync(join(here, 'dist/starling.js'));
const bin = (name) => join(here, 'node_modules/.bin', name);
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

test('an empty project installs the package and its ten lines are typed and run', () => {
  const dir = project();
  const [{ filename, files }] = JSON.parse(execFileSync('npm',
    ['pack', '--json', '--pack-destination', dir], { cwd: here, stdio: ['ignore', 'pipe', 'ignore'] }));
  for (const file of ['LICENSE', 'CHANGELOG.md', 'README.md', 'dist/starling.js', 'types/index.d.ts'])
    assert.ok(files.some(({ path }) => path === file), `${file} is not in the package`);
  assert.ok(!files.some(({ path }) => path.startsWith('test/')));

  writeFileSync(join(dir, 'package.json'), '{"type":"module","private":true}');
  execFileSync('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`],
    { cwd: dir, stdio: 'ignore' });
  writeFileSync(join(dir, 'main.mts'), `
    import { Starling, StarlingError, type StarlingEvent } from 'starling-client';
    import { StarlingEventSource } from 'starling-client/event-source';
    const client = new Starling({ url: 'http://127.0.0.1:1', rooms: ['lobby'], autoConnect: false });
    const remove = client.on<{ text: string }>('hello', (event: StarlingEvent<{ text: string }>) =>
      console.log(event.room, event.data.text));
    client.on('starling:lost', (lost) => console.log(lost[0].reason));
    remove();
    const source: EventSource['readyState'] = new StarlingEventSource('http://127.0.0.1:1/events').CONNECTING;
    console.log(client.state, source, new StarlingError('x', { status: 401 }).status);
    client.close();
    process.exit(0);
  `);
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib',
    'es2022,dom'];
  writeFileSync(join(dir, 'globals.d.ts'), 'declare const process: { exit(code: number): never };');
  execFileSync(bin('tsc'), [...strict, 'main.mts', 'globals.d.ts'], { cwd: dir, stdio: 'pipe' });
  execFileSync(bin('esbuild'), ['main.mts', '--outfile=main.mjs'], { cwd: dir, stdio: 'ignore' });
  assert.equal(String(execFileSync('node', ['main.mjs'], { cwd: dir })).trim(), 'idle 0 401');
});

test('a wrong use of a typed event does not compile', () => {
  const dir = project();
  writeFileSync(join(dir, 'wrong.ts'), `
    import { Starling } from '${join(here, 'types/index.js')}';
    new Starling({ rooms: ['a'] }).on('starling:lost', (lost) => lost.reason);
  `);
  assert.throws(() => execFileSync(bin('tsc'), ['--noEmit', '--strict', '--module', 'nodenext',
    '--target', 'es2022', '--lib', 'es2022,dom', 'wrong.ts'], { cwd: dir, stdio: 'pipe' }),
  (error) => /Property 'reason' does not exist/.test(String(error.stdout)));
});
