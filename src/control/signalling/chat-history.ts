import type { RoomId } from '../../domain/ids.ts';
import { keys } from '../../state/keys.ts';
import type { Redis } from '../../state/redis.ts';
import type { ChatMessage } from './events.ts';

export const CHAT_HISTORY = 200;

/** The last messages of a room, shared by all control processes; goes with the room. */
export class ChatHistory {
  constructor(private readonly redis: Redis) {}

  async add(room: RoomId, message: ChatMessage): Promise<void> {
    await this.redis.multi().rpush(keys.chat(room), JSON.stringify(message)).ltrim(keys.chat(room), -CHAT_HISTORY, -1).exec();
  }

  /** Oldest first. */
  async list(room: RoomId): Promise<ChatMessage[]> {
    const texts = await this.redis.lrange(keys.chat(room), 0, -1);
    return texts.map((text) => JSON.parse(text) as ChatMessage);
  }
}
