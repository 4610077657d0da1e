import type { Seconds } from '../../core/brand.ts'
import type { UserRef } from '../../core/person.ts'
import type { Post } from './index-change.ts'
import { type Peers, shardOf } from './operations.ts'

/**
 * Tells the index of a change that a shard has made, then strikes it off the shard's outbox. When the index gave the
 * identity to somebody else meanwhile, the shard undoes it. Whatever is interrupted here is done by the next sweep.
 */
export async function settlePost(
  peers: Peers,
  user: Pick<UserRef, 'tag'>,
  post: Post,
  now: Seconds,
): Promise<'settled' | 'lost'> {
  const shard = shardOf(peers, user.tag)
  const outcome = await peers.index.call('settle', post.change, post.id)
  const { confirm } = post.change
  if (outcome === 'lost' && confirm !== null) {
    await shard.call('loseIdentity', confirm.user.id, confirm.issuer, confirm.subject, now)
  }
  await shard.call('clearPosts', [post.id])
  return outcome
}
