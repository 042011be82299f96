import type { Problem } from './types.ts';

/** A refused or failed request, with the server's own words where it sent some. */
export class ApiError extends Error {
  constructor(
    /** 0 when the service could not be reached. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** From `Retry-After`. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

const WORDS: Readonly<Record<number, string>> = {
  401: 'This needs a valid invitation link.',
  403: 'Your invitation does not allow this.',
  404: 'There is nothing here.',
  413: 'That was too large.',
  429: 'Too many requests. Wait a moment and try again.',
  500: 'Something went wrong in the service.',
  502: 'The destination failed.',
  503: 'The service has no capacity at the moment.',
  504: 'The service did not answer in time.',
};

/** Reads the problem document of a response that is not 2xx; never throws. */
export async function errorOf(response: Response): Promise<ApiError> {
  let problem: Problem = {};
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null) problem = body;
  } catch {
    // no body, or not JSON: the status alone has to do
  }
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  const message = problem.detail ?? problem.title ?? WORDS[response.status] ?? `The service answered ${response.status}.`;
  return new ApiError(response.status, problem.code ?? `http${response.status}`, sentence(message), Number.isFinite(seconds) ? seconds * 1000 : undefined);
}

export function unreachable(cause: unknown): ApiError {
  const error = new ApiError(0, 'unreachable', 'The service cannot be reached. Check the connection.');
  error.cause = cause;
  return error;
}

/** One sentence for the page, whatever was thrown. */
export function inWords(error: unknown): string {
  if (error instanceof Error) return sentence(error.message);
  return 'Something went wrong.';
}

function sentence(text: string): string {
  const trimmed = text.trim();
  const upper = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?…]$/.test(upper) ? upper : `${upper}.`;
}
