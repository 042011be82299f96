import express from 'express';
import { expect, it } from 'vitest';
import { TRUSTED_PROXY, callerAddress } from './caller-address.ts';

it.each([
  ['198.51.100.9', undefined],
  ['198.51.100.9', '203.0.113.7'],
  ['127.0.0.1', undefined],
  ['127.0.0.1', '203.0.113.7'],
  ['::ffff:127.0.0.1', '192.0.2.1, 203.0.113.7'],
  ['::1', '203.0.113.7,127.0.0.3 , ::1'],
  ['127.0.0.1', '127.0.0.8, 127.0.0.9'],
  ['127.0.0.1', '2001:db8::7'],
])('says what express does: from %s for %s', (remoteAddress, forwardedFor) => {
  const app = express().set('trust proxy', TRUSTED_PROXY);
  const req = Object.create(app.request, { socket: { value: { remoteAddress } }, connection: { value: { remoteAddress } }, headers: { value: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor } }, app: { value: app } }) as express.Request;

  expect(callerAddress(remoteAddress, forwardedFor)).toBe(req.ip);
});
