import { expect, it } from 'vitest';
import { parseRoute } from './routing.tsx';

it('knows the pages and takes only ids that can be rooms', () => {
  expect(parseRoute('/')).toEqual({ page: 'rooms' });
  expect(parseRoute('/join/demo_1-A/')).toEqual({ page: 'join', room: 'demo_1-A' });
  expect(parseRoute('/watch/demo')).toEqual({ page: 'watch', room: 'demo' });
  expect(parseRoute('/embed/demo')).toEqual({ page: 'embed', room: 'demo' });
  expect(parseRoute('/recordings')).toEqual({ page: 'recordings' });
  for (const path of ['/join/', '/join/a%20b', '/join/a/b', '/watch/../etc', `/studio/${'x'.repeat(65)}`, '/admin']) expect(parseRoute(path)).toEqual({ page: 'unknown' });
});
