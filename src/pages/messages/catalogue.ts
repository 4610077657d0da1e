import type { Language } from '../language.ts'
import { adminAr } from './admin/ar.ts'
import { adminDe } from './admin/de.ts'
import { adminEn } from './admin/en.ts'
import { adminEs } from './admin/es.ts'
import { adminFr } from './admin/fr.ts'
import { adminJa } from './admin/ja.ts'
import { adminKo } from './admin/ko.ts'
import { adminPtBr } from './admin/pt-br.ts'
import { adminRu } from './admin/ru.ts'
import { adminZhCn } from './admin/zh-cn.ts'
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
  en: { ...statesEn, ...formsEn, ...adminEn },
  de: { ...statesDe, ...formsDe, ...adminDe },
  es: { ...statesEs, ...formsEs, ...adminEs },
  fr: { ...statesFr, ...formsFr, ...adminFr },
  'pt-BR': { ...statesPtBr, ...formsPtBr, ...adminPtBr },
  ja: { ...statesJa, ...formsJa, ...adminJa },
  ko: { ...statesKo, ...formsKo, ...adminKo },
  'zh-CN': { ...statesZhCn, ...formsZhCn, ...adminZhCn },
  ru: { ...statesRu, ...formsRu, ...adminRu },
  ar: { ...statesAr, ...formsAr, ...adminAr },
}

/** The catalogue of a language. */
export function messagesFor(language: Language): Messages {
  return CATALOGUES[language]
}
