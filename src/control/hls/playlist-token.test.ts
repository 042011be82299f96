import { expect, it } from 'vitest';
import { withToken } from './playlist-token.ts';

it('hands the token on to every URI and changes nothing else', () => {
  const playlist = [
    '#EXTM3U',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="mix, URI",URI="audio.m3u8"',
    '#EXT-X-PART:DURATION=0.53333,URI="high/7.0.m4s",INDEPENDENT=YES',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="high/7.1.m4s"',
    '#EXT-X-RENDITION-REPORT:URI="../mid.m3u8?x=1",LAST-MSN=7,LAST-PART=0',
    '#EXT-X-MAP:URI="high/init-0.mp4"',
    '#EXTINF:2.13333,',
    'high/6.m4s',
    'mid.m3u8?token=own',
    '',
  ].join('\n');

  expect(withToken(playlist, 'a.b_c').split('\n')).toEqual([
    '#EXTM3U',
    '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="mix, URI",URI="audio.m3u8?token=a.b_c"',
    '#EXT-X-PART:DURATION=0.53333,URI="high/7.0.m4s?token=a.b_c",INDEPENDENT=YES',
    '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="high/7.1.m4s?token=a.b_c"',
    '#EXT-X-RENDITION-REPORT:URI="../mid.m3u8?x=1&token=a.b_c",LAST-MSN=7,LAST-PART=0',
    '#EXT-X-MAP:URI="high/init-0.mp4?token=a.b_c"',
    '#EXTINF:2.13333,',
    'high/6.m4s?token=a.b_c',
    'mid.m3u8?token=own',
    '',
  ]);
});
