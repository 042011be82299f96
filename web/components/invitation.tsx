import { useId, useState, type FormEvent } from 'react';
import { ALL_ROOMS, claimsOf, forgetToken, keepToken } from '../api/access.ts';

/** Shown where a token is missing or was refused: takes one by hand. */
export function Invitation({ room, refused, onToken }: { room: string; refused?: string; onToken: () => void }) {
  const [value, setValue] = useState('');
  const [wrong, setWrong] = useState<string>();
  const field = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const token = tokenIn(value);
    if (!token || claimsOf(token).room === undefined) {
      setWrong('That is neither an invitation link nor a token.');
      return;
    }
    forgetToken(room);
    keepToken(room, token);
    onToken();
  };
  return (
    <section className="card narrow" data-testid="invitation">
      <h2>{room === ALL_ROOMS ? 'This page needs an operator’s token' : 'This page needs an invitation link'}</h2>
      {refused && <p role="alert">{refused}</p>}
      <p>
        {room === ALL_ROOMS
          ? `Paste a token, made with “./scripts/token --room '*' --role operator”. It is kept in this tab only.`
          : 'Ask the host for one, or paste the link or its token here. It is kept in this tab only.'}
      </p>
      <form onSubmit={submit} className="row">
        <label htmlFor={field} className="grow">
          Link or token
          <input id={field} value={value} onChange={(e) => setValue(e.target.value)} autoComplete="off" spellCheck={false} required aria-describedby={`${field}-wrong`} />
        </label>
        <button type="submit" className="primary">
          Continue
        </button>
      </form>
      <p id={`${field}-wrong`} className="wrong" role="alert">
        {wrong}
      </p>
    </section>
  );
}

function tokenIn(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  try {
    return new URL(trimmed).searchParams.get('token') ?? undefined;
  } catch {
    return trimmed;
  }
}
