import { expect, it } from 'vitest';
import { parseDestination } from '../domain/destination.ts';
import { failureSentence } from './failure-sentence.ts';

const rtmp = parseDestination('rtmp://a.example/live/the-key?token=abc');
const srt = parseDestination('srt://a.example:9000?streamid=the-stream&passphrase=the-passphrase');

it.each([
  [['[rtmp @ 0x1] Server error: Already publishing the-key'], rtmp, 'The destination refused the stream: Already publishing ***'],
  [['av_interleaved_write_frame(): Broken pipe'], rtmp, 'The destination ended the connection.'],
  [[], rtmp, 'The destination ended the connection.'],
  [['srt://127.0.0.1:1: Connection setup failure: connection timed out'], srt, 'The destination did not accept the connection.'],
  [["Stream map '0:a:0' matches no streams."], rtmp, 'The programme has no picture or no sound to send.'],
])('%j', (lines, destination, sentence) => {
  expect(failureSentence(lines, destination)).toBe(sentence);
});
