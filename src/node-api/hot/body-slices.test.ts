import { expect, it } from 'vitest';
import { BodySlices } from './body-slices.ts';

it.each([1, 2, 3, 5, 6, 100])('gives every byte once, in order, at most %i at a time', (bytes) => {
  const buffers = ['abc', '', 'd', 'efghij', ''].map((text) => Buffer.from(text));
  const slices = new BodySlices(buffers);
  const got: string[] = [];
  while (!slices.isEmpty) got.push(Buffer.concat(slices.next(bytes)).toString());

  expect(got.join('')).toBe('abcdefghij');
  expect(got.every((piece) => piece.length <= bytes)).toBe(true);
  expect(got.filter((piece) => piece.length === bytes).length).toBe(Math.floor(10 / bytes));
  expect(slices.next(bytes)).toEqual([]);
});
