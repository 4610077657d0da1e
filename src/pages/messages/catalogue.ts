import type { Language } from '../language.ts'
import { formsAr } from './forms/ar.ts'
import { formsDe } from './forms/de.ts'
import { formsEn } from './forms/en.ts'
import { formsEs } from './forms/es.ts'
import { formsFr } from './forms/fr.ts'
import { formsJa } from './forms/ja.ts'
import { formsKo } from './forms/ko.ts'
import { formsPtBr } from './forms/pt-br.ts'
import { formsRu } from './forms/ru.ts'
import { formsZhCn } from './forms/zh-cn.ts'
import type { Messages } from './keys.ts'
import { statesAr } from './states/ar.ts'
import { statesDe } from './states/de.ts'
import { statesEn } from './states/en.ts'
import { statesEs } from './states/es.ts'
import { statesFr } from './states/fr.ts'
import { statesJa } from './states/ja.ts'
import { statesKo } from './states/ko.ts'
import { statesPtBr } from './states/pt-br.ts'
import { statesRu } from './states/ru.ts'
import { statesZhCn } from './states/zh-cn.ts'

const CATALOGUES: Readonly<Record<Language, Messages>> = {
  en: { ...statesEn, ...formsEn },
  de: { ...statesDe, ...formsDe },
  es: { ...statesEs, ...formsEs },
  fr: { ...statesFr, ...formsFr },
  'pt-BR': { ...statesPtBr, ...formsPtBr },
  ja: { ...statesJa, ...formsJa },
  ko: { ...statesKo, ...formsKo },
  'zh-CN': { ...statesZhCn, ...formsZhCn },
  ru: { ...statesRu, ...formsRu },
  ar: { ...statesAr, ...formsAr },
}

/** The catalogue of a language. */
export function messagesFor(language: Language): Messages {
  return CATALOGUES[language]
}
