import { type Answer, redirect } from '../../core/answer.ts'
import { type AdminHomeProps, adminHome, type Origin, type PersonRow } from '../../pages/admin/home.ts'
import type { OwnEndpoint } from '../../ports/front.ts'
import type { Gateway } from '../../ports/gateway.ts'
import { mayAct } from '../operations/authority.ts'
import type { Outcome } from '../operations/call.ts'
import type { View } from '../operations/views.ts'
import { numberOf, partsOf, standingOf, textOf, textsOf } from './read.ts'
import { adminPage, adminUrl, page, personUrl, refusedPage, run, type Visit } from './visit.ts'

/** People on one page, so that it stays small. */
const SHOWN = 15
/** How ids are made here; whoever types one wants that person. */
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function personRow(gateway: Gateway, user: View): PersonRow {
  const id = textOf(user, 'id') ?? ''
  return {
    url: personUrl(gateway, id),
    id,
    name: textOf(user, 'name'),
    guest: user['guest'] === true ? 'yes' : 'no',
    roles: textsOf(user, 'role_names'),
    standing: standingOf(user, gateway.runtime.now()),
  }
}

/** What is looked for: part of a name here, or the whole id of somebody at a provider. */
interface Wish {
  readonly text: string
  /** A provider; empty: none. */
  readonly from: string
}

/** Providers of which a subject alone names one person. */
function originsOf({ providers }: Gateway): readonly Origin[] {
  return [...providers.values()].filter(({ issuer }) => issuer !== null).map(({ id, name }) => ({ id, name }))
}

async function peopleOf(visit: Visit, { text, from }: Wish): Promise<Outcome<AdminHomeProps['people']>> {
  const { gateway, query } = visit
  if (!mayAct(visit.call, 'users')) return { ok: true, value: null }
  const after = query.get('after')
  const named =
    from === '' || text === '' ? { text: text === '' ? null : text, after } : { provider: from, subject: text }
  const found = await run(visit, 'users.list', { ...named, limit: SHOWN })
  if (!found.ok) return found
  const next = textOf(found.value, 'next')
  return {
    ok: true,
    value: {
      action: adminUrl(gateway, ''),
      text,
      origins: originsOf(gateway),
      from,
      list: partsOf(found.value, 'users').map((user) => personRow(gateway, user)),
      firstUrl: after === null ? null : adminUrl(gateway, '', { text, from }),
      nextUrl: next === null ? null : adminUrl(gateway, '', { text, from, after: next }),
    },
  }
}

async function countsOf(visit: Visit): Promise<AdminHomeProps['counts']> {
  const counted = await run(visit, 'sessions.count', {})
  if (!counted.ok) return null
  return { active: numberOf(counted.value, 'active'), total: numberOf(counted.value, 'total') }
}

/** `GET {prefix}/admin`: who one is, what one may do, how many play, and finding a person. */
export const homePage: OwnEndpoint = adminPage('home', async (visit): Promise<Answer> => {
  const { gateway, call, person, areas, query } = visit
  const [text = '', from = ''] = ['text', 'from'].map((name) => (query.get(name) ?? '').trim())
  if (from === '' && ID.test(text) && (await run(visit, 'users.show', { user: text })).ok)
    return redirect(303, personUrl(gateway, text))
  const people = await peopleOf(visit, { text, from })
  if (!people.ok) return refusedPage(visit, people.fault)
  const [only, second] = from === '' || text === '' ? [] : (people.value?.list ?? [])
  if (only !== undefined && second === undefined) return redirect(303, only.url)
  const { roles } = gateway.policy()
  const actions = Object.keys(gateway.config.adminPermissions) as (keyof typeof gateway.config.adminPermissions)[]
  const may = actions.filter((action) => mayAct(call, action)).map((action) => gateway.config.adminPermissions[action])
  const props = {
    areas,
    here: 'people',
    roles: person.user.roles.map((role) => roles.get(role)?.displayName ?? role),
    may: [...new Set(may)],
    counts: await countsOf(visit),
    people: people.value,
  } as const
  return page(visit, (frame) => adminHome(frame, props))
})
