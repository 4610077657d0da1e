import { type AdminAuditProps, adminAudit } from '../../src/pages/admin/audit.ts'
import { adminConfirm, type Deed } from '../../src/pages/admin/confirm.ts'
import { type AdminHomeProps, adminHome } from '../../src/pages/admin/home.ts'
import type { Area, StandingShown } from '../../src/pages/admin/parts.ts'
import { adminPerson, type PersonProps } from '../../src/pages/admin/person.ts'
import { type AdminPolicyProps, adminPolicy } from '../../src/pages/admin/policy.ts'
import { type AdminSessionsProps, adminSessions } from '../../src/pages/admin/sessions.ts'
import type { Frame, Page } from '../../src/pages/layout.ts'
import { AUDIT_EVENTS } from '../../src/ports/audit.ts'

const at = '2026-11-24T13:58:00Z'
const id = '00000000-0000-4000-8000-000000000001'
const url = `/auth/admin/users/${id}`

/** Every part of the administration. */
const AREAS: readonly Area[] = [
  { name: 'people', url: '/auth/admin' },
  { name: 'sessions', url: '/auth/admin/sessions' },
  { name: 'audit', url: '/auth/admin/audit' },
  { name: 'policy', url: '/auth/admin/policy' },
]

const ORIGINS = ['Apple', 'Discord', 'GitHub', 'Google', 'Slack', 'Twitch', 'X', 'Zoë’s “Club” <House>'].map((name) => {
  return { id: name.toLowerCase().replace(/[^a-z]/g, ''), name }
})
const PAGER = { firstUrl: '/auth/admin', nextUrl: '/auth/admin?after=x' }

function home(text: string): AdminHomeProps {
  const standings: readonly StandingShown[] = [
    { kind: 'active' },
    { kind: 'suspended', until: at, reason: text },
    { kind: 'banned', reason: text },
  ]
  const list = Array.from({ length: 15 }, (_, n) => ({
    url,
    id,
    name: n === 1 ? null : text,
    guest: n === 2 ? ('yes' as const) : ('no' as const),
    roles: ['Padawan', text],
    standing: standings[n % 3] ?? { kind: 'active' },
  }))
  return {
    areas: AREAS,
    here: 'people',
    roles: ['Keeper', text],
    may: ['admin.users', 'players.ban'],
    counts: { active: 12, total: 340 },
    people: { action: '/auth/admin', text, list, origins: ORIGINS, from: 'discord', ...PAGER },
  }
}

/** A person about whom there is as much to say as one page shows. */
function person(text: string): PersonProps {
  const acts = {
    url,
    kick: 'offered',
    standing: 'active',
    give: [{ name: 'referee', display: text }],
    take: [{ name: 'player', display: 'Player' }],
    typed: { reason: text, until: '2031-01-31T12:00' },
  } as const
  const session = { character: text, seenAt: at, end: 'AbCdEfGhIjKlMnOpQrStUv' }
  return {
    areas: AREAS,
    here: 'people',
    notice: { kind: 'done', key: 'admin.done-kick', values: { count: '3' } },
    status: 200,
    id,
    name: text,
    email: `${text}@players.example`,
    guest: 'no',
    roles: ['Player', text],
    unknownRoles: [text],
    level: 1,
    standing: { kind: 'active' },
    createdAt: at,
    seenAt: at,
    identities: [
      { provider: 'Google', name: text, primary: 'yes' },
      { provider: text, name: null, primary: 'no' },
    ],
    openSockets: 3,
    sessions: {
      list: Array.from({ length: 6 }, (_, n) => ({
        ...session,
        sid: `sid-${n}`,
        label: n === 1 ? null : text,
        place: 'NL',
      })),
      total: 10_000,
      firstUrl: url,
      nextUrl: `${url}?from=20`,
    },
    tokens: [{ id: 'one', name: text, endsAt: at, usedAt: null, revokeUrl: url }],
    reach: 'theirs',
    acts,
  }
}

/** The same person, about whom the reader may do nothing. */
function untouchable(text: string): PersonProps {
  const { acts, sessions, ...rest } = person(text)
  return {
    ...rest,
    notice: { kind: 'refused', key: 'admin.not-below' },
    status: 403,
    name: null,
    email: null,
    guest: 'yes',
    level: null,
    standing: { kind: 'banned', reason: text },
    openSockets: null,
    sessions: { list: [], total: 0, firstUrl: null, nextUrl: null },
    tokens: [],
    reach: 'above',
    acts: { ...acts, kick: 'not', standing: 'not', give: [], take: [] },
  }
}

const DEEDS = (text: string): readonly Deed[] => [
  { kind: 'kick' },
  { kind: 'suspend', until: at, reason: text },
  { kind: 'ban', reason: text },
  { kind: 'restore' },
  { kind: 'give', added: [text], removed: ['Player'] },
  { kind: 'take', added: [], removed: [] },
]

function sessions(text: string): AdminSessionsProps {
  const owner = { name: text, url }
  const one = { label: text, place: 'NL', character: text, seenAt: at, end: `AbCdEfGhIjKlMnOpQrStUv/${id}`, owner }
  return {
    areas: AREAS,
    here: 'sessions',
    notice: null,
    status: 200,
    counts: { active: 12, total: 340 },
    url: '/auth/admin/sessions',
    text,
    world: text,
    list: Array.from({ length: 10 }, () => one),
    firstUrl: '/auth/admin/sessions',
    nextUrl: '/auth/admin/sessions?after=x',
  }
}

function audit(text: string): AdminAuditProps {
  const person = { name: id, url }
  const record = { at, event: 'session-revoked', actor: person, subject: person, detail: `reason: ${text}` }
  return {
    areas: AREAS,
    here: 'audit',
    notice: null,
    status: 200,
    url: '/auth/admin/audit',
    typed: { from: '2026-11-01', to: '2026-11-30', event: 'sign-in', subject: text },
    events: AUDIT_EVENTS,
    exportUrl: '/auth/admin/api/audit.export?format=ndjson',
    list: Array.from({ length: 10 }, (_, n) =>
      n === 1 ? { ...record, actor: { name: 'operator', url: null }, subject: null } : record,
    ),
    firstUrl: '/auth/admin/audit',
    nextUrl: '/auth/admin/audit?after=x',
  }
}

function policy(text: string): AdminPolicyProps {
  return {
    areas: AREAS,
    here: 'policy',
    notice: null,
    status: 200,
    hash: `sha256:${'0123456789abcdef'.repeat(4)}`,
    rules: 120,
    pushed: `sha256:${'fedcba9876543210'.repeat(4)}`,
    waits: 'yes',
    problem: text,
    url: '/auth/admin/policy',
    typed: { method: 'POST', path: `/play?room=${text}`, host: 'play.example.com', user: id },
    hosts: ['play.example.com', 'beta.example.com'],
    why: null,
    routes: Array.from({ length: 10 }, (_, n) => ({
      rule: `POST /players/:id/${text}`,
      at: 'policies/players.yaml:120',
      needs: ['session', 'players.edit', text],
      who: n === 1 ? [] : ['moderator', 'keeper'],
      unsure: n === 2 ? ['player'] : [],
    })),
    firstUrl: '/auth/admin/policy',
    nextUrl: '/auth/admin/policy?after=10',
  }
}

const WHY = (text: string) => ({
  rule: `GET /${text}`,
  at: 'policies/game.yaml:7',
  why: `forbid (permission: ${text})`,
  status: 403,
  steps: Array.from({ length: 8 }, (_, n) => ({
    check: text,
    holds: n === 7 ? ('no' as const) : ('yes' as const),
    detail: text,
  })),
  beside: [{ rule: text, why: text }],
})

/** The pages of the administration with `text` wherever somebody else's words can stand. */
export function adminPages(frame: Frame, text: string): Page[] {
  const few: AdminHomeProps = { ...home(text), areas: AREAS.slice(2), counts: null, people: null }
  const nobody: AdminHomeProps = {
    ...home(text),
    people: { action: '/auth/admin', text: '', list: [], origins: [], from: '', firstUrl: null, nextUrl: null },
  }
  const confirm = { name: text, id, sessions: 2, url, cancelUrl: url, fields: { reason: text, seal: '1.a' } }
  return [
    adminHome(frame, home(text)),
    adminHome(frame, few),
    adminHome({ ...frame, viewer: { kind: 'signed-in', name: null } }, nobody),
    adminPerson(frame, person(text)),
    adminPerson(frame, untouchable(text)),
    adminPerson(frame, { ...untouchable(text), reach: 'own' }),
    adminPerson(frame, {
      ...untouchable(text),
      reach: 'theirs',
      acts: { ...person(text).acts, standing: 'stopped' },
    }),
    adminSessions(frame, sessions(text)),
    adminSessions(frame, {
      ...sessions(''),
      list: [],
      status: 403,
      notice: { kind: 'refused', key: 'admin.not-below' },
      nextUrl: null,
    }),
    adminAudit(frame, audit(text)),
    adminAudit(frame, { ...audit(text), list: [], status: 400, notice: { kind: 'refused', key: 'admin.no-filter' } }),
    adminPolicy(frame, policy(text)),
    adminPolicy(frame, { ...policy(text), routes: [], why: WHY(text) }),
    adminPolicy(frame, { ...policy(text), routes: [], why: { ...WHY(text), rule: null, at: null, status: null } }),
    ...DEEDS(text).map((deed) => adminConfirm(frame, { ...confirm, deed, notice: null, status: 200 })),
    adminConfirm(frame, {
      ...confirm,
      name: null,
      deed: { kind: 'kick' },
      notice: { kind: 'refused', key: 'admin.changed' },
      status: 409,
    }),
  ]
}
