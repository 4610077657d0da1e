/** The languages every page is written in; the first one is the fallback. */
export const LANGUAGES = ['en', 'de', 'es', 'fr', 'pt-BR', 'ja', 'ko', 'zh-CN', 'ru', 'ar'] as const

/** A BCP 47 tag of a language the pages are written in. */
export type Language = (typeof LANGUAGES)[number]

/** What each language calls itself, for the language switch. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = {
  en: 'English',
  de: 'Deutsch',
  es: 'Español',
  fr: 'Français',
  'pt-BR': 'Português (Brasil)',
  ja: '日本語',
  ko: '한국어',
  'zh-CN': '简体中文',
  ru: 'Русский',
  ar: 'العربية',
}

const MAX_HEADER = 1024
const MAX_RANGES = 32
const RANGE = /^(\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?$/i

/** The writing direction of a language: the value of `dir`. */
export function direction(language: Language): 'ltr' | 'rtl' {
  return language === 'ar' ? 'rtl' : 'ltr'
}

/** The language of that tag, or of its first subtag when only that one is written here; null when there is none. */
export function languageOf(tag: string): Language | null {
  const wanted = tag.toLowerCase()
  const exact = LANGUAGES.find((language) => language.toLowerCase() === wanted)
  if (exact !== undefined) return exact
  // WHY: a reader of traditional Chinese is not served by simplified characters; English is the honest answer.
  if (/^zh-(hant|tw|hk|mo)\b/.test(wanted)) return null
  const primary = wanted.split('-', 1)[0]
  return LANGUAGES.find((language) => language.toLowerCase().split('-', 1)[0] === primary) ?? null
}

/**
 * The language to answer in.
 *
 * @param acceptLanguage - raw `Accept-Language`; null when absent; only the first 1024 characters count
 * @param chosen - a tag the reader picked explicitly (query or cookie); wins when it is one of ours
 * @returns the best match by weight, then by order; English when nothing matches
 * @see RFC 9110 section 12.5.4, RFC 4647 section 3.4 (lookup)
 */
export function negotiateLanguage(acceptLanguage: string | null, chosen: string | null = null): Language {
  const explicit = chosen === null ? null : languageOf(chosen)
  if (explicit !== null) return explicit
  if (acceptLanguage === null) return 'en'
  let best: Language = 'en'
  let weight = 0
  for (const part of acceptLanguage.slice(0, MAX_HEADER).split(',', MAX_RANGES)) {
    const match = RANGE.exec(part.trim())
    const tag = match?.[1]
    if (tag === undefined) continue
    const quality = Number(match?.[2] ?? '1')
    const language = tag === '*' ? 'en' : languageOf(tag)
    if (language === null || quality <= weight) continue
    best = language
    weight = quality
  }
  return best
}
