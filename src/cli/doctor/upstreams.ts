import { isThisMachine } from '../../core/address.ts'
import type { Config, Upstream } from '../../ports/config.ts'
import { type DoctorNote, note } from './notes.ts'
import type { OtherClock, Reach } from './reach.ts'
import { sendsSurplus } from './surplus.ts'

/** Largest difference of clocks that short-lived assertions and ID tokens survive. */
const TOLERABLE_SECONDS = 60

function here(url: string): string {
  return isThisMachine(new URL(url).hostname)
    ? '; in a container, localhost is the container itself: use the name of the other one'
    : ''
}

/** Why an address cannot be reached, and what to do. */
export function unreachable(url: string, code: string, what: string): string {
  const { protocol, host } = new URL(url)
  const isTls = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)
  if (isTls) {
    const remedy = 'name its authority in NODE_EXTRA_CA_CERTS, or give it a certificate that machines trust'
    return `${url} has a certificate that is not trusted here (${code}): ${remedy}`
  }
  if (code === 'ECONNREFUSED')
    return `nothing listens at ${url} (${code}): start ${what}, or correct its address${here(url)}`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `the name of ${url} is not known to this machine (${code}): correct it, or its DNS`
  if (code === 'TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
    return `${url} does not answer within 4 s (${code}): a firewall, or ${what} hangs`
  if (protocol === 'https:' && /^(EPROTO|ERR_SSL)/.test(code))
    return `${url} does not speak TLS (${code}): write http://${host} if it is on this machine`
  return `${url} cannot be reached (${code}): look whether ${what} runs and whether the address is right${here(url)}`
}

const SURPLUS =
  'answers HEAD with a body, which is against HTTP: Node and Deno close such connections; workerd of your own gives what is left in them to whoever asks next: mend the service, or put nginx between'

async function examineOne(upstream: Upstream, reach: Reach): Promise<DoctorNote> {
  const area = `upstream ${upstream.name}`
  const reached = await reach.ask(upstream.url, { method: 'HEAD' })
  switch (reached.kind) {
    case 'answered':
      return (await sendsSurplus(upstream.url))
        ? note(area, 'warning', `${upstream.url} ${SURPLUS}`)
        : note(area, 'ok', `${upstream.url} answers`)
    case 'not-asked':
      return note(area, 'skipped', `${upstream.url} was not asked: add --online`)
    case 'failed':
      return note(area, 'error', unreachable(upstream.url, reached.code, 'the service'))
  }
}

/** Whether every upstream answers. */
export async function examineUpstreams(config: Config, reach: Reach): Promise<readonly DoctorNote[]> {
  return Promise.all(config.upstreams.map((upstream) => examineOne(upstream, reach)))
}

/** Whether this machine's clock agrees with those of the machines that answered. */
export function examineClock(clocks: readonly OtherClock[]): readonly DoctorNote[] {
  const [worst] = [...clocks].sort((a, b) => Math.abs(b.ahead) - Math.abs(a.ahead))
  if (worst === undefined) return []
  const seconds = Math.abs(worst.ahead)
  if (seconds <= TOLERABLE_SECONDS)
    return [note('clock', 'ok', `agrees with ${worst.host} within ${TOLERABLE_SECONDS} s`)]
  const told = `this machine is ${seconds} s ${worst.ahead > 0 ? 'ahead of' : 'behind'} ${worst.host}`
  const remedy = 'sign-ins and assertions are then refused as expired or not yet valid; synchronize the clocks (NTP)'
  return [note('clock', 'error', `${told}: ${remedy}`)]
}
