// The event stream vectors of the web platform tests (eventsource/), rows as in our notes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseParser } from './subject.mjs';

function parse(input, slice = Infinity) {
  const out = { events: [], comments: [], retries: [] };
  const parser = new SseParser({
    onEvent: (event) => out.events.push(event),
    onComment: (text) => out.comments.push(text),
    onRetry: (ms) => out.retries.push(ms),
  });
  const bytes = new TextEncoder().encode(input);
  const step = Math.min(slice, bytes.length);
  for (let at = 0; at < bytes.length; at += step) parser.push(bytes.subarray(at, at + step));
  return { ...out, data: out.events.map((event) => event.data), lastEventId: parser.lastEventId };
}

const BOM = '\uFEFF';
const X = 'x'.repeat(2048);
const rows = [
  [1, 'one byte order mark is stripped, at the start only',
    `${BOM}data:1\n\n${BOM}data:2\n\ndata:3\n\n\n`, ['1', '3']],
  [2, 'a second byte order mark spoils the first field',
    `${BOM}${BOM}data:1\n\ndata:2\n\ndata:3\n\n\n`, ['2', '3']],
  [3, 'long comments and all line endings in one event',
    `data:1\r:\0\n:\r\ndata:2\n:${X}\rdata:3\n:data:fail\r:${X}\ndata:4\n\n`, ['1\n2\n3\n4']],
  [4, 'an event that the end of the stream cuts off is dropped',
    'retry:1000\ndata:test1\n\nid:test\ndata:test2\n', ['test1']],
  [5, 'empty data still makes an event', 'data:\n\ndata\ndata\n\ndata:test\n\n\n', ['', '\n', 'test']],
  [6, 'field names match exactly',
    'data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n'
    + ' data:32\ndata:4\n\n', ['\0\n 2\n1\n3\n\n4']],
  [7, 'one leading space is stripped, a tab is not',
    'data:\ttest\rdata: \ndata:test\n\n\n', ['\ttest\n\ntest']],
  [8, 'CR, LF and CRLF end lines', 'data:test\r\ndata\ndata:test\r\n\r\n', ['test\n\ntest']],
  [9, 'unknown fields are ignored',
    'data:test\n data\ndata\nfoobar:xxx\njustsometext\n:comment\ndata:test\n\n\n', ['test\n\ntest']],
];

for (const [row, sentence, input, expected] of rows) {
  test(`row ${row}: ${sentence}`, () => {
    assert.deepEqual(parse(input).data, expected);
    for (const slice of [1, 2, 3, 7]) assert.deepEqual(parse(input, slice).data, expected);
  });
}

test('row 4: the id of the cut-off event is not taken', () => {
  const parsed = parse(rows[3][2]);
  assert.equal(parsed.lastEventId, '');
  assert.deepEqual(parsed.retries, [1000]);
});

test('row 10: an empty event name means message', () => {
  assert.equal(parse('event: \ndata:data\n\n').events[0].type, 'message');
});

test('row 11: an id lasts until the next one, and an empty one resets it', () => {
  const parsed = parse('id:1\ndata:a\n\ndata:b\n\nid:2\ndata:c\n\ndata:d\n\nid:\ndata:e\n\n'
    + 'id:3\ndata:f\n\nid\ndata:g\n\n');
  assert.deepEqual(parsed.events.map((event) => event.lastEventId), ['1', '1', '2', '2', '', '3', '']);
});

test('row 12: an id with NUL is ignored', () => {
  for (const id of ['\0\0', 'x\0', '\0x', 'x\0x', ' \0'])
    assert.equal(parse(`id:${id}\ndata:a\n\n`).events[0].lastEventId, '');
});

test('row 13: an id beyond ASCII survives any slicing', () => {
  for (const slice of [1, 2, Infinity]) assert.equal(parse('id:…\ndata:a\n\n', slice).lastEventId, '…');
});

test('row 14: retry takes digits only and never swallows the event', () => {
  assert.deepEqual(parse('retry:03000\ndata:x\n\n').retries, [3000]);
  assert.deepEqual(parse('retry:3000\nretry:1000x\ndata:x\n\n').retries, [3000]);
  const bare = parse('retry\ndata:x\n\n');
  assert.deepEqual([bare.retries, bare.data], [[], ['x']]);
});

test('an id in a block without data counts for the reconnect', () => {
  assert.equal(parse('id:7\n\n').lastEventId, '7');
});

test('comments are told, without their colon', () => {
  assert.deepEqual(parse(': heartbeat\n\n').comments, [' heartbeat']);
});

test('an event without end is refused instead of filling the memory', () => {
  const parser = new SseParser();
  const megabyte = new TextEncoder().encode('x'.repeat(1024 * 1024));
  assert.throws(() => { for (let i = 0; i < 17; i++) parser.push(megabyte); }, RangeError);
});
