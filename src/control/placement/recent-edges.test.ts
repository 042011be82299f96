import { expect, it } from 'vitest';
import type { NodeId } from '../../domain/ids.ts';
import { RecentEdges } from './recent-edges.ts';

const A = 'a' as NodeId;
const B = 'b' as NodeId;

it('counts viewers for two seconds, those that were taken', () => {
  const recent = new RecentEdges();
  recent.placed(A, 0);
  recent.placed(A, 500);
  recent.placed(B, 900);
  recent.failed(B, 1000);

  expect(recent.now(1500).placed).toEqual(new Map([[A, 2]]));
  expect(recent.now(2100).placed).toEqual(new Map([[A, 1]]));
  expect(recent.now(9000).placed).toEqual(new Map());
});

it('remembers for five seconds who failed', () => {
  const recent = new RecentEdges();
  recent.failed(A, 0);

  expect(recent.now(4900).failed).toEqual(new Set([A]));
  expect(recent.now(5000).failed).toEqual(new Set());
});
