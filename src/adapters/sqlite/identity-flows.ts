import type { Seconds } from '../../core/brand.ts'
import type { UserRef } from '../../core/person.ts'
import type { AuditNote } from '../../ports/audit.ts'
import {
  type DirectoryStore,
  type Linked,
  type ProvenIdentity,
  type SignedIn,
  StoreUnavailable,
} from '../../ports/store.ts'
import type { Attached } from './identity-operations.ts'
import type { Claimed } from './index-operations.ts'
import { type Peers, shardOf } from './operations.ts'
import { settlePost } from './settle.ts'

/** How long somebody who claimed an identity is given to finish; later the claim is nobody's. */
export const CLAIM_SECONDS = 30

const TRIES = 8

type Flows = Pick<DirectoryStore, 'signIn' | 'promote' | 'find' | 'link' | 'unlink' | 'setPrimary'>

/** What touches both the index of identities and a user's shard: claim, write, confirm. */
export function identityFlows(peers: Peers): Flows {
  const { index } = peers
  const shard = (user: UserRef) => shardOf(peers, user.tag)
  const attach = attacher(peers)
  return {
    async signIn(identity, fresh, now, audit) {
      for (let tries = 0; tries < TRIES; tries++) {
        const claimed =
          fresh === null
            ? await index.call('lookUpIdentity', identity.issuer, identity.subject)
            : await index.call('claimIdentity', claimOf(identity, fresh), 'sign-up', now)
        if (claimed === null) return { kind: 'closed' }
        const signedIn =
          claimed.state === 'sign-up' && fresh !== null
            ? await finishSignUp(peers, identity, { ...fresh, ...claimed.user }, now, audit)
            : await comeBack(peers, identity, claimed, now)
        if (signedIn !== 'gone') return signedIn
        if (claimed.state === 'sign-up' && fresh === null) return { kind: 'closed' }
        // WHY: somebody is linking this identity right now and is not done; a moment later one of us is first.
        if (claimed.state === 'link' && claimed.claimedAt > now - CLAIM_SECONDS) continue
        await index.call('releaseIdentity', claimOf(identity, claimed.user), claimed.stamp)
      }
      throw new StoreUnavailable('signIn', 'the identity is being linked elsewhere')
    },
    async find(issuer, subject) {
      const claimed = await index.call('lookUpIdentity', issuer, subject)
      if (claimed === null) return null
      return (await shard(claimed.user).call('ownsIdentity', claimed.user.id, issuer, subject)) ? claimed.user : null
    },
    link: (user, identity, primary, now, audit) =>
      attach(user, identity, now, () => shard(user).call('linkIdentity', user.id, identity, primary, now, audit)),
    promote: (guest, identity, role, now, audit) =>
      attach(guest, identity, now, () => shard(guest).call('promoteGuest', guest.id, identity, role, now, audit)),
    async unlink(user, issuer, subject, audit) {
      const unlinked = await shard(user).call('unlinkIdentity', user.id, issuer, subject, audit)
      if (unlinked.kind === 'unlinked') await settlePost(peers, user, unlinked.post, audit.at)
      return unlinked.kind
    },
    async setPrimary(user, issuer, subject, audit) {
      const primed = await shard(user).call('primeIdentity', user.id, issuer, subject, audit)
      if (primed.kind === 'unknown') return false
      if (primed.post !== null) await settlePost(peers, user, primed.post, audit.at)
      return true
    },
  }
}

function claimOf({ issuer, subject }: ProvenIdentity, { id, tag }: UserRef) {
  return { issuer, subject, user: { id, tag } }
}

/** Makes the user that a sign-up claimed the identity for; whoever meets the claim finishes it, one of them made it. */
async function finishSignUp(
  peers: Peers,
  identity: ProvenIdentity,
  user: Parameters<DirectoryStore['createGuest']>[0],
  now: Seconds,
  audit: AuditNote,
): Promise<SignedIn | 'gone'> {
  const made = await shardOf(peers, user.tag).call('makeUser', user, identity, now, audit)
  if (made.kind === 'gone') return 'gone'
  if (made.kind === 'exists') {
    const claimed = { state: 'sign-up', user, claimedAt: now, stamp: 0, fresh: 'known' } as const
    return comeBack(peers, identity, claimed, now)
  }
  const outcome = await settlePost(peers, user, made.post, now)
  return outcome === 'lost' ? 'gone' : { kind: 'created', user: made.user }
}

async function comeBack(
  peers: Peers,
  identity: ProvenIdentity,
  claimed: Claimed,
  now: Seconds,
): Promise<SignedIn | 'gone'> {
  const { user, state } = claimed
  const certainty = state === 'confirmed' ? 'confirmed' : 'unsure'
  const returned = await shardOf(peers, user.tag).call('returnUser', user.id, identity, certainty, now)
  if (returned.kind === 'gone') return 'gone'
  if (returned.post !== null && (await settlePost(peers, user, returned.post, now)) === 'lost') return 'gone'
  return { kind: 'known', user: returned.user }
}

/** Gives an identity to an existing user: claimed first, written by `write`, then confirmed. */
function attacher(peers: Peers) {
  const { index } = peers
  return async (
    user: UserRef,
    identity: ProvenIdentity,
    now: Seconds,
    write: () => Promise<Attached>,
  ): Promise<Linked> => {
    for (let tries = 0; tries < TRIES; tries++) {
      const claim = claimOf(identity, user)
      const claimed = await index.call('claimIdentity', claim, 'link', now)
      if (claimed.user.id !== user.id) {
        const owner = shardOf(peers, claimed.user.tag)
        const isTheirs = await owner.call('ownsIdentity', claimed.user.id, identity.issuer, identity.subject)
        if (isTheirs || (claimed.state !== 'confirmed' && claimed.claimedAt > now - CLAIM_SECONDS)) return 'taken'
        await index.call('releaseIdentity', claimOf(identity, claimed.user), claimed.stamp)
        continue
      }
      const written = await write()
      if (written.kind === 'no-user') {
        if (claimed.fresh === 'fresh') await index.call('releaseIdentity', claim, claimed.stamp)
        return 'no-user'
      }
      const outcome = await settlePost(peers, user, written.post, now)
      return outcome === 'lost' ? 'taken' : written.kind
    }
    throw new StoreUnavailable('link', 'the identity changes hands too often')
  }
}
