import type { Destination } from '../domain/destination.ts';

/** One sentence for the API out of FFmpeg's last lines; nothing secret comes through. */
export function failureSentence(lines: readonly string[], destination: Destination): string {
  const text = lines.join('\n');
  const said = /Server error: ([^\n]{1,160})/.exec(text)?.[1];
  if (said !== undefined) return `The destination refused the stream: ${withoutSecrets(said, destination)}`;
  if (/Connection (setup failure|rejected|does not exist|timed out|timeout)|Input\/output error: srt/i.test(text)) return 'The destination did not accept the connection.';
  if (destination.protocol === 'srt' && /error opening output|could not write header/i.test(text)) return 'The destination did not accept the connection.';
  if (/Stream map .* matches no streams/.test(text)) return 'The programme has no picture or no sound to send.';
  return 'The destination ended the connection.';
}

export function withoutSecrets(text: string, destination: Destination): string {
  const secrets =
    destination.protocol === 'srt'
      ? [destination.streamId, destination.passphrase]
      : [destination.streamName, destination.streamName.split('?')[0], destination.app.split('/')[1]];
  return secrets.filter((s): s is string => s !== undefined && s !== '').reduce((t, secret) => t.split(secret).join('***'), text);
}
