/**
 * One table of everything that can go wrong on purpose: stable `code`, HTTP status, and whose fault it is.
 * The fault decides log level and retry: `caller` is logged at info, `destination` at warn, `service` at error.
 */
export type Fault = 'caller' | 'destination' | 'service';

const TABLE = {
  // credentials
  unauthenticated: { status: 401, fault: 'caller', title: 'A valid token is required' },
  tokenExpired: { status: 401, fault: 'caller', title: 'The token has expired' },
  forbidden: { status: 403, fault: 'caller', title: 'The token does not allow this' },
  // requests
  badRequest: { status: 400, fault: 'caller', title: 'The request is not valid' },
  validationFailed: { status: 400, fault: 'caller', title: 'The request body is not valid' },
  notFound: { status: 404, fault: 'caller', title: 'There is nothing here' },
  roomNotFound: { status: 404, fault: 'caller', title: 'No such room' },
  participantNotFound: { status: 404, fault: 'caller', title: 'No such participant' },
  recordingNotFound: { status: 404, fault: 'caller', title: 'No such recording' },
  restreamNotFound: { status: 404, fault: 'caller', title: 'No such restream' },
  imageNotFound: { status: 404, fault: 'caller', title: 'No such picture' },
  sessionNotFound: { status: 404, fault: 'caller', title: 'No such session' },
  methodNotAllowed: { status: 405, fault: 'caller', title: 'This method is not allowed here' },
  roomExists: { status: 409, fault: 'caller', title: 'A room with this id exists' },
  roomEnded: { status: 409, fault: 'caller', title: 'The room has ended' },
  roomFull: { status: 409, fault: 'caller', title: 'The room has no place for another participant' },
  wrongState: { status: 409, fault: 'caller', title: 'Not possible in the present state' },
  noLiveProgramme: { status: 409, fault: 'caller', title: 'The room has no live mix yet' },
  bodyTooLarge: { status: 413, fault: 'caller', title: 'The request body is too large' },
  rangeNotSatisfiable: { status: 416, fault: 'caller', title: 'The requested range lies outside the file' },
  unsupportedMediaType: { status: 415, fault: 'caller', title: 'This content type is not accepted here' },
  unusableImage: { status: 422, fault: 'caller', title: 'The picture cannot be used' },
  // media sessions
  malformedSdp: { status: 400, fault: 'caller', title: 'The SDP cannot be read' },
  unacceptableOffer: { status: 422, fault: 'caller', title: 'The offer cannot be accepted' },
  iceRestartUnsupported: { status: 422, fault: 'caller', title: 'ICE restart is not supported here; POST again' },
  preconditionFailed: { status: 412, fault: 'caller', title: 'The If-Match header names an older ICE session' },
  preconditionRequired: { status: 428, fault: 'caller', title: 'An If-Match header is required' },
  rateLimited: { status: 429, fault: 'caller', title: 'Too many requests' },
  // destinations
  invalidDestination: { status: 400, fault: 'caller', title: 'The destination URL is not acceptable' },
  destinationFailed: { status: 502, fault: 'destination', title: 'The destination failed' },
  storageFailed: { status: 503, fault: 'destination', title: 'The object store failed' },
  // service
  overloaded: { status: 503, fault: 'service', title: 'No capacity at the moment' },
  unavailable: { status: 503, fault: 'service', title: 'A part of the service is not available' },
  timeout: { status: 504, fault: 'service', title: 'A part of the service did not answer in time' },
  staleEpoch: { status: 409, fault: 'service', title: 'A newer epoch owns this programme' },
  internal: { status: 500, fault: 'service', title: 'Something went wrong' },
} as const satisfies Record<string, { status: number; fault: Fault; title: string }>;

export type ErrorCode = keyof typeof TABLE;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(TABLE, value);
}

export interface AppErrorOptions {
  /** A sentence for the caller; must hold no secret. */
  detail?: string;
  cause?: unknown;
  /** Sent as `Retry-After`. */
  retryAfterSeconds?: number;
  /** Field problems of a rejected body: JSON pointer → sentence. */
  problems?: { pointer: string; detail: string }[];
}

/** The only error type that crosses a role's edge; everything else becomes `internal` there. */
export class AppError extends Error {
  readonly status: number;
  readonly fault: Fault;
  readonly title: string;
  readonly detail: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  readonly problems: { pointer: string; detail: string }[] | undefined;

  constructor(
    readonly code: ErrorCode,
    options: AppErrorOptions = {},
  ) {
    super(options.detail ?? TABLE[code].title, { cause: options.cause });
    this.name = 'AppError';
    this.status = TABLE[code].status;
    this.fault = TABLE[code].fault;
    this.title = TABLE[code].title;
    this.detail = options.detail;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.problems = options.problems;
  }
}
