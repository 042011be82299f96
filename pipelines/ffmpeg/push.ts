import type { Destination } from '../../src/domain/destination.ts';
import type { FfmpegCommand } from './command.ts';

/** Where FFmpeg itself connects: our relay on loopback (RTMP), or the address that was checked (SRT). */
export interface PushEndpoint {
  address: string;
  port: number;
}

/**
 * Copies a programme from stdin (fragmented MP4) to a destination. The command line, which every user of the machine can
 * read, holds no secret: app, key, passphrase and stream id are in the file at `presetPath`, see {@link pushPreset}.
 */
export function pushCommand(protocol: Destination['protocol'], endpoint: PushEndpoint, presetPath: string): FfmpegCommand {
  const host = endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address;
  const srt = protocol === 'srt';
  return {
    input: 'pipe:0',
    inputOptions: ['-hide_banner', '-nostdin', '-loglevel', 'warning', '-stats', '-stats_period', '1', '-fflags', '+nobuffer', '-analyzeduration', '500000', '-f', 'mp4'],
    outputOptions: [
      ...['-map', '0:v:0', '-map', '0:a:0', '-c', 'copy', '-fpre', presetPath],
      ...(srt ? ['-bsf:v', 'h264_mp4toannexb', '-muxdelay', '0', '-f', 'mpegts'] : ['-flvflags', 'no_duration_filesize', '-f', 'flv']),
    ],
    output: srt ? `srt://${host}:${endpoint.port}?mode=caller&transtype=live` : `rtmp://${host}:${endpoint.port}/`,
  };
}

/** FFmpeg's preset file: one `option=value` a line; it takes options of protocols too (tried with 5.1). Lines end at 999 characters. */
export function pushPreset(destination: Destination): string {
  const options: [string, string][] = [];
  if (destination.protocol === 'srt') {
    options.push(['latency', String(destination.latencyMs * 1000)], ['connect_timeout', '5000']);
    if (destination.streamId !== undefined) options.push(['srt_streamid', destination.streamId]);
    if (destination.passphrase !== undefined) options.push(['passphrase', destination.passphrase]);
    if (destination.keyLengthBytes !== undefined) options.push(['pbkeylen', String(destination.keyLengthBytes)]);
  } else {
    const { protocol, host, port, app, streamName } = destination;
    const name = host.includes(':') ? `[${host}]` : host;
    const usual = port === (protocol === 'rtmp' ? 1935 : 443);
    // servers choose the virtual host by this URL; the connection itself goes to the relay
    options.push(['rtmp_app', app], ['rtmp_playpath', streamName], ['rtmp_tcurl', `${protocol}://${name}${usual ? '' : `:${port}`}/${app}`]);
  }
  return options.map(([key, value]) => `${key}=${value}\n`).join('');
}
