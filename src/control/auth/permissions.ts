/** Who may do what: the one table. Whether a token covers the room in question is checked for every entry but the public ones. */
import type { Role } from '../../domain/room.ts';

const HOSTS = ['operator', 'host'] as const;
const SPEAKERS = [...HOSTS, 'presenter', 'participant'] as const;
const EVERYONE = [...SPEAKERS, 'viewer'] as const;

interface Rule {
  roles: readonly Role[];
  /** No token needed when the room's access is `open`. */
  open?: true;
  /** The token may stand in `?token=`, for elements and players that cannot send a header. */
  queryToken?: true;
}

export const PERMISSIONS = {
  createRoom: { roles: HOSTS },
  listRooms: { roles: EVERYONE },
  readRoom: { roles: EVERYONE, open: true },
  deleteRoom: { roles: HOSTS },
  mintToken: { roles: HOSTS },
  readParticipants: { roles: SPEAKERS },
  changeParticipants: { roles: HOSTS },
  changeLayout: { roles: HOSTS },
  changeOverlays: { roles: HOSTS },
  changeImages: { roles: HOSTS },
  readImages: { roles: HOSTS, queryToken: true },
  pushCaptions: { roles: HOSTS },
  publish: { roles: SPEAKERS },
  watch: { roles: EVERYONE, open: true },
  watchHls: { roles: EVERYONE, open: true, queryToken: true },
  reportViewing: { roles: EVERYONE, open: true, queryToken: true },
  readViewing: { roles: HOSTS },
  changeRecordings: { roles: HOSTS },
  readRecordings: { roles: HOSTS },
  downloadRecordings: { roles: HOSTS, queryToken: true },
  changeRestreams: { roles: HOSTS },
  readRestreams: { roles: HOSTS },
  readNodes: { roles: ['operator'] },
} as const satisfies Record<string, Rule>;

export type Permission = keyof typeof PERMISSIONS;

export function ruleOf(permission: Permission): Rule {
  return PERMISSIONS[permission];
}

/** Roles that a bearer of `role` may mint: an operator any, a host those below it. */
export function mintableRoles(role: Role): readonly Role[] {
  if (role === 'operator') return EVERYONE;
  return role === 'host' ? ['presenter', 'participant', 'viewer'] : [];
}
