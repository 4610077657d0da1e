import type { adminEn } from './admin/en.ts'
import type { formsEn } from './forms/en.ts'
import type { statesEn } from './states/en.ts'

/** Keys of what the pages say when something happened. */
export type StateKey = keyof typeof statesEn
/** Keys of what the forms say. */
export type FormKey = keyof typeof formsEn
/** Keys of what the administration says. */
export type AdminKey = keyof typeof adminEn
/** Every message a page can say. */
export type MessageKey = StateKey | FormKey | AdminKey

/** Translation of the states; the compiler asks for every key. */
export type StateMessages = Readonly<Record<StateKey, string>>
/** Translation of the forms; the compiler asks for every key. */
export type FormMessages = Readonly<Record<FormKey, string>>
/** Translation of the administration; the compiler asks for every key. */
export type AdminMessages = Readonly<Record<AdminKey, string>>
/** A whole catalogue. */
export type Messages = StateMessages & FormMessages & AdminMessages
