// Makes the one file of the modules: dist/starling.js, or where the argument says.
import { build } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { minify } from 'terser';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/// Names of properties that only the modules use among themselves: they are shortened. What a page, the
/// browser, the protocol or another tab knows by name must not be here.
const INTERNAL = [
  'addresses', 'again', 'allRooms', 'announce', 'answered', 'api', 'apply', 'base', 'command', 'current', 'cut',
  'expectOpen', 'first', 'frame', 'lead', 'leading', 'listeners', 'listenTo', 'look', 'names', 'newRound',
  'nextAnswer', 'nextNode', 'onOpened', 'onQuiet', 'openedAt', 'options', 'refresh', 'relay', 'renew', 'renewable',
  'resign', 'restarting', 'restore', 'rollBack', 'roomsChanged', 'settle', 'snapshot', 'startOver', 'stopped',
  'store', 'tell', 'touch', 'via', 'wake',
];

const { outputFiles: [bundle] } = await build({
  absWorkingDir: here('.'), entryPoints: ['src/index.js'], bundle: true, minify: true, format: 'esm', target: 'es2022',
  legalComments: 'none', mangleProps: new RegExp(`^(?:${INTERNAL.join('|')})$`), write: false,
});
const { code } = await minify(bundle.text, { module: true, ecma: 2022, compress: { passes: 3, sequences: false } });
writeFileSync(process.argv[2] ?? here('dist/starling.js'), code);
