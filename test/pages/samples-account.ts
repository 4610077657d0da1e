import { type AccountProps, account, type DeviceEntry } from '../../src/pages/account.ts'
import { consent, deviceCode, deviceConfirm, deviceDone } from '../../src/pages/device.ts'
import { brokenInvitation, invitation, invited } from '../../src/pages/invite.ts'
import type { Frame, Page } from '../../src/pages/layout.ts'
import { chooseAccount, identityInUse, lastMethod } from '../../src/pages/linking.ts'
import { cookiesBlocked, handOver, notAdmitted, openInBrowser } from '../../src/pages/obstacles.ts'

const at = '2026-11-24T13:58:00Z'
const later = '2026-12-24T00:00:00Z'
const back = '/auth/sign-in?return_to=%2Fplay%3Froom%3D7'

function device(label: string | null, current: 'yes' | 'no'): DeviceEntry {
  return { label, place: label === null ? null : 'NL', current, beganAt: at, seenAt: at, endUrl: '/auth/account/end/1' }
}

/** An account with as much on it as a busy player has. */
export function busyAccount(text: string): AccountProps {
  const identity = { addedAt: at, unlinkUrl: '/auth/account/unlink/1' }
  const token = { usedAt: at, endsAt: later, revokeUrl: '/auth/account/tokens/1/revoke' }
  return {
    notice: 'saved',
    adminUrl: '/auth/admin',
    signOutUrl: '/auth/sign-out',
    signOutAllUrl: '/auth/sign-out?all=1',
    signOutThere: { provider: text, url: '/auth/sign-out?provider=1' },
    endOthersUrl: '/auth/account/end-others',
    devices: [
      device('Firefox on Linux', 'yes'),
      device(text, 'no'),
      device(null, 'no'),
      ...Array.from({ length: 3 }, () => device('Chrome on Android', 'no')),
    ],
    identities: [
      { ...identity, provider: 'Discord', name: text, primary: 'yes', primaryUrl: null },
      { ...identity, provider: text, name: null, primary: 'no', primaryUrl: '/auth/account/primary/2' },
    ],
    addable: [
      { provider: 'Google', url: '/auth/link/google' },
      { provider: 'GitHub', url: '/auth/link/github' },
    ],
    tokens: {
      list: [
        { ...token, name: text, scopes: ['players.view', text] },
        ...Array.from({ length: 2 }, () => ({ ...token, name: 'bot', scopes: null, usedAt: null, endsAt: null })),
      ],
      fresh: 'pst_abcdefghij_klmnopqrstuvwxyz0123456789',
      createUrl: '/auth/account/tokens',
    },
  }
}

const quietAccount: AccountProps = {
  notice: 'none',
  adminUrl: null,
  signOutUrl: '/auth/sign-out',
  signOutAllUrl: '/auth/sign-out?all=1',
  signOutThere: null,
  endOthersUrl: null,
  devices: [device('Firefox on Linux', 'yes')],
  identities: [{ provider: 'Discord', name: null, addedAt: at, primary: 'yes', unlinkUrl: null, primaryUrl: null }],
  addable: [],
  tokens: { list: [], fresh: null, createUrl: null },
}

/** Account and device pages with `text` wherever somebody else's words can stand. */
export function accountPages(frame: Frame, text: string): Page[] {
  const guest: Frame = { ...frame, viewer: { kind: 'guest' } }
  return [
    account(frame, busyAccount(text)),
    account(guest, { ...quietAccount, tokens: null }),
    account({ ...frame, viewer: { kind: 'signed-in', name: null } }, quietAccount),
    deviceCode(frame, { action: '/auth/device', code: null, problem: 'none' }),
    deviceCode(frame, { action: '/auth/device', code: text, problem: 'unknown' }),
    deviceConfirm(frame, { action: '/auth/device', code: 'WDJB-MJHT', client: text, place: text }),
    consent(frame, { action: '/auth/authorize', request: 'r1', client: text }),
    deviceDone(frame, { decision: 'allowed' }),
    deviceDone(frame, { decision: 'refused' }),
  ]
}

function invitePages(frame: Frame, guest: Frame, nobody: Frame): Page[] {
  const props = { acceptUrl: '/auth/invite', signInUrl: '/auth/sign-in?to=invite' }
  const nameless: Frame = { ...frame, viewer: { kind: 'signed-in', name: null } }
  return [
    ...[frame, nameless, guest, nobody].map((one) => invitation(one, props)),
    invited(frame, { accountUrl: '/auth/account' }),
    brokenInvitation(nobody),
  ]
}

/** Pages about linking and about what gets in the way of signing in. */
export function obstaclePages(frame: Frame, text: string): Page[] {
  const guest: Frame = { ...frame, viewer: { kind: 'guest' } }
  const nobody: Frame = { ...frame, viewer: { kind: 'signed-out' } }
  const choice = {
    provider: text,
    existing: { name: text, action: '/auth/choose?use=existing' },
    stayAction: '/auth/choose?use=guest',
  }
  return [
    chooseAccount(guest, { ...choice, guestKeptUntil: later }),
    chooseAccount(guest, { ...choice, guestKeptUntil: null }),
    identityInUse(frame, { provider: text, accountUrl: '/auth/account', otherAccountUrl: back }),
    lastMethod(frame, { provider: text, accountUrl: '/auth/account' }),
    cookiesBlocked(nobody, {
      causes: ['blocked', 'private', 'framed', 'insecure', 'address', 'clock'],
      retryUrl: back,
    }),
    openInBrowser(nobody, {
      address: `https://lantern.example/auth/sign-in?x=${text}`,
      deviceUrl: '/auth/device',
      anywayUrl: back,
    }),
    notAdmitted(nobody, { reason: 'list', otherAccountUrl: back }),
    notAdmitted(nobody, { reason: 'sign-up', otherAccountUrl: back }),
    ...invitePages(frame, guest, nobody),
    handOver(frame, { provider: text, url: 'https://accounts.example/authorize?client_id=1&state=2' }),
  ]
}
