import { type Markup, markup, NOTHING, type Piece, safeLink } from './markup.ts'

/** A small form of one button. `name` is what assistive technology reads: the label plus what it is about. */
export function press(
  url: string | null,
  label: Markup,
  name: string,
  fields: Readonly<Record<string, string>> = {},
): Markup {
  const action = safeLink(url ?? '')
  if (action === null) return NOTHING
  return markup`<form method="post" action="${action}">${hiddenFields(fields)}<button class="button slim" aria-label="${name}">${label}</button></form>`
}

/** Fields of a form that nobody sees. */
export function hiddenFields(fields: Readonly<Record<string, string>>): readonly Markup[] {
  return Object.entries(fields).map(([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`)
}

/** Small facts in one line; what is not known is left out. */
export function facts(pieces: readonly (Markup | null)[]): Markup {
  const known = pieces.filter((piece) => piece !== null)
  const joined: Piece[] = known.flatMap((piece, at) => (at === 0 ? [piece] : [' · ', piece]))
  return markup`<small>${joined}</small>`
}

/** A card of its own, named by its heading. */
export function card(id: string, heading: Markup, body: Piece): Markup {
  return markup`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${heading}</h2>${body}</section>`
}
