import type { Person } from './people.ts'

/** A provider's approval page: who may be picked, and what goes back with the choice. */
export interface Consent {
  readonly service: string
  readonly action: string
  readonly people: readonly Person[]
  readonly fields: Readonly<Record<string, string>>
}

const STYLE = `
:root{color-scheme:light dark;--line:#8885}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;font:16px/1.5 system-ui,sans-serif}
main{width:min(26rem,100%)}
h1{font-size:1.25rem;margin:0 0 .25rem}
p{margin:0 0 1rem;opacity:.75}
form{margin:0 0 .5rem}
button{width:100%;padding:.75rem 1rem;border:1px solid var(--line);border-radius:.6rem;background:none;color:inherit;font:inherit;text-align:left;cursor:pointer}
button:hover,button:focus-visible{border-color:currentColor}
small{display:block;opacity:.7}
.cancel button{border-style:dashed;text-align:center}
`

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeHtml(title)}</title>
<style>${STYLE}</style></head><body><main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`
}

/** The page on which a person is picked, or everything is called off. */
export function consentPage(consent: Consent): string {
  const hidden = Object.entries(consent.fields)
    .map(([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`)
    .join('')
  const button = (choice: string, label: string, extra: string): string =>
    `<form method="post" action="${consent.action}" class="${extra}">${hidden}
<input type="hidden" name="choice" value="${escapeHtml(choice)}"><button type="submit">${label}</button></form>`
  const people = consent.people
    .map((one) =>
      button(
        one.subject,
        `<b>${escapeHtml(one.label)}</b><small>${escapeHtml(`${one.name} · ${one.email}`)}</small>`,
        '',
      ),
    )
    .join('')
  return page(
    `Sign in with ${consent.service}`,
    `<p>Postern demo wants to know who you are. Pick an account.</p>${people}${button('', 'Cancel', 'cancel')}`,
  )
}

/** The page for a request that must not be answered by a redirect (RFC 6749 section 4.1.2.1). */
export function refusalPage(service: string, message: string): string {
  return page(`${service}: something is wrong`, `<p>${escapeHtml(message)}</p>`)
}
