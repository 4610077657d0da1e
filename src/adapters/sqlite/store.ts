import type { Store } from '../../ports/store.ts'
import { auditStore } from './audit-store.ts'
import { directoryStore } from './directory-store.ts'
import { type Peers, shardOf, tagOf } from './operations.ts'
import { sessionStore } from './session-store.ts'

/** A store over SQLite databases: the shards hold what belongs to users, the index what spans them. */
export function sqliteStore(peers: Peers): Store {
  const { index } = peers
  const shard = (name: string) => shardOf(peers, name)
  const ofKey = (key: string) => shard(tagOf(key))
  return {
    sessions: sessionStore(peers),
    directory: directoryStore(peers),
    audit: auditStore(peers),
    logins: {
      begin: (transaction) => shard(transaction.key).call('beginLogin', transaction),
      attach: (key, posted, now) => shard(key).call('attachLogin', key, posted, now),
      peek: (key, now) => shard(key).call('peekLogin', key, now),
      take: (key, now) => shard(key).call('takeLogin', key, now),
      claim: (transaction, now) => shard(transaction.key).call('claimLogin', transaction, now),
      follow: (key, follower, most, now) => shard(key).call('followProvider', key, follower, most, now),
      followers: (key, now) => shard(key).call('listFollowers', key, now),
    },
    tokens: {
      create: (owner, token, most, audit) => shard(owner.tag).call('createToken', owner.id, token, most, audit),
      read: (key, now) => ofKey(key).call('readToken', key, now),
      touch: (key, now, uses) => ofKey(key).call('touchToken', key, now, uses),
      list: (owner, now) => shard(owner.tag).call('listTokens', owner.id, now),
      rotate: (owner, id, fresh, overlapUntil, audit) =>
        shard(owner.tag).call('rotateToken', owner.id, id, fresh, overlapUntil, audit),
      revoke: (owner, id, audit) => shard(owner.tag).call('revokeToken', owner.id, id, audit),
    },
    tickets: {
      issue: (ticket) => shard(ticket.hash).call('issueTicket', ticket),
      take: (hash, now) => shard(hash).call('takeTicket', hash, now),
    },
    rates: {
      hit: (bucket, limit, windowSeconds, now) => shard(bucket).call('hitRate', bucket, limit, windowSeconds, now),
    },
    quotas: {
      reserve: (user, tag, name, limit, now, hold) => shard(tag).call('reserveQuota', user, name, limit, now, hold),
      confirm: (tag, id) => shard(tag).call('confirmQuota', id),
      release: (tag, id) => shard(tag).call('releaseQuota', id),
      lower: (user, tag, name) => shard(tag).call('lowerQuota', user, name),
      set: (user, tag, name, used, audit) => shard(tag).call('setQuota', user, name, used, audit),
      used: (user, tag, name, now) => shard(tag).call('usedQuota', user, name, now),
    },
    keys: {
      list: (purpose, now) => index.call('listKeys', purpose, now),
      ensure: (purpose, fresh, now) => index.call('ensureKey', purpose, fresh, now),
      add: (key, ends, audit) => index.call('addKey', key, ends, audit),
      retire: (kid, at, audit) => index.call('retireKey', kid, at, audit),
    },
    policies: {
      active: () => index.call('activePolicy'),
      read: (hash) => index.call('readPolicy', hash),
      push: (version, audit) => index.call('pushPolicy', version, audit),
      activate: (hash, audit) => index.call('activatePolicy', hash, audit),
      history: (limit) => index.call('policyHistory', limit),
    },
  }
}
