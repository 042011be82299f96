/** A STUN server that tells callers the address they came from (RFC 8489 §14.2): enough for gathering to end at once. */
import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';

export interface StunServer {
  url: string;
  close(): void;
}

export async function startStun(): Promise<StunServer> {
  const socket = createSocket('udp4');
  socket.on('message', (request, from) => {
    if (request.length < 20 || request.readUInt16BE(0) !== 0x0001) return;
    const answer = Buffer.alloc(32);
    answer.writeUInt16BE(0x0101, 0);
    answer.writeUInt16BE(12, 2);
    request.copy(answer, 4, 4, 20); // magic cookie and transaction
    answer.writeUInt16BE(0x0020, 20); // XOR-MAPPED-ADDRESS
    answer.writeUInt16BE(8, 22);
    answer.writeUInt8(1, 25);
    answer.writeUInt16BE(from.port ^ 0x2112, 26);
    for (const [i, byte] of from.address.split('.').entries()) answer.writeUInt8(Number(byte) ^ (request[4 + i] as number), 28 + i);
    socket.send(answer, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '0.0.0.0', resolve));
  return { url: `stun:127.0.0.1:${(socket.address() as AddressInfo).port}`, close: () => socket.close() };
}
