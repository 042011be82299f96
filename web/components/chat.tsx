import { useEffect, useId, useRef, useState, type FormEvent } from 'react';
import { inWords } from '../api/api-error.ts';
import type { Live } from '../api/use-live.ts';

/** The room's chat. `own` is the identity of the person here; without one (an open room's viewer) it is for reading only. */
export function Chat({ live, own }: { live: Live; own?: string }) {
  const [text, setText] = useState('');
  const [error, setError] = useState<string>();
  const [sending, setSending] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const field = useId();

  useEffect(() => {
    const list = end.current;
    if (list) list.scrollTop = list.scrollHeight;
  }, [live.chat]);

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const words = text.trim();
    if (words === '' || sending) return;
    setSending(true);
    live.say(words).then(
      () => {
        setText('');
        setError(undefined);
        setSending(false);
      },
      (reason: unknown) => {
        setError(inWords(reason));
        setSending(false);
      },
    );
  };

  return (
    <section className="chat card" aria-label="Chat" data-testid="chat" data-connected={live.connected}>
      <h2>Chat</h2>
      <div ref={end} className="log" role="log" aria-live="polite" aria-label="Messages" tabIndex={0}>
        <ol>
          {live.chat.length === 0 && <li className="quiet">{live.connected ? 'No messages yet.' : live.ended ? 'The chat is closed.' : (live.refused ?? 'The chat is connecting…')}</li>}
          {live.chat.map((message) => (
            <li key={message.id} className={message.from === own ? 'own' : undefined}>
              <span className="who">
                {message.name} <time dateTime={message.at}>{new Date(message.at).toLocaleTimeString(undefined, { timeStyle: 'short' })}</time>
              </span>
              <span className="words">{message.text}</span>
            </li>
          ))}
        </ol>
      </div>
      <form onSubmit={submit} className="row">
        <label htmlFor={field} className="hidden">
          Message
        </label>
        <input id={field} className="grow" value={text} onChange={(e) => setText(e.target.value)} maxLength={1000} placeholder="Write a message" autoComplete="off" disabled={!live.connected} />
        <button type="submit" disabled={!live.connected || sending || text.trim() === ''}>
          Send
        </button>
      </form>
      <p className="wrong" role="alert">
        {error}
      </p>
    </section>
  );
}
