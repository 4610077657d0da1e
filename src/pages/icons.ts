import { type Markup, markup } from './markup.ts'

/** Names of the drawings; each is decoration and hidden from screen readers. */
export type IconName =
  | 'door'
  | 'key'
  | 'lock'
  | 'clock'
  | 'person'
  | 'compass'
  | 'cloud'
  | 'shield'
  | 'link'
  | 'device'
  | 'tick'

const SHAPES: Readonly<Record<IconName, Markup>> = {
  door: markup`<path d="M6 21V10a6 6 0 0 1 12 0v11M3.5 21h17M14.5 14v1.5"/>`,
  key: markup`<circle cx="8" cy="15" r="4"/><path d="m11 12 8.5-8.5M16 7l3 3"/>`,
  lock: markup`<rect x="5" y="11" width="14" height="9.5" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>`,
  clock: markup`<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>`,
  person: markup`<circle cx="12" cy="8.5" r="4"/><path d="M4.5 20.5a7.5 7.5 0 0 1 15 0"/>`,
  compass: markup`<circle cx="12" cy="12" r="8.5"/><path d="m15.5 8.5-2 5-5 2 2-5z"/>`,
  cloud: markup`<path d="M7 18.5a4.5 4.5 0 0 1-.5-9 6 6 0 0 1 11.3 1.6 3.8 3.8 0 0 1-.3 7.4zM12 11v3M12 16.4v.1"/>`,
  shield: markup`<path d="M12 3.5 5 6v5.5c0 4.5 3 7.5 7 9 4-1.5 7-4.5 7-9V6zM12 9v3.5M12 15.4v.1"/>`,
  link: markup`<path d="M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7L12 17"/>`,
  device: markup`<rect x="3" y="5" width="18" height="11.5" rx="2"/><path d="M8.5 20.5h7"/>`,
  tick: markup`<circle cx="12" cy="12" r="8.5"/><path d="m8.5 12.3 2.4 2.4 4.8-5"/>`,
}

/** A drawing in the color of the text around it. */
export function icon(name: IconName): Markup {
  return markup`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">${SHAPES[name]}</svg>`
}
