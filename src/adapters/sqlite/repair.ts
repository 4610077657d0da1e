import { type Seconds, seconds } from '../../core/brand.ts'
import { everyPeer } from './audit-store.ts'
import { CLAIM_SECONDS } from './identity-flows.ts'
import { NO_CHANGE, personEntry } from './index-change.ts'
import { type Peer, type Peers, shardOf } from './operations.ts'

const BATCH = 100
/** An order to all shards is carried out by its own caller first. */
const ORDER_SECONDS = 10

/**
 * Removes what is over, finishes or undoes what a crash left half done, and seals the heads of the audit chains.
 *
 * @returns how many sessions were over
 */
export async function repair(peers: Peers, now: Seconds): Promise<number> {
  const swept = await Promise.all(peers.shards.map((one) => one.call('sweepShard', now)))
  for (const shard of peers.shards) await deliverPosts(shard, peers.index, now)
  await finishIndex(peers, now)
  await seal(peers, now)
  return swept.reduce((sum, one) => sum + one, 0)
}

/** Finishes or undoes what somebody began at the index and never came back for. */
export async function finishIndex(peers: Peers, now: Seconds): Promise<void> {
  await finishOrders(peers, now)
  await finishClaims(peers, seconds(now - CLAIM_SECONDS))
  await finishDemotions(peers, seconds(now - CLAIM_SECONDS))
}

/** Brings the index what it did not learn of yet. */
export async function deliverPosts(shard: Peer, index: Peer, now: Seconds): Promise<void> {
  for (;;) {
    const posts = await shard.call('openPosts', BATCH)
    for (const { id, change } of posts) {
      const { confirm } = change
      if ((await index.call('settle', change, id)) === 'lost' && confirm !== null) {
        await shard.call('loseIdentity', confirm.user.id, confirm.issuer, confirm.subject, now)
      }
    }
    await shard.call(
      'clearPosts',
      posts.map(({ id }) => id),
    )
    if (posts.length < BATCH) return
  }
}

async function finishClaims(peers: Peers, before: Seconds): Promise<void> {
  for (const claim of await peers.index.call('openClaims', before)) {
    const owner = shardOf(peers, claim.user.tag)
    const isTheirs = await owner.call('ownsIdentity', claim.user.id, claim.issuer, claim.subject)
    if (isTheirs) await peers.index.call('settle', { ...NO_CHANGE, confirm: claim }, 0)
    else await peers.index.call('releaseIdentity', claim, 0)
  }
}

async function finishDemotions(peers: Peers, before: Seconds): Promise<void> {
  for (const { id, user } of await peers.index.call('openDemotions', before)) {
    const found = await shardOf(peers, user.tag).call('readUser', user.id)
    const truth = found === null ? { forget: user.id } : { person: personEntry(found) }
    await peers.index.call('settle', { ...NO_CHANGE, ...truth, demotion: id }, 0)
  }
}

async function finishOrders({ shards, index }: Peers, now: Seconds): Promise<void> {
  for (const { generation, shard, at } of await index.call('openRevocations')) {
    const peer = shards[shard]
    if (peer === undefined || at > now - ORDER_SECONDS) continue
    await peer.call('revokeShard', generation, at, at)
    await index.call('finishRevocation', generation, [shard])
  }
}

async function seal(peers: Peers, now: Seconds): Promise<void> {
  const states = await Promise.all(everyPeer(peers).map((one) => one.call('chainState')))
  await peers.index.call(
    'sealHeads',
    states.map(({ chain, head }) => ({ chain, ...head })),
    now,
  )
  for (const { chain, checkpoint } of states) await peers.index.call('dropSeals', chain, checkpoint.sequence)
}
